//! What may be one and is only proposed: grid reports, and devices under new numbers.

use std::process::Command;

use crdt_model::ids::RecordId;
use crdt_model::value::Value;
use node_app::door::attached::Attached;
use node_app::use_cases::due::DueRequest;
use node_app::use_cases::import::{ImportReport, ImportRequest};
use node_app::use_cases::record_duplicates::{Duplicates, DuplicatesRequest};

use super::harness::{Mesh, VILLAGE, grid_report, program};

fn duplicates(mesh: &Mesh, role: &str) -> Duplicates {
    let found = mesh.ask_as(VILLAGE, role, &DuplicatesRequest { days: 7 });
    found.expect("pairs")
}

fn report(mesh: &Mesh, words: &str, sent_ms: u64) -> RecordId {
    let mut facets = grid_report("EXAMPLE", words);
    let sent = Value::Integer(i64::try_from(sent_ms).expect("a time of ours"));
    facets[0].fields.insert("sent-time".to_owned(), sent);
    mesh.add(VILLAGE, facets)
}

#[test]
fn reports_of_one_matter_are_proposed_to_who_may_read_them_until_they_are_merged() {
    let mesh = Mesh::start(&[VILLAGE]);
    let due = DueRequest {
        home: None,
        all: false,
        limit: 1,
    };
    let due = mesh.ask(VILLAGE, &due).expect("a list");
    let (now, day_ms) = (due.now.ms, 86_400_000);
    let first = report(
        &mesh,
        "虚构：三组水渠塌了一段，请派人修。",
        now - 2 * day_ms,
    );
    let second = report(&mesh, "虚构：三组的水渠塌了一段，请派人来修", now - day_ms);
    report(&mesh, "虚构：二组路灯坏了两盏。", now - day_ms);
    report(
        &mesh,
        "虚构：三组水渠塌了一段，请派人修。",
        now - 30 * day_ms,
    );
    let found = duplicates(&mesh, "clerk");
    assert_eq!((found.looked_at, found.pairs.len()), (3, 1), "{found:?}");
    let pair = &found.pairs[0];
    assert_eq!((pair.first.record, pair.second.record), (first, second));
    assert!(pair.alike_percent < 100, "{pair:?}");
    // A technician reads the ledger, and not what it is about.
    assert_eq!(duplicates(&mesh, "technician").pairs, []);
    // The command that is proposed does it.
    let told = typed(&mesh, &["record", "duplicates", "--role", "clerk"]);
    let proposed: Vec<&str> = told
        .lines()
        .filter_map(|line| line.strip_prefix("mesh-node "))
        .collect();
    assert_eq!(proposed.len(), 1, "{told}");
    typed(&mesh, &proposed[0].split(' ').collect::<Vec<_>>());
    assert_eq!(duplicates(&mesh, "clerk").pairs, []);
}

/// What the program says when somebody types this at the village.
fn typed(mesh: &Mesh, words: &[&str]) -> String {
    let folder = mesh.node_folder(VILLAGE);
    let output = Command::new(program())
        .arg("--data")
        .arg(folder.path())
        .args(["--lang", "en"])
        .args(words)
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn import(mesh: &Mesh, file: &str, ids: &[u32], apply: bool) -> ImportReport {
    let items = ids.iter().map(|id| {
        format!(
            "<Item><DeviceID>6207231013132{id:07}</DeviceID><Name>虚构 渠口 {}</Name>\
             <CivilCode>620723</CivilCode><Status>ON</Status></Item>",
            id % 10
        )
    });
    let (count, items) = (ids.len(), items.collect::<String>());
    let catalogue = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><CmdType>Catalog</CmdType><SN>1</SN>\
         <DeviceID>62072310132000000001</DeviceID><SumNum>{count}</SumNum>\
         <DeviceList Num=\"{count}\">{items}</DeviceList></Response>"
    );
    let request = ImportRequest {
        files: vec![Attached::new(file, catalogue.into_bytes())],
        mapping: None,
        home: Some(VILLAGE.parse().expect("a node code")),
        placement: None,
        encoding: None,
        apply,
    };
    mesh.ask(VILLAGE, &request).expect("a report")
}

#[test]
fn a_device_that_is_new_while_its_namesake_is_gone_is_told_of_and_joined_with_nothing() {
    let mesh = Mesh::start(&[VILLAGE]);
    let first = import(&mesh, "first.xml", &[1, 2], true);
    assert_eq!(first.written, 2, "{}", first.text.en);
    assert!(!first.text.en.contains("renumbered"), "{}", first.text.en);
    // 11 has the name of 1, which is gone; 12 has that of 2, which is still listed.
    let second = import(&mesh, "second.xml", &[2, 11, 12], false);
    let told = second.text.en.matches("may have been renumbered").count();
    assert_eq!(told, 1, "{}", second.text.en);
    assert!(
        second.text.en.contains("62072310131320000001"),
        "{}",
        second.text.en
    );
    import(&mesh, "second.xml", &[2, 11, 12], true);
    mesh.wait_for_facets(VILLAGE, "device.public", 4);
}
