//! Waits until everything has arrived, then compares what every node holds with what plain Cedar says.

use std::collections::BTreeMap;

use crdt_model::ids::NodeId;
use crdt_model::time::Instant;
use policy::CharterFiles;
use policy::deciding::plain::PlainCedar;
use serde::Serialize;

use super::asking::stopped;
use super::crew;
use super::expected::{Asked, Expected, expect, no_answer};
use super::folder::unusable;
use super::lines::{Fingerprint, Statuses, quiet};
use super::options::Verify;
use super::progress::Progress;
use super::running::{ASKED_AT_ONCE, County};
use super::verdict::{Verdict, compare};
use crdt_model::text;
use crdt_model::text::Problem;
use node_app::use_cases::inventory::HeldFacet;

/// Milliseconds between two looks at all nodes.
const LOOK_MS: u64 = 100;
/// Looks in a row that must see the same quiet county.
const QUIET_LOOKS: u32 = 3;
/// The problem of a county that does not come to rest.
const NOT_CONVERGED: &str = "county-not-converged";
/// Where only a sample is verified, one facet in so many.
const SAMPLE_EVERY: u8 = 16;

/// How long it took until nothing moved any more.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Settled {
    /// Seconds from the call until the final state was first seen.
    pub settled_s: f64,
}

/// The result of comparing a county with plain Cedar.
#[derive(Clone, PartialEq, Debug)]
pub struct Converged {
    /// Seconds from the call until the final state was first seen; `None` if the county did not come
    /// to rest in time.
    pub converged_s: Option<f64>,
    /// Seconds that asking plain Cedar and comparing took.
    pub verify_s: f64,
    /// The result of the comparison; `None` where verifying is off.
    pub verdict: Option<Verdict>,
    /// Which facets were compared.
    pub verified: Verify,
    /// How many records homes reported.
    pub records: u64,
}

impl Converged {
    /// Whether the county came to rest and every node holds exactly what it should, as far as that was
    /// compared.
    pub fn equal(&self) -> bool {
        self.converged_s.is_some() && self.verdict.as_ref().is_none_or(Verdict::equal)
    }
}

/// Waits until every node answers, is in sync with all its neighbours, and nothing moves.
///
/// # Errors
/// Not within `timeout_s` seconds, or somebody asked the county to stop.
pub fn settle(county: &County, timeout_s: u64) -> Result<Settled, Problem> {
    let begun = county.clock().now().instant;
    let until = begun.after_ms(timeout_s.saturating_mul(1_000));
    let mut seen: Option<(Fingerprint, Instant, u32)> = None;
    loop {
        let statuses = county.statuses();
        let now = county.clock().now().instant;
        seen = match (quiet(&statuses), seen) {
            (Some(new), Some((old, since, looks))) if new == old => Some((old, since, looks + 1)),
            (Some(new), _) => Some((new, now, 1)),
            (None, _) => None,
        };
        if let Some((_, since, looks)) = &seen
            && *looks >= QUIET_LOOKS
        {
            return Ok(Settled {
                settled_s: seconds(since.since_ms(begun)),
            });
        }
        if now >= until {
            return Err(not_settled(timeout_s, &statuses));
        }
        if county.stopping().wait_ms(LOOK_MS) {
            return Err(stopped());
        }
    }
}

/// Waits until nothing moves or the time is up, then asks plain Cedar what every node should hold, and
/// compares. If they differ, it waits and compares again, until they are equal or the time is up. A
/// difference that stays is no error: it is in the result.
///
/// # Errors
/// A node or Cedar gave no answer, or somebody asked the county to stop.
pub fn converge(
    county: &County,
    timeout_s: u64,
    verify: Verify,
    progress: &dyn Progress,
) -> Result<Converged, Problem> {
    let begun = county.clock().now().instant;
    let elapsed_ms = || county.clock().now().instant.since_ms(begun);
    let until_ms = timeout_s.saturating_mul(1_000);
    let mut judge = Judge {
        county,
        verify,
        asked: Asked::default(),
        last: None,
    };
    let mut verify_ms = 0;
    loop {
        progress.stage(&text!(
            "等待各节点同步",
            "waiting until everything has arrived"
        ));
        let waited_ms = elapsed_ms() - verify_ms;
        let left_s = until_ms.saturating_sub(waited_ms).div_ceil(1_000);
        let converged_s = match settle(county, left_s) {
            Ok(settled) => Some(seconds(waited_ms) + settled.settled_s),
            Err(problem) if problem.code == NOT_CONVERGED => None,
            Err(problem) => return Err(problem),
        };
        let verifying_ms = elapsed_ms();
        let (records, verdict) = judge.judge(progress)?;
        verify_ms += elapsed_ms() - verifying_ms;
        let overdue = elapsed_ms() - verify_ms >= until_ms;
        let decided = verdict
            .as_ref()
            .is_none_or(|verdict| verdict.equal() || verdict.violations > 0);
        if decided || overdue {
            let verify_s = seconds(verify_ms);
            return Ok(Converged {
                converged_s,
                verify_s,
                verdict,
                verified: verify,
                records,
            });
        }
    }
}

/// Opens the charter in force for plain Cedar, from the charter's files.
pub(super) fn plain_cedar(county: &County) -> Result<PlainCedar, Problem> {
    let folder = county.charter_in_force();
    let files = CharterFiles::read(&folder).map_err(|problem| unusable(&folder, &problem))?;
    PlainCedar::open(&files).map_err(|problem| no_answer(&problem))
}

/// Compares a county that came to rest with plain Cedar, as often as it takes.
struct Judge<'a> {
    county: &'a County,
    verify: Verify,
    asked: Asked,
    /// What homes reported the last time, and what followed from it.
    last: Option<(Vec<HeldFacet>, Vec<Expected>)>,
}

impl Judge<'_> {
    /// How many records homes report, and the result of the comparison, where anything is verified.
    fn judge(&mut self, progress: &dyn Progress) -> Result<(u64, Option<Verdict>), Problem> {
        let reported = self.reported()?;
        let records = records(&reported);
        if self.verify == Verify::Off {
            return Ok((records, None));
        }
        let cedar = plain_cedar(self.county)?;
        let expected = match self.last.take() {
            Some((known, expected)) if known == reported => expected,
            _ => {
                progress.stage(&text!(
                    "用 Cedar 独立核对",
                    "asking plain Cedar about everything"
                ));
                let nodes = self.county.members().nodes();
                expect(&cedar, &nodes, reported.clone(), &self.asked, progress)?
            }
        };
        let inventories = self.inventories()?;
        let verdict = compare(&cedar, &expected, &inventories, &self.asked)?;
        self.last = Some((reported, expected));
        Ok((records, Some(verdict)))
    }

    /// What every home reports of its own records.
    fn reported(&self) -> Result<Vec<HeldFacet>, Problem> {
        let nodes = self.county.members().nodes();
        let reported = crew::map(nodes, ASKED_AT_ONCE, |node| {
            self.county.asking().inventory(node, true)
        })?;
        Ok(reported
            .into_iter()
            .flatten()
            .filter(|held| looked_at(self.verify, held))
            .collect())
    }

    /// What every node holds.
    fn inventories(&self) -> Result<BTreeMap<NodeId, Vec<HeldFacet>>, Problem> {
        let nodes = self.county.members().nodes();
        let held = crew::map(nodes, ASKED_AT_ONCE, |node| {
            let mut held = self.county.asking().inventory(node, false)?;
            held.retain(|held| looked_at(self.verify, held));
            Ok((node, held))
        })?;
        Ok(held.into_iter().collect())
    }
}

/// Whether a facet belongs to what is verified. Records' ids are as good as random.
fn looked_at(verify: Verify, held: &HeldFacet) -> bool {
    verify != Verify::Sample
        || held
            .facet
            .record
            .0
            .last()
            .is_none_or(|byte| byte % SAMPLE_EVERY == 0)
}

fn records(reported: &[HeldFacet]) -> u64 {
    let mut records: Vec<_> = reported.iter().map(|held| held.facet.record).collect();
    records.sort_unstable();
    records.dedup();
    records.len() as u64
}

/// Milliseconds as seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "far fewer milliseconds than a double has integers"
)]
pub(super) fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}

fn not_settled(timeout_s: u64, statuses: &Statuses) -> Problem {
    use crdt_model::engine::LinkState;
    let restless = |status: &node_app::use_cases::status::NodeStatus| {
        status
            .peers
            .iter()
            .any(|peer| peer.status.link != LinkState::InSync)
    };
    let behind = statuses
        .iter()
        .filter(|(_, status)| status.as_ref().is_none_or(restless));
    let behind: Vec<String> = behind.map(|(node, _)| node.to_string()).take(8).collect();
    let behind = behind.join(" ");
    Problem::new(
        NOT_CONVERGED,
        text!(
            "{timeout_s} 秒内未全部同步；尚未就绪的节点：{behind}",
            "not everything arrived within {timeout_s} s; nodes that are behind: {behind}"
        ),
        text!(
            "用 mesh-node why 查看原因，或用 --timeout-s 延长时间",
            "mesh-node why shows the cause; --timeout-s gives more time"
        ),
    )
}
