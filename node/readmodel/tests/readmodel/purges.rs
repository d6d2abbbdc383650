//! What the replica dropped is nowhere in the files.

use std::path::Path;

use crate::harness::{Held, VILLAGE, facet, reader, record, text};

/// Whether any file in a folder holds these bytes.
fn files_have(folder: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(folder).expect("a folder").any(|entry| {
        let content = std::fs::read(entry.expect("an entry").path()).expect("a file");
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}

const SECRET: &str = "CANARYQXZ水闸被人锁上";
/// Parts of it as the tables and the index have them.
const NEEDLES: [&str; 4] = ["CANARYQXZ", "canaryqxz", "水闸被人", "\u{1f}闸\u{1f}"];

fn held_with_a_secret(records: u8) -> Held {
    let mut held = Held::new();
    for number in 1..=records {
        let words = [("text", text(&format!("寻常事项第{number}号，已处理完毕")))];
        held.write(VILLAGE, facet(record(number), "case.narrative"), &words);
    }
    let secret = facet(record(200), "case.narrative");
    held.write(VILLAGE, secret, &[("text", text(SECRET))]);
    let noted = ("note/1", text(&format!("再记：{SECRET}")));
    held.write(VILLAGE, secret, &[noted]);
    held.follow();
    held
}

fn assert_gone(held: &Held, when: &str) {
    for needle in NEEDLES {
        assert!(
            !files_have(&held.path(), needle.as_bytes()),
            "{needle} {when}"
        );
    }
}

#[test]
fn no_byte_of_a_dropped_facet_is_left_in_the_files() {
    for records in [0, 1, 100] {
        let mut held = held_with_a_secret(records);
        for needle in NEEDLES {
            let there = files_have(&held.path(), needle.as_bytes());
            assert!(there, "the test would show nothing: {needle}");
        }
        held.drop_facet(&facet(record(200), "case.narrative"));
        held.purge();
        assert_gone(&held, "after a purge");
        held.close();
        assert_gone(&held, "after closing");
        held.open();
        held.catch_up();
        assert_eq!(held.dump(), held.dump_of_a_new_one());
    }
}

#[test]
fn what_was_dropped_while_it_was_closed_goes_when_it_has_caught_up() {
    let mut held = held_with_a_secret(20);
    held.close();
    held.drop_facet(&facet(record(200), "case.narrative"));
    held.open();
    held.catch_up();
    assert_gone(&held, "after catching up");
    let labels = "SELECT count(*) FROM label";
    let labels: i64 = reader(&held.file())
        .query_row(labels, [], |row| row.get(0))
        .expect("a count");
    assert_eq!(labels, 1);
}

#[test]
fn a_program_that_reads_delays_a_purge_and_does_not_prevent_it() {
    let mut held = held_with_a_secret(20);
    let other = reader(&held.file());
    other.execute_batch("BEGIN").expect("a transaction");
    let rows: i64 = other
        .query_row("SELECT count(*) FROM case_narrative", [], |row| row.get(0))
        .expect("a count");
    assert_eq!(rows, 21);
    held.drop_facet(&facet(record(200), "case.narrative"));
    held.purge();
    assert!(held.model().is_hindered());
    other.execute_batch("COMMIT").expect("an end");
    held.catch_up();
    assert!(!held.model().is_hindered());
    assert_gone(&held, "after the other program has read");
}

#[test]
fn a_label_that_nothing_has_any_more_is_forgotten() {
    let mut held = held_with_a_secret(0);
    held.drop_facet(&facet(record(200), "case.narrative"));
    held.purge();
    assert!(!held.dump().iter().any(|line| line.starts_with("label:")));
}
