//! What is followed is what would be made anew, whatever happened.

use crdt_model::value::Value;
use node_readmodel::Opened;
use rusqlite::Connection;

use crate::harness::{
    Held, TOWNSHIP, VILLAGE, facet, grade, kinds_with, normal, reader, record, summary, text,
};

/// A life with everything in it: growing fields, conflicts, a regrade, several facets of one record.
fn lived() -> Held {
    let mut held = Held::new();
    held.catch_up();
    for number in 1..=6 {
        let row = facet(record(number), "case.summary");
        held.write(
            VILLAGE,
            row,
            &summary("例-1", "registered", i64::from(number)),
        );
        held.follow();
        let words = [("text", text("上游放水，下游水渠无水"))];
        held.write(VILLAGE, facet(record(number), "case.narrative"), &words);
        held.write(VILLAGE, row, &[("timeline/1", text("到场"))]);
        held.write(TOWNSHIP, row, &[("timeline/2", text("约谈双方"))]);
        held.follow();
    }
    let row = facet(record(1), "case.summary");
    let seen = held.history(&row);
    held.write_on(&seen, VILLAGE, row, None, &[("step", text("accepted"))]);
    held.write_on(&seen, TOWNSHIP, row, None, &[("step", text("level-4"))]);
    held.follow();
    let row = facet(record(2), "case.summary");
    let seen = held.history(&row);
    held.write_on(&seen, TOWNSHIP, row, Some(grade("normal", "township")), &[]);
    held.follow();
    held
}

#[test]
fn what_is_followed_equals_what_is_made_anew() {
    let mut held = lived();
    assert_eq!(held.dump(), held.dump_of_a_new_one());
    // A conflict that is settled, and one that is not.
    let row = facet(record(1), "case.summary");
    assert!(held.dump().iter().any(|line| line.starts_with("conflict:")));
    held.write(VILLAGE, row, &[("step", text("level-1"))]);
    held.follow();
    assert!(!held.dump().iter().any(|line| line.starts_with("conflict:")));
    assert_eq!(held.dump(), held.dump_of_a_new_one());
}

#[test]
fn a_conflict_shows_the_latest_and_lists_all() {
    let held = lived();
    let connection = reader(&held.file());
    let row = "SELECT step, conflicts FROM case_summary WHERE record = ?1";
    let (step, conflicts): (String, i64) = connection
        .query_row(row, [record(1).to_string()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .expect("a row");
    let mut all = connection
        .prepare("SELECT value, shown FROM conflict ORDER BY value")
        .expect("a table");
    let all: Vec<(String, bool)> = all
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("rows")
        .collect::<Result<_, _>>()
        .expect("rows");
    assert_eq!(conflicts, 1);
    assert_eq!(all.len(), 2);
    assert_eq!(all.iter().filter(|(_, shown)| *shown).count(), 1);
    assert!(all.contains(&(step, true)));
}

#[test]
fn a_row_says_since_when_and_which_times_are_in_force() {
    let mut held = Held::new();
    let row = facet(record(1), "case.summary");
    held.write(VILLAGE, row, &summary("例-1", "registered", 7));
    held.write(VILLAGE, row, &[("step", text("accepted"))]);
    held.write(VILLAGE, row, &[("repeated", Value::Boolean(true))]);
    held.follow();
    let times = "SELECT begun_ms, step_since_ms, changed_ms, repeated, level FROM case_summary";
    let (begun, since, changed, repeated, level): (i64, i64, i64, i64, String) =
        reader(&held.file())
            .query_row(times, [], |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                ))
            })
            .expect("a row");
    assert_eq!((since - begun, changed - since), (1_000, 1_000));
    assert_eq!((repeated, level.as_str()), (1, "village"));
}

#[test]
fn what_was_missed_is_caught_up_with_after_a_start() {
    let mut held = lived();
    held.close();
    let row = facet(record(3), "case.summary");
    held.write(VILLAGE, row, &[("step", text("accepted"))]);
    held.write(
        VILLAGE,
        facet(record(9), "case.summary"),
        &summary("例-9", "registered", 9),
    );
    held.drop_facet(&facet(record(4), "case.narrative"));
    assert_eq!(held.open(), Opened::Kept);
    assert!(held.model().progress(20).is_some());
    held.catch_up();
    assert_eq!(held.dump(), held.dump_of_a_new_one());
}

#[test]
fn only_what_differs_is_written_again() {
    let mut held = lived();
    // A program that writes while the node runs is not noticed, which shows that nothing is written.
    let connection = Connection::open(held.file()).expect("the file");
    connection
        .execute("UPDATE case_summary SET code = 'altered'", [])
        .expect("altered");
    drop(connection);
    let model = held.model.as_mut().expect("an open read model");
    model.begin_catching_up();
    held.catch_up();
    let altered = held
        .dump()
        .iter()
        .filter(|line| line.contains("altered"))
        .count();
    assert_eq!(altered, 6);
    let model = held.model.take().expect("a read model");
    held.model = Some(
        model
            .start_over(&held.kinds, Held::owner())
            .expect("made anew"),
    );
    held.catch_up();
    assert_eq!(held.dump(), held.dump_of_a_new_one());
}

#[test]
fn a_charter_with_other_fields_makes_it_anew_and_one_with_other_words_does_not() {
    let mut held = lived();
    held.kinds = kinds_with(|text| text.replace("当前环节\"", "所处环节\""));
    let model = held.model.take().expect("a read model");
    let (model, anew) = model
        .change_kinds(&held.kinds, Held::owner())
        .expect("changed");
    assert!(!anew);
    held.model = Some(model);
    assert!(held.dump().iter().any(|line| line.contains("所处环节")));
    assert_eq!(held.dump(), held.dump_of_a_new_one());

    held.kinds = kinds_with(|text| text.replace("name = \"lead\"", "name = \"lead-office\""));
    let model = held.model.take().expect("a read model");
    let (model, anew) = model
        .change_kinds(&held.kinds, Held::owner())
        .expect("changed");
    assert!(anew);
    held.model = Some(model);
    held.catch_up();
    assert!(held.dump().iter().any(|line| line.contains("lead_office")));
    assert_eq!(held.dump(), held.dump_of_a_new_one());
}

#[test]
fn a_facet_that_no_kind_declares_any_more_is_held_without_a_table() {
    let mut held = lived();
    held.kinds = kinds_with(|text| text.replace("\"case.narrative\"", "\"case.story\""));
    held.open();
    held.catch_up();
    assert!(
        !held
            .dump()
            .iter()
            .any(|line| line.contains("水渠") && line.contains("case.narrative"))
    );
    assert_eq!(held.dump(), held.dump_of_a_new_one());
    held.open();
    held.catch_up();
    assert_eq!(held.dump(), held.dump_of_a_new_one());
}

#[test]
fn a_file_that_is_damaged_or_none_of_ours_is_made_anew() {
    let mut held = lived();
    let expected = held.dump();
    type Damage = fn(&std::path::Path);
    let damages: [Damage; 4] = [
        |file| {
            std::fs::write(
                file,
                "not a database at all, and longer than a header of one is",
            )
            .expect("written")
        },
        |file| {
            let mut bytes = std::fs::read(file).expect("read");
            bytes[..4096].fill(0xa5);
            std::fs::write(file, bytes).expect("written");
        },
        |file| {
            Connection::open(file)
                .and_then(|it| it.execute_batch("DROP TABLE about; DROP TABLE facet"))
                .expect("altered");
        },
        |file| {
            std::fs::remove_file(file).expect("removed");
            std::fs::create_dir(file).expect("made");
        },
    ];
    for (number, damage) in damages.iter().enumerate() {
        held.close();
        damage(&held.file());
        let opened = held.open();
        assert!(
            matches!(opened, Opened::MadeAnew(_)),
            "{number}: {opened:?}"
        );
        held.catch_up();
        assert_eq!(held.dump(), expected, "{number}");
    }
    held.close();
    std::fs::remove_dir_all(held.path()).expect("removed");
    assert_eq!(held.open(), Opened::Made);
    held.catch_up();
    assert_eq!(held.dump(), expected);
}

#[test]
fn other_programs_find_out_what_stands_where() {
    let held = lived();
    let connection = reader(&held.file());
    let found: (String, String, String) = connection
        .query_row(
            "SELECT table_name, column_name, type FROM facet_column \
             WHERE facet = 'case.summary' AND zh = '登记时间'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .expect("a row");
    let expected = ["case_summary", "registered_time", "time"].map(ToOwned::to_owned);
    assert_eq!(<[String; 3]>::from(found), expected);
    let step: String = connection
        .query_row(
            "SELECT word.zh FROM case_summary \
             JOIN word ON word.facet = 'case.summary' AND word.field = 'step' AND word.word = step \
             WHERE record = ?1",
            [record(3).to_string()],
            |row| row.get(0),
        )
        .expect("a word");
    assert_eq!(step, "已登记");
    assert!(normal() == grade("normal", "village"));
}
