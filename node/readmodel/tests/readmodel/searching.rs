//! Search: words of any length are found where they may be read, and nowhere else.

use crdt_model::label::Label;
use node_readmodel::search::{Hits, Search};

use crate::harness::{Held, TOWNSHIP, VILLAGE, facet, grade, record, text};

fn held() -> Held {
    let mut held = Held::new();
    let stories = [
        "3号水渠被堵，村民张家门前积水。",
        "水位上涨，渠口未见异常",
        "依據協議，雙方同意「共用水渠」、輪流灌溉",
        "LZ-2026-0017 号事项：泵房 Pump-7 停机，电压３８０伏",
        "𠮷家与\u{e5e5}家相邻，㐂事从简",
    ];
    for (number, story) in stories.iter().enumerate() {
        let number = u8::try_from(number).expect("few") + 1;
        let story = [("text", text(story)), ("demand", text("修复渠道"))];
        held.write(VILLAGE, facet(record(number), "case.narrative"), &story);
    }
    let note = [("note/1", text("现场查看：闸门完好"))];
    held.write(VILLAGE, facet(record(2), "case.narrative"), &note);
    held.write(
        VILLAGE,
        facet(record(1), "case.parties"),
        &[("party/1", text("水渠承包户甲"))],
    );
    held.follow();
    held
}

fn search(held: &Held, wanted: &str, may_read: &dyn Fn(&Label) -> bool) -> Option<Hits> {
    let search = Search {
        text: wanted,
        facets: &[],
        offset: 0,
        limit: 10,
    };
    held.model().search(&search, may_read).expect("a search")
}

fn narratives(held: &Held, wanted: &str) -> Vec<u8> {
    let only = |label: &Label| label.facet.as_str() == "case.narrative";
    let hits = search(held, wanted, &only).unwrap_or_default();
    assert_eq!(hits.total, hits.hits.len() as u64);
    let mut records: Vec<u8> = hits.hits.iter().map(|hit| hit.facet.record.0[0]).collect();
    records.sort_unstable();
    records
}

#[test]
fn words_of_any_length_are_found_as_they_stand() {
    let held = held();
    for (wanted, expected) in [
        ("水渠", &[1, 3][..]),
        ("渠", &[1, 2, 3, 4, 5]),
        ("水", &[1, 2, 3]),
        ("门前积水", &[1]),
        ("渠水", &[]),
        ("3号", &[1]),
        ("３号水渠", &[1]),
        ("「共用水渠」、輪流", &[3]),
        ("共用水渠輪流", &[3]),
        ("依據", &[3]),
        ("依据", &[]),
        ("2026", &[4]),
        ("20", &[4]),
        ("026", &[]),
        ("lz-2026-00", &[4]),
        ("pump", &[4]),
        ("Pump-7", &[4]),
        ("电压380", &[4]),
        ("380伏", &[4]),
        ("水渠 张家", &[1]),
        ("张家 水渠", &[1]),
        ("水渠 渠口", &[]),
        ("𠮷", &[5]),
        ("𠮷家", &[5]),
        ("\u{e5e5}家", &[5]),
        ("㐂事", &[5]),
        ("闸门", &[2]),
    ] {
        assert_eq!(narratives(&held, wanted), expected, "{wanted}");
    }
}

#[test]
fn no_word_goes_from_one_field_into_the_next() {
    let held = held();
    assert!(narratives(&held, "积水修复").is_empty());
    assert_eq!(narratives(&held, "积水 修复"), [1]);
}

#[test]
fn nothing_that_somebody_writes_is_more_than_words() {
    let held = held();
    for wanted in [
        "水渠\" OR \"水位",
        "水渠 OR 水位",
        "水渠 NOT 张家",
        "text : 水渠",
        "fields : text",
        "水渠*",
        "NEAR(水渠 张家)",
        "'; DROP TABLE facet; --",
        "\u{1f}水\u{1f}位",
        "^水",
        "{水渠}",
    ] {
        let hits = search(&held, wanted, &|_| true);
        assert!(hits.is_none_or(|hits| hits.total <= 4), "{wanted}");
    }
    assert!(narratives(&held, "水渠\" OR \"水位").is_empty());
    assert_eq!(narratives(&held, "水渠*"), [1, 3]);
    for nothing in ["", " ", "、。", "\"", "*"] {
        assert_eq!(search(&held, nothing, &|_| true), None, "{nothing}");
    }
}

#[test]
fn a_role_finds_and_counts_only_what_it_may_read() {
    let held = held();
    let all = search(&held, "水渠", &|_| true).expect("words");
    assert_eq!(all.total, 3);
    let without = |label: &Label| label.facet.as_str() != "case.parties";
    let some = search(&held, "水渠", &without).expect("words");
    assert_eq!(some.total, 2);
    let of = some.hits.iter().map(|hit| hit.facet.facet.to_string());
    assert!(of.eq(["case.narrative", "case.narrative"].map(str::to_owned)));
    let none = search(&held, "水渠", &|_| false).expect("words");
    assert_eq!((none.total, none.hits.len()), (0, 0));
}

#[test]
fn a_facet_that_was_regraded_is_found_by_its_new_label_alone() {
    let mut held = held();
    let story = facet(record(1), "case.narrative");
    let seen = held.history(&story);
    held.write_on(
        &seen,
        TOWNSHIP,
        story,
        Some(grade("about-township", "county")),
        &[],
    );
    held.follow();
    let level = |level: &'static str| move |label: &Label| label.grade.level.as_str() == level;
    let village = search(&held, "门前积水", &level("village")).expect("words");
    assert_eq!(village.total, 0);
    let county = search(&held, "门前积水", &level("county")).expect("words");
    assert_eq!(county.total, 1);
}

#[test]
fn a_hit_shows_where_it_stands() {
    let held = held();
    let hits = search(&held, "闸门", &|_| true).expect("words");
    let hit = &hits.hits[0];
    assert_eq!(hit.key, "note/1");
    let around = [&hit.before, &hit.found, &hit.after].map(String::as_str);
    assert_eq!(around, ["现场查看：", "闸门", "完好"]);
}

#[test]
fn what_was_overwritten_is_not_found_and_pages_do_not_overlap() {
    let mut held = held();
    let story = facet(record(2), "case.narrative");
    held.write(VILLAGE, story, &[("text", text("改为：渠道畅通"))]);
    held.follow();
    assert!(narratives(&held, "水位").is_empty());
    let page = |offset| {
        let search = Search {
            text: "渠",
            facets: &[],
            offset,
            limit: 2,
        };
        let hits = held.model().search(&search, &|_| true).expect("a search");
        hits.expect("words")
    };
    let mut seen = Vec::new();
    for offset in [0, 2, 4, 6] {
        let hits = page(offset);
        assert_eq!(hits.total, 6);
        seen.extend(hits.hits.iter().map(|hit| hit.facet));
    }
    assert_eq!(seen[0], story, "the latest comes first");
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 6);
}
