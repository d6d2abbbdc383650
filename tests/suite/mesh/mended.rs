//! What a person does with a damaged node, step by step.

use std::path::Path;
use std::process::Command;

use crdt_model::ids::RecordId;
use node_app::use_cases::quarantine::QuarantineRequest;
use node_app::use_cases::read_model::ReadModelRequest;
use node_app::use_cases::record_show::ShowRequest;
use serde_json::Value;

use super::harness::{Mesh, TOWNSHIP, VILLAGE, comes, dispute, program};

/// Runs a command on a village's folder: whether it succeeded, and what it said.
fn mesh_node(mesh: &Mesh, arguments: &[&str]) -> (bool, Value) {
    let folder = mesh.node_folder(VILLAGE);
    let ended = Command::new(program())
        .args(["--json", "--data", &folder.path().display().to_string()])
        .args(arguments)
        .output()
        .expect("it runs");
    let said = serde_json::from_slice(&ended.stdout).expect("an object");
    (ended.status.success(), said)
}

fn journal_of(store: &Path) -> std::path::PathBuf {
    let names = std::fs::read_dir(store).expect("a store");
    let paths = names.map(|entry| entry.expect("an entry").path());
    let is_journal = |path: &std::path::PathBuf| path.display().to_string().contains("/journal-");
    paths.into_iter().find(is_journal).expect("a journal")
}

fn shows(mesh: &Mesh, code: &str, record: RecordId, part: &str) -> bool {
    let shown = mesh.ask(code, &ShowRequest { record });
    shown.is_ok_and(|view| {
        let view = serde_json::to_string(&view).expect("JSON");
        view.contains(part)
    })
}

#[test]
fn after_a_loss_in_both_copies_the_node_lists_it_heals_and_writes_in_a_new_life() {
    let mut mesh = Mesh::start(&[TOWNSHIP, VILLAGE]);
    let mut records = Vec::new();
    for number in 0..20 {
        records.push(mesh.add(VILLAGE, dispute(&format!("LOSS-{number}"), "told once")));
    }
    for record in &records {
        mesh.set(VILLAGE, *record, "case.summary.category", "water");
    }
    mesh.wait_for_facets(TOWNSHIP, "case.summary", 20);
    let last = *records.last().expect("records");
    assert!(comes(|| shows(&mesh, TOWNSHIP, last, "water")));
    // Before it answers, the read model has all: it knows later what there was.
    let all = mesh.ask(VILLAGE, &ReadModelRequest { rebuild: false });
    all.expect("its status");
    mesh.stop(VILLAGE);

    let store = mesh.node_folder(VILLAGE).store();
    let journal = journal_of(&store);
    let bytes = std::fs::read(&journal).expect("a journal");
    let left = &bytes[..bytes.len() - 8_000];
    std::fs::write(&journal, left).expect("a cut");
    std::fs::remove_file(store.join("generation-00000001/db")).expect("a log");
    let (answered, said) = mesh_node(&mesh, &["status"]);
    assert!(!answered, "{said}");
    let next = said["next"]["en"].as_str().expect("a next step");
    assert!(next.contains("mesh-node store accept"), "{said}");
    assert!(
        !store.with_file_name("store.damaged-1").exists(),
        "asking changes nothing"
    );

    let (accepted, said) = mesh_node(&mesh, &["store", "accept"]);
    assert!(accepted && said["incomplete"] == true, "{said}");
    let missing = said["missing"].as_array().expect("a list");
    assert!(!missing.is_empty(), "{said}");
    assert!(said["writes_lost"].as_u64() > Some(0), "{said}");
    let aside = said["set_aside"].as_str().expect("a place");
    let name = journal.file_name().expect("a name");
    let copy = std::fs::read(Path::new(aside).join(name)).expect("a copy");
    assert_eq!(copy, left);

    mesh.run(VILLAGE);
    mesh.wait_for_facets(VILLAGE, "case.summary", 20);
    assert!(
        comes(|| shows(&mesh, VILLAGE, last, "water")),
        "the township gives back what it holds"
    );
    // Numbers that the township knows from before must not be used again.
    mesh.set(VILLAGE, last, "case.summary.category", "family");
    assert!(comes(|| shows(&mesh, TOWNSHIP, last, "family")));
    assert!(shows(&mesh, VILLAGE, last, "family"));
    let quarantine = mesh.ask(TOWNSHIP, &QuarantineRequest {}).expect("a list");
    // What comes before its parent is asked for again.
    let mut refused = quarantine.refused.iter();
    let told = refused.find(|one| one.code != "missing-parent");
    assert!(told.is_none(), "{quarantine:?}");
}

#[test]
fn a_damaged_key_is_called_that_and_a_new_one_can_be_made() {
    let mut mesh = Mesh::start(&[TOWNSHIP, VILLAGE]);
    let (checked, said) = mesh_node(&mesh, &["store", "check"]);
    assert!(!checked && said["code"] == "store-in-use", "{said}");
    mesh.stop(VILLAGE);
    let (checked, said) = mesh_node(&mesh, &["store", "check"]);
    assert!(checked && said["whole"] == true, "{said}");

    let path = mesh.node_folder(VILLAGE).secret();
    let whole = std::fs::read_to_string(&path).expect("a key");
    let first = if whole.starts_with('0') { '1' } else { '0' };
    let damaged = format!("{first}{}", &whole[1..]);
    let alone = damaged.lines().next().expect("a line").to_owned();
    // A file of an older program has no public key beside the secret one; the store knows it.
    for text in [damaged, alone, "nothing".to_owned(), String::new()] {
        std::fs::write(&path, &text).expect("a key");
        let (answered, said) = mesh_node(&mesh, &["status"]);
        assert!(
            !answered && said["code"] == "secret-key-damaged",
            "{text}: {said}"
        );
        let next = said["next"]["en"].as_str().expect("a next step");
        assert!(next.contains("mesh-node init --data "), "{said}");
        assert!(next.contains(" --new-key"), "{said}");
    }
    let (made, said) = mesh_node(&mesh, &["init", "--new-key"]);
    assert!(made && said["key"] == "made", "{said}");
    assert!(!whole.contains(said["public_key"].as_str().expect("a key")));
    let (answered, said) = mesh_node(&mesh, &["status"]);
    assert!(answered, "{said}");
    std::fs::write(&path, &whole).expect("a backup of the key");
    let (answered, said) = mesh_node(&mesh, &["status"]);
    assert!(answered, "{said}");
}

#[test]
fn damaged_settings_are_put_back_as_the_node_last_ran_with_them() {
    let mut mesh = Mesh::start(&[TOWNSHIP, VILLAGE]);
    mesh.stop(VILLAGE);
    let path = mesh.node_folder(VILLAGE).settings();
    let whole = std::fs::read_to_string(&path).expect("settings");
    let other = whole.replace("620723101201", "620723101202");
    for text in [Some("node = \"62"), Some(""), Some(other.as_str()), None] {
        match text {
            Some(text) => std::fs::write(&path, text).expect("settings"),
            None => std::fs::remove_file(&path).expect("settings"),
        }
        let (answered, said) = mesh_node(&mesh, &["status"]);
        assert!(!answered, "{said}");
        let next = said["next"]["en"].as_str().expect("a next step");
        assert!(
            next.contains("mesh-node init --data ") && next.contains(" --new-settings"),
            "{text:?}: {said}"
        );
        let (made, said) = mesh_node(&mesh, &["init", "--new-settings"]);
        assert!(made, "{said}");
        assert_eq!(std::fs::read_to_string(&path).expect("settings"), whole);
        let (answered, said) = mesh_node(&mesh, &["status"]);
        assert!(answered, "{said}");
    }
}
