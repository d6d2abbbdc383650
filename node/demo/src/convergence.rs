//! Waiting until everything has arrived, and holding it against what plain Cedar says.

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
use super::running::County;
use super::verdict::{Verdict, compare};
use crdt_model::text;
use crdt_model::text::Problem;
use node_app::use_cases::inventory::HeldFacet;

/// Milliseconds between two looks at all nodes.
const LOOK_MS: u64 = 100;
/// Nodes that are asked at a time.
const ASKED_AT_ONCE: usize = 8;
/// Looks in a row that must see the same quiet county.
const QUIET_LOOKS: u32 = 3;
/// The problem of a county that does not come to rest.
const NOT_CONVERGED: &str = "county-not-converged";
/// Of so many facets, one is looked at where only a sample is verified.
const SAMPLE_EVERY: u8 = 16;

/// A county in which nothing moves any more.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Settled {
    /// Seconds from the call until the state was first seen that then stayed.
    pub settled_s: f64,
}

/// A county that was held against plain Cedar.
#[derive(Clone, PartialEq, Debug)]
pub struct Converged {
    /// Seconds from the call until the state was first seen that then stayed, if the county came to
    /// rest in time.
    pub converged_s: Option<f64>,
    /// Seconds that asking plain Cedar and comparing took.
    pub verify_s: f64,
    /// What the comparison came to; nothing where verifying is off.
    pub verdict: Option<Verdict>,
    /// What was asked about.
    pub verified: Verify,
    /// Records that homes reported.
    pub records: u64,
}

impl Converged {
    /// Whether everything came to rest, and every node holds exactly what it is to hold, as far as
    /// that was looked at.
    pub fn equal(&self) -> bool {
        self.converged_s.is_some() && self.verdict.as_ref().is_none_or(Verdict::equal)
    }
}

impl County {
    /// Waits until every node answers, is in sync with all its neighbours, and nothing moves.
    ///
    /// # Errors
    /// Not within `timeout_s` seconds, or somebody asked the county to stop.
    pub fn settle(&self, timeout_s: u64) -> Result<Settled, Problem> {
        let begun = self.clock().now().instant;
        let until = begun.after_ms(timeout_s.saturating_mul(1_000));
        let mut seen: Option<(Fingerprint, Instant, u32)> = None;
        loop {
            let statuses = self.statuses();
            let now = self.clock().now().instant;
            seen = match (quiet(&statuses), seen) {
                (Some(new), Some((old, since, looks))) if new == old => {
                    Some((old, since, looks + 1))
                }
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
            if self.stopping().wait_ms(LOOK_MS) {
                return Err(stopped());
            }
        }
    }

    /// Waits until nothing moves or the time is up, then asks plain Cedar what every node is to hold
    /// and compares. If they differ, waits and compares again until they are equal or the time is
    /// up; a difference that stays is in the answer and no error.
    ///
    /// # Errors
    /// A node or Cedar gave no answer, or somebody asked the county to stop.
    pub fn converge(
        &self,
        timeout_s: u64,
        verify: Verify,
        progress: &dyn Progress,
    ) -> Result<Converged, Problem> {
        let begun = self.clock().now().instant;
        let elapsed_ms = || self.clock().now().instant.since_ms(begun);
        let until_ms = timeout_s.saturating_mul(1_000);
        let mut judge = Judge {
            county: self,
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
            let converged_s = match self.settle(left_s) {
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

    /// How every node stands. A line that was to be cut and is not, because its node fell
    /// meanwhile, is cut again.
    pub fn statuses(&self) -> Statuses {
        let nodes = self.members().nodes();
        let statuses = crew::map(nodes, ASKED_AT_ONCE, |node| {
            let status = self.asking().status(node);
            if let Some(status) = &status {
                self.keep_cut(status);
            }
            Ok((node, status))
        });
        statuses.unwrap_or_default().into_iter().collect()
    }

    /// What every home reports of its own records.
    fn reported(&self, verify: Verify) -> Result<Vec<HeldFacet>, Problem> {
        let nodes = self.members().nodes();
        let reported = crew::map(nodes, ASKED_AT_ONCE, |node| {
            self.asking().inventory(node, true)
        })?;
        Ok(reported
            .into_iter()
            .flatten()
            .filter(|held| looked_at(verify, held))
            .collect())
    }

    /// What every node holds.
    fn inventories(&self, verify: Verify) -> Result<BTreeMap<NodeId, Vec<HeldFacet>>, Problem> {
        let nodes = self.members().nodes();
        let held = crew::map(nodes, ASKED_AT_ONCE, |node| {
            let mut held = self.asking().inventory(node, false)?;
            held.retain(|held| looked_at(verify, held));
            Ok((node, held))
        })?;
        Ok(held.into_iter().collect())
    }

    /// The charter in force as its files have it, for plain Cedar.
    pub(super) fn plain_cedar(&self) -> Result<PlainCedar, Problem> {
        let folder = self.charter_in_force();
        let files = CharterFiles::read(&folder).map_err(|problem| unusable(&folder, &problem))?;
        PlainCedar::open(&files).map_err(|problem| no_answer(&problem))
    }
}

/// Holds a county that came to rest against plain Cedar, as often as it takes.
struct Judge<'a> {
    county: &'a County,
    verify: Verify,
    asked: Asked,
    /// What homes reported the last time, and what followed from it.
    last: Option<(Vec<HeldFacet>, Vec<Expected>)>,
}

impl Judge<'_> {
    /// How many records homes report, and what comparing came to, where anything is verified.
    fn judge(&mut self, progress: &dyn Progress) -> Result<(u64, Option<Verdict>), Problem> {
        let reported = self.county.reported(self.verify)?;
        let records = records(&reported);
        if self.verify == Verify::Off {
            return Ok((records, None));
        }
        let cedar = self.county.plain_cedar()?;
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
        let inventories = self.county.inventories(self.verify)?;
        let verdict = compare(&cedar, &expected, &inventories, &self.asked)?;
        self.last = Some((reported, expected));
        Ok((records, Some(verdict)))
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
