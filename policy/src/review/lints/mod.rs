//! What validates and is still wrong, or at least to be looked at: one file for each thing that is
//! looked at. None of this refuses a charter; a reviewer should not sign over a warning.

mod beginning;
mod dates;
mod facets;
mod keys;
mod lookalikes;
mod nodes;
mod protection;
mod rules;
mod words;

pub use beginning::confirmation;
use crdt_model::time::WallTime;

use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;
use crate::review::enumeration::Enumeration;

/// Everything that a reviewer should look at, besides what refuses the charter.
pub fn lint(all: &Enumeration<'_>, files: &CharterFiles, now: WallTime) -> Vec<Finding> {
    let mut findings = rules::lint(all);
    findings.extend(protection::lint(all));
    findings.extend(facets::lint(all, files));
    findings.extend(nodes::lint(all, files));
    findings.extend(beginning::lint(all.charter(), files));
    findings.extend(words::lint(all, files));
    findings.extend(keys::lint(all.charter(), files));
    findings.extend(lookalikes::lint(all.charter(), files));
    findings.extend(dates::lint(all.charter(), files, now));
    findings.sort_by(|one, other| {
        let key = |finding: &Finding| (finding.severity, finding.file.clone(), start(finding));
        key(one).cmp(&key(other))
    });
    findings
}

fn start(finding: &Finding) -> Option<usize> {
    finding.span.as_ref().map(|span| span.start)
}

/// Where this text first stands in a file of the charter.
fn place(files: &CharterFiles, file: &str, text: &str) -> Option<std::ops::Range<usize>> {
    let content = std::str::from_utf8(files.files.get(file)?).ok()?;
    let start = content.find(text)?;
    Some(start..start + text.len())
}

/// Where it last stands there.
fn last_place(files: &CharterFiles, file: &str, text: &str) -> Option<std::ops::Range<usize>> {
    let content = std::str::from_utf8(files.files.get(file)?).ok()?;
    let start = content.rfind(text)?;
    Some(start..start + text.len())
}
