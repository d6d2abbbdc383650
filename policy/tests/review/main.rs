//! What a reviewer can ask of the charter of Linze County as a whole.

mod differences;
mod enumerating;
mod leaks;
mod parts;
mod tables;

use std::sync::OnceLock;

use policy::reading::finding;
use policy::review::enumeration::Enumeration;
use policy::{CedarCharter, CharterFiles};

/// The county's charter, with these texts replaced: file, from, to.
fn files(edits: &[(&str, &str, &str)]) -> CharterFiles {
    let mut files = policy::making::template::linze();
    for (file, from, to) in edits {
        let content = files.files.entry((*file).to_owned()).or_default();
        let text = String::from_utf8(content.clone()).expect("text");
        assert!(text.contains(from), "`{from}` is not in {file}");
        *content = text.replacen(from, to, 1).into_bytes();
    }
    files
}

fn open(files: &CharterFiles) -> CedarCharter {
    CedarCharter::open(files).unwrap_or_else(|findings| {
        panic!(
            "{}",
            finding::render_all(&findings, files, false, crdt_model::text::Language::En)
        )
    })
}

/// The county's charter as it is, opened once.
fn county() -> &'static CedarCharter {
    static COUNTY: OnceLock<CedarCharter> = OnceLock::new();
    COUNTY.get_or_init(|| open(&files(&[])))
}

/// Every decision of it.
fn every_decision() -> &'static Enumeration<'static> {
    static ALL: OnceLock<Enumeration<'static>> = OnceLock::new();
    ALL.get_or_init(|| Enumeration::of(county()).expect("not too many"))
}

fn node(code: &str) -> crdt_model::ids::NodeId {
    code.parse().expect("a code")
}

fn name(text: &str) -> crdt_model::ids::Name {
    text.parse().expect("a name")
}
