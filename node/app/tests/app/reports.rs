//! Reports: every number is one of what the role may read, and page and workbook say the same.

use std::collections::BTreeSet;
use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use crdt_model::ids::NodeId;
use crdt_model::label::{FacetId, Label};
use crdt_model::text::{Language, Text};
use crdt_model::value::Value;
use node_app::report::{Cell, Report, Section, Table, html, xlsx};
use policy::reading::measures::Measure;

use crate::drawing::{COUNTY, OTHER_VILLAGE, drawn_up, drawn_up_with, november, on};
use crate::harness::{
    Held, TOWNSHIP, VILLAGE, facet, kinds_with, name, node, record, summary, text,
};

fn of_village(number: u8, village: &str, of: &str) -> FacetId {
    let home = node(village);
    FacetId {
        home,
        addressee: home,
        ..facet(record(number), of)
    }
}

fn held() -> Held {
    let mut held = Held::new();
    let grid = |category: &str, day: i64| {
        vec![
            ("category", text(category)),
            ("grid", text("620723101201001")),
            ("state", text("reported")),
            ("sent-time", Value::Integer(on(day))),
        ]
    };
    for (number, village, category, day) in [
        (1, VILLAGE, "safety", 0),
        (2, VILLAGE, "safety", 0),
        (3, OTHER_VILLAGE, "order", 29),
        // The month before, and the month after by the clock of Beijing.
        (4, VILLAGE, "safety", -1),
        (5, VILLAGE, "order", 30),
    ] {
        let report = of_village(number, village, "grid.summary");
        held.write(village, report, &grid(category, day));
    }
    let dispute = of_village(10, VILLAGE, "case.summary");
    held.write(VILLAGE, dispute, &summary("=1+1", "level-1", on(3)));
    let mut settled = summary("例", "closed", on(-9));
    settled.extend([
        ("closed-time", Value::Integer(on(5))),
        ("method", text("talk")),
        ("outcome", text("agreed-oral")),
    ]);
    held.write(
        OTHER_VILLAGE,
        of_village(11, OTHER_VILLAGE, "case.summary"),
        &settled,
    );
    put_others(&mut held);
    held.follow();
    held
}

/// A camera, a letter, hand-offs and a fence.
fn put_others(held: &mut Held) {
    let camera = [
        ("device-id", text("62072310100000000001")),
        ("name", text("<b>camera</b>")),
        ("kind", text("camera")),
        ("status", text("on")),
        ("filing", text("not-filed")),
        ("install-time", Value::Integer(on(-40))),
    ];
    held.write(VILLAGE, of_village(20, VILLAGE, "device.public"), &camera);
    let letter = [
        ("kind", text("letter")),
        ("letter", text("letter-1")),
        ("title", text("t")),
        ("text", text("<script>alert(1)</script>")),
        ("step", text("issued")),
        ("issue-time", Value::Integer(on(2))),
    ];
    held.write(
        TOWNSHIP,
        of_village(30, TOWNSHIP, "notice.content"),
        &letter,
    );
    let handoff = |number: u8, step: &str, accepted: i64| {
        let fields = vec![
            ("channel", text("court")),
            ("reference", text("=cmd")),
            ("step", text(step)),
            ("offered-time", Value::Integer(on(accepted - 1))),
            ("accepted-time", Value::Integer(on(accepted))),
            ("mediated-time", Value::Integer(on(accepted + 1))),
        ];
        (of_village(number, TOWNSHIP, "handoff.summary"), fields)
    };
    // Offered before the period began and accepted within it; failed ones go back.
    for (facet, fields) in [
        handoff(40, "succeeded", 0),
        handoff(41, "returned", 7),
        handoff(42, "succeeded", -3),
    ] {
        held.write(TOWNSHIP, facet, &fields);
    }
    let fence = [("kind", text("fence")), ("due-time", Value::Integer(on(6)))];
    held.write(
        VILLAGE,
        of_village(50, VILLAGE, "inspection.summary"),
        &fence,
    );
}

fn report(held: &Held, at: &str, may_read: &dyn Fn(&Label) -> bool) -> Report {
    drawn_up(held.model(), &held.kinds, at, may_read, november())
}

fn section<'a>(report: &'a Report, id: &str) -> &'a Section {
    let found = report.sections.iter().find(|section| section.id == id);
    found.unwrap_or_else(|| panic!("{id} in {:?}", ids(report)))
}

fn ids(report: &Report) -> Vec<&str> {
    report
        .sections
        .iter()
        .map(|section| section.id.as_str())
        .collect()
}

fn table<'a>(report: &'a Report, id: &str, title: &str) -> &'a Table {
    let mut tables = section(report, id).tables.iter();
    tables
        .find(|table| table.title.en == title)
        .unwrap_or_else(|| {
            let titles = section(report, id)
                .tables
                .iter()
                .map(|table| &table.title.en);
            panic!("{title} in {:?}", titles.collect::<Vec<_>>())
        })
}

/// The rows as people read them in English, without a table's first columns being told apart.
fn rows(table: &Table) -> Vec<String> {
    let cell = |cell: &Cell| match cell {
        Cell::None => String::new(),
        Cell::Hidden => "hidden".to_owned(),
        Cell::Words(text) => text.en.clone(),
        Cell::Code(code) => code.clone(),
        Cell::Number(number) => number.to_string(),
        Cell::Time(_) | Cell::Length(_) => "…".to_owned(),
    };
    let rows = table.rows.iter();
    rows.map(|row| row.iter().map(cell).collect::<Vec<_>>().join(" "))
        .collect()
}

fn everything(_: &Label) -> bool {
    true
}

#[test]
fn what_came_in_is_counted_by_the_days_of_beijing_and_beside_the_period_before() {
    let report = report(&held(), TOWNSHIP, &everything);
    let by_category = table(&report, "came-in", "Grid report, by category");
    assert_eq!(
        rows(by_category),
        ["safety hazard 2 1", "public order 1 0", "all 3 1"]
    );
    let by_place = table(&report, "came-in", "Grid report, by place");
    assert_eq!(
        rows(by_place),
        [
            "620723101201 甲村 <i> 2 1",
            "620723101202 乙村 1 0",
            "all  3 1"
        ]
    );
    let bars = &section(&report, "came-in").charts[0].bars;
    assert_eq!((bars.len(), bars[0].1, bars[29].1), (30, 2, 1));
    assert_eq!(bars.iter().map(|(_, count)| count).sum::<u64>(), 3);
}

#[test]
fn every_section_says_where_its_matters_stand() {
    let report = report(&held(), TOWNSHIP, &everything);
    assert_eq!(
        ids(&report),
        [
            "came-in",
            "disputes",
            "limits",
            "notices",
            "devices",
            "cooperation"
        ]
    );
    let stand = table(&report, "disputes", "Where they stand now");
    assert_eq!(
        rows(stand),
        [
            "mediation by the grid worker 1 1 1",
            "closed 1 0 0",
            "all 2 1 1"
        ]
    );
    let settled = table(&report, "disputes", "Closed in the period, by method");
    assert_eq!(rows(settled), ["village talk 1 0", "all 1 0"]);
    let overdue = table(&report, "limits", "Overdue longest");
    assert!(rows(overdue)[0].starts_with("101201-0A0A-0A0A-0 "));
    let letters = table(&report, "notices", "By letter, and tasks");
    assert_eq!(rows(letters), ["letter 1 1 0 1 0 1 0"]);
    let filing = table(&report, "devices", "Filing with the police");
    assert_eq!(rows(filing), ["camera 1 0 1 1 0 0 0", "all 1 0 1 1 0 0 0"]);
    let inspections = table(&report, "cooperation", "Inspection");
    assert_eq!(
        rows(inspections),
        ["wall or fence 1 0 1 0 0", "all 1 0 1 0 0"]
    );
    assert!(!report.withheld && report.over);
}

/// Four more disputes that were closed in another way than the one of [`held`], and a charter whose
/// measure tells no numbers below three of ways.
#[test]
fn a_number_that_a_measure_does_not_tell_is_told_by_no_table() {
    let mut held = held();
    for number in 60..64 {
        let mut settled = summary("例", "closed", on(3));
        settled.extend([
            ("closed-time", Value::Integer(on(5))),
            ("method", text("law")),
        ]);
        let case = of_village(number, VILLAGE, "case.summary");
        held.write(VILLAGE, case, &settled);
    }
    held.follow();
    let mut measure: Measure = toml::from_str(
        "id = 'methods'\ntitle = { zh = '例', en = 't' }\nnumerator = { zh = '例', en = 't' }\n\
         small = 3\nsql = \"\"\"\nSELECT coalesce(method, '-') AS cell, count(*) AS numerator, \
         NULL AS denominator\nFROM case_summary WHERE closed_time >= :from AND closed_time < :until \
         GROUP BY method\n\"\"\"",
    )
    .expect("a measure");
    measure.reads.insert(name("case.summary"));
    let measures = [measure];
    let (model, kinds) = (held.model(), &held.kinds);
    let report = drawn_up_with(&measures, model, kinds, TOWNSHIP, &everything, november());
    let settled = table(&report, "disputes", "Closed in the period, by method");
    // The one is too small, and would follow from the sum and the four.
    assert_eq!(
        rows(settled),
        ["village talk hidden 0", "legal advice hidden 0", "all 5 0"]
    );
    let measured = table(&report, "measures", "Measures over the period");
    assert_eq!(
        rows(measured),
        ["t legal advice hidden  ", "t village talk hidden  "]
    );
    for id in ["disputes", "measures"] {
        let notes = section(&report, id).notes.iter();
        let said = notes.filter(|note| note.en.contains("a person might be recognised"));
        assert_eq!(said.count(), 1, "{id}");
    }
    // What the measure does not count by is told.
    let stand = table(&report, "disputes", "Where they stand now");
    assert_eq!(rows(stand).last().map(String::as_str), Some("all 6 1 5"));
}

#[test]
fn a_rate_of_hand_offs_is_two_numbers_of_one_channel() {
    let report = report(&held(), TOWNSHIP, &everything);
    let handoffs = table(&report, "cooperation", "Referral to mediation");
    let heads: Vec<&str> = handoffs
        .columns
        .iter()
        .map(|head| head.en.as_str())
        .collect();
    assert_eq!(
        heads[3..5],
        [
            "accepted in the period (denominator)",
            "of these with success (numerator)"
        ]
    );
    assert_eq!(rows(handoffs), ["from the court 1 0 2 1 1 0"]);
    let figures = serde_json::to_string(&report).expect("JSON");
    assert!(!figures.contains('%'), "no rate stands without its numbers");
}

#[test]
fn a_county_counts_by_township_and_a_village_by_no_place() {
    let held = held();
    let county = report(&held, COUNTY, &everything);
    let by_place = table(&county, "came-in", "Grid report, by place");
    assert_eq!(rows(by_place), ["620723101000 示例镇 3 1", "all  3 1"]);
    let village = report(&held, VILLAGE, &everything);
    let titles = section(&village, "came-in")
        .tables
        .iter()
        .map(|table| &table.title.en);
    assert!(titles.into_iter().all(|title| !title.ends_with("by place")));
}

#[test]
fn what_a_role_may_not_read_is_in_no_number_and_its_section_is_not_there() {
    let held = held();
    let all = report(&held, TOWNSHIP, &everything);
    let own = report(&held, TOWNSHIP, &|label: &Label| {
        label.home == node(VILLAGE)
    });
    let by_category = table(&own, "came-in", "Grid report, by category");
    assert_eq!(rows(by_category), ["safety hazard 2 1", "all 2 1"]);
    assert!(own.withheld && section(&own, "came-in").withheld);
    assert!(!ids(&own).contains(&"notices"));
    assert!(
        !section(&own, "devices").withheld,
        "all devices are of that village"
    );
    let none = report(&held, TOWNSHIP, &|label: &Label| {
        label.facet == name("device.public")
    });
    assert_eq!(
        ids(&none),
        ["limits", "devices"],
        "limits are given as they may be read"
    );
    let page = html::page(&own, Language::Zh).expect("a page");
    assert!(page.contains("部分记录本岗位无权查看"));
    let page = html::page(&all, Language::Zh).expect("a page");
    assert!(!page.contains("部分记录本岗位无权查看"));
}

#[test]
fn a_page_obeys_nothing_that_people_wrote_and_fetches_nothing() {
    let mut held = held();
    held.kinds = kinds_with(|kind| kind.replace("安全隐患", "<script>x</script>"));
    let report = report(&held, TOWNSHIP, &everything);
    for language in [Language::Zh, Language::En] {
        let page = html::page(&report, language).expect("a page");
        for part in [
            "<script", "<i>", "<b>", "alert(1)", "http://", "https://", "url(",
        ] {
            assert!(!page.contains(part), "{part} in {page}");
        }
        assert!(page.contains("甲村 &#60;i&#62;"), "{page}");
        assert!(page.contains("<svg") && page.contains("size: A4"));
    }
    let page = html::page(&report, Language::Zh).expect("a page");
    assert!(page.contains("2026年11月") && page.contains("&#60;script&#62;x"));
    let page = html::page(&report, Language::En).expect("a page");
    assert!(page.contains("What came in") && !page.contains("新增情况"));
}

type Book = Xlsx<Cursor<Vec<u8>>>;

fn read(report: &Report, language: Language) -> Book {
    let bytes = xlsx::workbook(report, language).expect("a workbook");
    Xlsx::new(Cursor::new(bytes)).expect("it can be read")
}

fn cells(book: &mut Book) -> Vec<Data> {
    let mut cells = Vec::new();
    for sheet in book.sheet_names() {
        let range = book.worksheet_range(&sheet).expect("a sheet");
        cells.extend(range.cells().map(|(_, _, cell)| cell.clone()));
    }
    cells
}

#[test]
fn a_workbook_has_the_same_tables_with_codes_as_texts_and_no_formula() {
    let held = held();
    let mut report = report(&held, TOWNSHIP, &everything);
    let odd = ["=1+1", "+86", "-1", "@x", "62072310100000000001"];
    let rows = odd.map(|odd| vec![Cell::Code(odd.to_owned()), Cell::Number(7)]);
    report.sections[0].tables.push(Table {
        title: Text::default(),
        columns: vec![Text::default(), Text::default()],
        rows: rows.into(),
        total: false,
    });
    for (language, word) in [(Language::Zh, "安全隐患"), (Language::En, "safety hazard")] {
        let mut book = read(&report, language);
        assert_eq!(book.sheet_names().len(), report.sections.len() + 1);
        let cells = cells(&mut book);
        let has = |text: &str| cells.contains(&Data::String(text.to_owned()));
        for text in [
            word,
            VILLAGE,
            "62072310100000000001",
            "'=1+1",
            "'+86",
            "'-1",
            "'@x",
        ] {
            assert!(has(text), "{text} in {cells:?}");
        }
        assert!(cells.contains(&Data::Float(7.0)) || cells.contains(&Data::Int(7)));
        for sheet in book.sheet_names() {
            let formulas = book.worksheet_formula(&sheet).expect("a sheet");
            assert_eq!(formulas.used_cells().count(), 0, "{sheet}");
        }
    }
}

#[test]
fn both_languages_have_a_word_for_everything() {
    let report = report(&held(), TOWNSHIP, &everything);
    let mut texts: Vec<&Text> = Vec::new();
    for section in &report.sections {
        texts.push(&section.title);
        texts.extend(&section.notes);
        for table in &section.tables {
            texts.push(&table.title);
            texts.extend(&table.columns);
            let widths: BTreeSet<usize> = table.rows.iter().map(Vec::len).collect();
            assert!(
                widths.iter().all(|width| *width == table.columns.len()),
                "{table:?}"
            );
        }
    }
    let wordless = |text: &&&Text| text.zh.is_empty() || text.en.is_empty();
    assert_eq!(
        texts.iter().filter(wordless).collect::<Vec<_>>(),
        Vec::<&&Text>::new()
    );
}

#[test]
fn a_report_survives_the_control_socket() {
    let report = report(&held(), TOWNSHIP, &everything);
    let json = serde_json::to_string(&report).expect("JSON");
    assert_eq!(
        serde_json::from_str::<Report>(&json).expect("a report"),
        report
    );
    let _: NodeId = report.node;
}
