//! Dates: a charter that is about to run out, or that nobody will have to look at for years.

use crdt_model::charter::Charter;
use crdt_model::text;
use crdt_model::text::Text;
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
    let warn = |code, message: Text| Finding::warning(code, head::FILE, message);
    let mut findings = Vec::new();
    let left_days = validity.until.ms.saturating_sub(now.ms) / DAY_MS;
    if validity.expired(now) {
        findings.push(
            warn(
                "dates::expired",
                text!("章程已到期", "the charter has expired"),
            )
            .at(at("valid_until"))
            .hint(text!(
                "各节点可以照常填写，但暂停发送；请签发新版",
                "nodes keep their own work and send nothing; sign a new version"
            )),
        );
    } else if left_days < NEAR_DAYS {
        findings.push(
            warn(
                "dates::near",
                text!(
                    "章程还有 {left_days} 天到期",
                    "the charter expires in {left_days} days"
                ),
            )
            .at(at("valid_until"))
            .hint(text!(
                "到期前 {NEAR_DAYS} 天就应着手签发新版",
                "from {NEAR_DAYS} days before, a new version should be under way"
            )),
        );
    }
    findings.extend(not_yet(charter, files, now));
    let holds_days = validity.until.ms.saturating_sub(validity.from.ms) / DAY_MS;
    if holds_days > FAR_DAYS {
        findings.push(
            warn(
                "dates::far",
                text!(
                    "章程有效期长达 {holds_days} 天",
                    "the charter holds for {holds_days} days"
                ),
            )
            .at(at("valid_until"))
            .hint(text!(
                "最多 {FAR_DAYS} 天，以便按时核对",
                "at most {FAR_DAYS}, so that somebody looks at it in time"
            )),
        );
    }
    findings
}

/// A charter that begins later.
fn not_yet(charter: &CedarCharter, files: &CharterFiles, now: WallTime) -> Option<Finding> {
    let from = charter.validity().from;
    let days = from.ms.saturating_sub(now.ms) / DAY_MS;
    (now < from).then(|| {
        Finding::note(
            "dates::not-yet",
            head::FILE,
            text!(
                "章程 {days} 天后才生效",
                "the charter holds only in {days} days"
            ),
        )
        .at(place(files, head::FILE, "valid_from"))
        .hint(text!(
            "在此之前节点不会采用；期间须由上一版有效",
            "nodes refuse it before; until then the version before must hold"
        ))
    })
}
