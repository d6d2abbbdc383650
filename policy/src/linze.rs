//! What holds of the charter of Linze County, and through it of this crate on a county of full size.

use std::path::Path;

use crdt_model::charter::Charter;

use crate::charter::CedarCharter;
use crate::files::CharterFiles;
use crate::finding::render_all;
use crate::prove::prove;
use crate::schema::schema_text;
use crate::{head, kinds};

fn files() -> CharterFiles {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/linze/charter");
    CharterFiles::read(&folder).expect("the charter's folder can be read")
}

fn open() -> CedarCharter {
    let files = files();
    CedarCharter::open(&files)
        .unwrap_or_else(|findings| panic!("{}", render_all(&findings, &files, false)))
}

#[test]
fn the_schema_is_the_one_that_the_words_and_kinds_give() {
    let files = files();
    let mut findings = Vec::new();
    let head = head::read(&files, &mut findings);
    let kinds = kinds::read(&files, head.as_ref(), &mut findings);
    assert!(findings.is_empty(), "{}", render_all(&findings, &files, false));
    let (head, kinds) = (head.expect("no finding"), kinds.expect("no finding"));
    let text = schema_text(&head, &kinds);
    if std::env::var_os("WRITE_SCHEMA").is_some() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/linze/charter");
        std::fs::write(folder.join("mesh.cedarschema"), &text).expect("it can be written");
    }
    let kept = files.files.get("mesh.cedarschema").expect("the schema is there");
    assert_eq!(String::from_utf8_lossy(kept), text);
}

#[test]
fn the_charter_opens_and_its_checks_pass() {
    let charter = open();
    let report = prove(&charter);
    assert!(report.findings.is_empty(), "{}", render_all(&report.findings, &files(), false));
    println!(
        "{} cases, {} invariants, {} classes, {} of them allowed",
        report.cases, report.invariants, report.classes, report.allowed
    );
    assert_eq!(charter.roster().members().len(), 84);
}
