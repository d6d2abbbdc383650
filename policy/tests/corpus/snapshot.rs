//! What a reviewer sees of a charter, held to what was kept.

use std::path::PathBuf;

/// What can be shown to a reviewer.
pub(crate) trait Seen {
    /// The text that they see.
    fn seen(&self) -> String;
}

impl Seen for String {
    fn seen(&self) -> String {
        self.clone()
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/snapshots")
}

/// Holds a text to its snapshot.
pub(crate) fn hold(name: &str, seen: &str) {
    let path = folder().join(format!("{name}.txt"));
    let shown: String = seen
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();
    let shown = format!("{}\n", shown.trim_matches('\n'));
    assert!(shown.trim() != "", "{name}: a reviewer sees nothing");
    if std::env::var_os("CORPUS_REWRITE").is_some() {
        std::fs::write(&path, shown).expect("the snapshot can be written");
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        shown == kept,
        "{name}: a reviewer saw\n{kept}\nand sees now\n{shown}"
    );
}

/// The names of all snapshots.
pub(crate) fn names() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).expect("the folder");
    let name = |entry: std::fs::DirEntry| {
        let path = entry.path();
        path.file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
    };
    entries
        .filter_map(|entry| name(entry.expect("an entry")))
        .collect()
}
