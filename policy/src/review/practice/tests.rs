//! What a reviewer is told of two charters that differ in what no rule says.

use crate::CedarCharter;
use crate::making::template;

use super::{changes, practice};

fn charter(edits: &[(&str, &str, &str)]) -> CedarCharter {
    let mut files = template::linze();
    for (file, from, to) in edits {
        let content = files.files.get_mut(*file).expect("the file is there");
        let text = String::from_utf8(content.clone()).expect("it is text");
        assert!(text.contains(from), "{from}");
        *content = text.replacen(from, to, 1).into_bytes();
    }
    CedarCharter::open(&files).expect("it opens")
}

/// Each change as one line.
fn told(edits: &[(&str, &str, &str)]) -> Vec<String> {
    let changed = changes(&charter(&[]), &charter(edits)).into_iter();
    let said = |title: Option<crdt_model::kind::Title>| title.map_or("-".to_owned(), |one| one.en);
    changed
        .map(|one| {
            let (before, after) = (said(one.before), said(one.after));
            format!("{}, {}: {before} > {after}", one.of, one.side.en)
        })
        .collect()
}

#[test]
fn the_same_charter_says_the_same_and_everything_is_said_in_both_languages() {
    assert_eq!(told(&[]), [""; 0]);
    for one in practice(&charter(&[])) {
        for title in [&one.side, &one.says] {
            assert!(!title.zh.is_empty() && !title.en.is_empty(), "{one:?}");
        }
    }
}

#[test]
fn a_time_limit_that_is_longer_and_what_follows_on_it_are_told() {
    let case = "kinds/case.toml";
    let found = told(&[
        (case, "days = 7\n", "days = 9\n"),
        (
            case,
            "sends = { from = \"county\", to = \"township\" }\n",
            "",
        ),
        (case, "raises = \"township\"", "raises = \"county\""),
    ]);
    assert_eq!(
        found,
        [
            "case.summary/level-4, letter: `letter 1`, sent by itself from county to township > \
             `letter 1`, only proposed",
            "case.summary/seven-days, days: 7 working days > 9 working days",
            "case.summary/accepted+level-1+level-2>escalated, raises: `raised` \
             takes the whole matter to `township` > `raised` takes the whole matter to `county`",
        ]
    );
}

#[test]
fn items_that_are_allowed_again_days_and_figures_that_count_otherwise_are_told() {
    let grid = "kinds/grid.toml";
    let found = told(&[
        (
            grid,
            ", forbidden = { zh = \"不得借网格推销商品和服务\", en = \"the grid sells nothing\" }",
            "",
        ),
        ("measures.toml", "AND state <> 'merged'\n", "\n"),
        ("measures.toml", "small = 3\n", ""),
    ]);
    let reports = found
        .iter()
        .find(|line| line.starts_with("reports, definition"));
    assert!(reports.is_some(), "{found:?}");
    for line in [
        "grid/category/promotion, commercial promotion: the grid sells nothing > -",
        "disputes, small: hides numbers below 3 > -",
    ] {
        assert!(found.iter().any(|one| one == line), "{found:?}");
    }
    // What is hidden is part of what a figure is.
    assert_eq!(found.len(), 4, "{found:?}");
}

#[test]
fn a_calendar_that_knows_another_year_is_told_day_by_day() {
    let found = told(&[(
        "calendar.toml",
        "known_until = \"2026-12-31\"",
        "known_until = \"2026-12-30\"",
    )]);
    assert_eq!(
        found,
        ["known_until, holidays are known until: 2026-12-31 > 2026-12-30"]
    );
}
