//! When so many reviewers' keys are lost that no next version can be signed: the holders of sealed
//! keys, whom the charter names beforehand, may put other reviewers in place, and may do nothing
//! else. Every other word of the charter must stay as it is, so whoever breaks the seal cannot open
//! a flow with it.

use toml::Table;

use crate::reading::files::CharterFiles;
use crate::reading::head;
use crate::signing::manifest::{MANIFEST_PATH, SIGNATURES_FOLDER};

/// What recovery may change of `charter.toml`; besides nothing.
const CHANGEABLE: [&str; 5] = [
    "version",
    "valid_from",
    "valid_until",
    "threshold",
    "reviewer",
];

/// The first thing beyond reviewers and dates in which two versions differ.
pub(crate) fn beyond(current: &CharterFiles, offered: &CharterFiles) -> Option<String> {
    let listed = |path: &&String| {
        path.as_str() != MANIFEST_PATH
            && path.as_str() != head::FILE
            && !path.starts_with(SIGNATURES_FOLDER)
    };
    let paths = current.files.keys().chain(offered.files.keys());
    let changed = |path: &&String| current.files.get(*path) != offered.files.get(*path);
    if let Some(path) = paths.filter(listed).find(changed) {
        return Some(path.clone());
    }
    match (rest_of_head(current), rest_of_head(offered)) {
        (Some(before), Some(after)) if before == after => None,
        _ => Some(head::FILE.to_owned()),
    }
}

/// `charter.toml` without what recovery may change.
fn rest_of_head(files: &CharterFiles) -> Option<Table> {
    let content = std::str::from_utf8(files.files.get(head::FILE)?).ok()?;
    let mut table: Table = content.parse().ok()?;
    for key in CHANGEABLE {
        table.remove(key);
    }
    Some(table)
}
