//! A wrong bit anywhere is noticed: it never becomes a wrong answer.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crdt_model::value::Value;
use node_readmodel::find::{Comparison, Condition, Find, Key};
use node_readmodel::search::Search;
use node_readmodel::{Opened, ReadModel};

use crate::harness::{Held, VILLAGE, facet, name, record, summary, text};

const RECORDS: u8 = 60;
/// Places that are tried in each file; more by hand, with `READMODEL_PLACES` in the environment.
const PLACES: u64 = 50;

fn places() -> u64 {
    let given = std::env::var("READMODEL_PLACES").ok();
    given.map_or(PLACES, |given| given.parse().expect("a number"))
}

fn held() -> Held {
    let mut held = Held::new();
    held.catch_up();
    for number in 1..=RECORDS {
        let step = ["registered", "accepted", "level-1"][usize::from(number % 3)];
        let mut fields = summary(&format!("例-{number}"), step, i64::from(number) * 1_000);
        fields.push(("people-number", Value::Integer(i64::from(number))));
        fields.push(("timeline/1", text("到场")));
        held.write(VILLAGE, facet(record(number), "case.summary"), &fields);
        let story = format!("{number}号水渠被堵，村民门前积水。");
        let story = [("text", text(&story)), ("demand", text("修复渠道"))];
        held.write(VILLAGE, facet(record(number), "case.narrative"), &story);
    }
    held.follow();
    held
}

/// What lists, searches and counts say, by scans and by indexes.
fn answers(model: &ReadModel) -> Result<Vec<String>, String> {
    let mut answers = Vec::new();
    let all = |sort: &str, conditions| Find {
        facet: name("case.summary"),
        conditions,
        sort: Some((Key::Field(name(sort)), false)),
        offset: 0,
        limit: 200,
    };
    let half = Condition {
        key: Key::Field(name("people-number")),
        is: Comparison::Above,
        value: Some(Value::Integer(i64::from(RECORDS / 2))),
    };
    for find in [
        all("people-number", Vec::new()),
        all("registered-time", vec![half]),
    ] {
        let page = model.find(&find, &|_| true);
        answers.push(format!("{:?}", page.map_err(|error| error.to_string())?));
    }
    for wanted in ["水渠", "7号", "渠道"] {
        let search = Search {
            text: wanted,
            facets: &[],
            offset: 0,
            limit: 200,
        };
        let hits = model.search(&search, &|_| true);
        answers.push(format!("{:?}", hits.map_err(|error| error.to_string())?));
    }
    let facets = model.facets();
    answers.push(format!("{:?}", facets.map_err(|error| error.to_string())?));
    Ok(answers)
}

fn flip(file: &Path, bit: u64) {
    let file = OpenOptions::new().read(true).write(true).open(file);
    let file = file.expect("a file");
    let mut byte = [0];
    file.read_exact_at(&mut byte, bit / 8).expect("a byte");
    byte[0] ^= 1 << (bit % 8);
    file.write_all_at(&byte, bit / 8).expect("written");
}

/// Bits spread over a file, no two pages' at the same place.
fn bits(file: &Path) -> impl Iterator<Item = u64> {
    let bits = fs::metadata(file).expect("a file").len() * 8;
    assert!(bits > 0, "{}", file.display());
    let places = places().min(bits);
    (0..places).map(move |place| (place * (bits / places) + place * 101) % bits)
}

fn copied(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        fs::copy(&path, to.path().join(name)).expect("a copy");
    }
    to
}

/// The read model as it lies there, after a start.
fn opened(held: &Held, folder: &Path) -> (ReadModel, Opened) {
    ReadModel::open(folder, &held.kinds, Held::owner()).expect("a read model")
}

fn beside(held: &Held, suffix: &str) -> PathBuf {
    held.path().join(format!("readmodel.sqlite{suffix}"))
}

/// Flips bits of a file in copies of the folder, and starts with each.
fn start_with_each_flip(held: &Held, suffix: &str, expected: &[String]) -> usize {
    let mut anew = 0;
    for bit in bits(&beside(held, suffix)) {
        let folder = copied(&held.path());
        flip(
            &folder.path().join(format!("readmodel.sqlite{suffix}")),
            bit,
        );
        let (mut model, opened) = opened(held, folder.path());
        anew += usize::from(matches!(opened, Opened::MadeAnew(_)));
        // What was written last may be gone, and comes again from the replica.
        while model
            .catch_up(&held.store, &mut crate::harness::unseen)
            .expect("caught up")
        {}
        assert_eq!(
            answers(&model).as_deref(),
            Ok(expected),
            "{suffix}: bit {bit}"
        );
    }
    anew
}

#[test]
fn a_bit_that_was_flipped_while_the_node_was_stopped_is_never_answered_with() {
    let mut held = held();
    let expected = answers(held.model()).expect("answers");
    held.close();
    assert_eq!(held.open(), Opened::Kept);
    held.close();
    let pages = start_with_each_flip(&held, "", &expected);
    assert_eq!(
        pages as u64,
        places(),
        "every page of the file is looked at"
    );
    let sums = start_with_each_flip(&held, "-sums", &expected);
    assert!(sums > 0);
}

#[test]
fn a_bit_that_was_flipped_in_what_was_written_ahead_is_never_answered_with() {
    // As a crash leaves it: nothing is brought to its place.
    let held = held();
    let expected = answers(held.model()).expect("answers");
    assert!(fs::metadata(beside(&held, "-wal")).expect("a file").len() > 100_000);
    start_with_each_flip(&held, "-wal", &expected);
    start_with_each_flip(&held, "", &expected);
    let crashed = copied(&held.path());
    let (model, opened) = opened(&held, crashed.path());
    assert_eq!(opened, Opened::Kept, "a crash is no damage");
    assert_eq!(answers(&model), Ok(expected));
}

#[test]
fn a_bit_that_is_flipped_while_the_node_runs_is_noticed_before_the_next_answer() {
    let mut held = held();
    for suffix in ["-wal", ""] {
        for bit in bits(&beside(&held, suffix)) {
            held.verify().expect("whole");
            flip(&beside(&held, suffix), bit);
            let error = held.verify().expect_err("noticed");
            assert!(error.to_string().contains("damaged"), "{error}");
            assert!(!error.is_busy());
            flip(&beside(&held, suffix), bit);
        }
        // What was written ahead goes to its places.
        held.close();
        assert_eq!(held.open(), Opened::Kept);
    }
}

#[test]
fn a_page_that_was_damaged_before_it_was_overwritten_is_noticed() {
    let mut held = held();
    let expected = answers(held.model()).expect("answers");
    held.close();
    held.open();
    held.catch_up();
    let bits: Vec<_> = bits(&held.file()).collect();
    bits.iter().for_each(|bit| flip(&held.file(), *bit));
    let row = facet(record(1), "case.summary");
    held.write(VILLAGE, row, &[("timeline/2", text("再次到场"))]);
    held.follow();
    assert!(held.verify().is_err());
    // Nor does an orderly stop make it good.
    held.close();
    assert!(matches!(held.open(), Opened::MadeAnew(_)));
    held.catch_up();
    assert_eq!(held.dump(), held.dump_of_a_new_one());
    let after = answers(held.model()).expect("answers");
    assert_eq!(after.len(), expected.len());
}

#[test]
fn what_is_brought_to_its_places_while_the_node_runs_is_whole() {
    let mut held = held();
    let mut pages = 0;
    for number in 1..=5 {
        // A purge brings everything to its places.
        held.drop_facet(&facet(record(number), "case.narrative"));
        held.purge();
        assert_eq!(
            fs::metadata(beside(&held, "-wal")).expect("a file").len(),
            0
        );
        held.verify().expect("whole");
        let story = format!("{number} {}", "水渠".repeat(1_000));
        held.write(
            VILLAGE,
            facet(record(number + 60), "case.narrative"),
            &[("text", text(&story))],
        );
        held.follow();
        held.verify().expect("whole");
        let now = fs::metadata(held.file()).expect("a file").len();
        assert!(now >= pages);
        pages = now;
    }
    assert_eq!(held.dump(), held.dump_of_a_new_one());
}
