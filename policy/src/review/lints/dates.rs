//! Dates: a charter that is about to run out, or that nobody will have to look at for years.

use crdt_model::charter::Charter;
use crdt_model::time::WallTime;

use super::place;
use crate::deciding::charter::CedarCharter;
use crate::reading::files::CharterFiles;
use crate::reading::finding::Finding;
use crate::reading::head;

/// Days within which a new version should be under way.
const NEAR_DAYS: u64 = 60;
/// The longest that a charter should hold, in days: two years and some.
const FAR_DAYS: u64 = 800;

const DAY_MS: u64 = 86_400_000;

pub(super) fn lint(charter: &CedarCharter, files: &CharterFiles, now: WallTime) -> Vec<Finding> {
    let validity = charter.validity();
    let at = |key: &str| place(files, head::FILE, key);
    let warn = |code, message: String| Finding::warning(code, head::FILE, message);
    let mut findings = Vec::new();
    let left_days = validity.until.ms.saturating_sub(now.ms) / DAY_MS;
    if validity.expired(now) {
        findings.push(
            warn("dates::expired", "the charter has expired".to_owned())
                .at(at("valid_until"))
                .hint("nodes keep their own work and send nothing; sign a new version"),
        );
    } else if left_days < NEAR_DAYS {
        findings.push(
            warn(
                "dates::near",
                format!("the charter expires in {left_days} days"),
            )
            .at(at("valid_until"))
            .hint(format!(
                "from {NEAR_DAYS} days before, a new version should be under way"
            )),
        );
    }
    if now < validity.from {
        let days = validity.from.ms.saturating_sub(now.ms) / DAY_MS;
        findings.push(
            Finding::note(
                "dates::not-yet",
                head::FILE,
                format!("the charter holds only in {days} days"),
            )
            .at(at("valid_from"))
            .hint("nodes refuse it before; until then the version before must hold"),
        );
    }
    let holds_days = validity.until.ms.saturating_sub(validity.from.ms) / DAY_MS;
    if holds_days > FAR_DAYS {
        findings.push(
            warn(
                "dates::far",
                format!("the charter holds for {holds_days} days"),
            )
            .at(at("valid_until"))
            .hint(format!(
                "at most {FAR_DAYS}, so that somebody looks at it in time"
            )),
        );
    }
    findings
}
