//! What stands crosswise today. These lists only get shorter: what is mended is taken from them, and
//! nothing is added.

/// Circles of files or rooms: the folder that holds them, and their names in it. The name of a room
/// that is a folder ends with `/`.
pub(super) const KNOWN: &[&str] = &[
    "crdt-model/src: charter.rs kind.rs kind/clocks.rs kind/error.rs kind/letters.rs \
     kind/receipts.rs kind/steps.rs",
    "crdt-model/src: charter.rs kind/",
    "crdt-model/src: due.rs due/letters.rs due/receipts.rs",
    "crdt-model/src: history.rs history/past.rs",
    "crdt-model/src: judge.rs judge/ahead.rs judge/authentic.rs",
    "crdt-model/src: kind.rs kind/clocks.rs kind/error.rs kind/letters.rs kind/receipts.rs \
     kind/steps.rs",
    "crdt-model/src/engine: checkpoints.rs clock.rs durable.rs emergency.rs emergency_report.rs \
     flow.rs freshness.rs intake.rs life.rs machines.rs mending.rs mod.rs peer.rs room.rs \
     scrub.rs",
    "policy/src: deciding/ reading/ review/ signing/",
    "policy/src: deciding/beginning.rs deciding/charter.rs signing/board.rs signing/emergency.rs",
    "policy/src/deciding: beginning.rs charter.rs",
    "policy/src/making: edit.rs template.rs",
    "policy/src/reading: calendar.rs checks.rs document.rs head.rs kinds.rs kinds/clocks.rs \
     kinds/letters.rs kinds/receipts.rs layout.rs measures.rs reviewers.rs roster.rs rules.rs \
     schema.rs terms.rs",
    "policy/src/reading: calendar.rs checks.rs document.rs head.rs kinds/ layout.rs measures.rs \
     reviewers.rs roster.rs rules.rs schema.rs terms.rs",
    "policy/src/reading: characters.rs files.rs finding.rs",
    "policy/src/reading: kinds.rs kinds/clocks.rs kinds/letters.rs kinds/receipts.rs",
    "policy/src/review: prove.rs reach.rs",
    "policy/src/review/lints: beginning.rs dates.rs facets.rs keys.rs lookalikes.rs mod.rs \
     nodes.rs words.rs",
    "policy/src/signing: manifest.rs manifest_text.rs",
    "netsim/src: charters/ truth.rs world/",
    "netsim/src/charters: folder.rs generated.rs",
    "netsim/src/charters: mod.rs reviewers.rs",
    "netsim/src/checkers: adoption.rs authority.rs bounded.rs conflicts.rs convergence.rs \
     durability.rs emergencies.rs excused.rs ladder.rs lives.rs log.rs mod.rs secrecy.rs",
    "netsim/src/cli: federating.rs mod.rs",
    "netsim/src/disk: faults.rs log_store.rs",
    "netsim/src/disk: frame.rs head.rs platter.rs",
    "netsim/src/pairs: mod.rs permitted.rs variation.rs",
    "netsim/src/run: cast.rs faults.rs mod.rs outcome.rs",
    "netsim/src/scenarios: mod.rs onboarding.rs plan.rs play.rs spring_festival.rs \
     stolen_computer.rs storm.rs township_month.rs working_day.rs wrong_charter.rs year.rs",
    "netsim/src/secrecy/mentions: disk.rs mod.rs wire.rs",
    "netsim/src/world: mod.rs node.rs order.rs watch.rs",
    // The crates of the node have none.
];

/// Methods that stand neither in the file of their type nor under it.
pub(super) const METHODS_ELSEWHERE: &[&str] = &[
    "Alarm of crdt-model/src/engine/boundary.rs in crdt-model/src/engine/checkpoints.rs",
    "Steps of crdt-model/src/kind/steps.rs in crdt-model/src/kind/clocks.rs",
    "Request of crdt-model/src/reconcile/message.rs in crdt-model/src/reconcile/wire.rs",
    "Response of crdt-model/src/reconcile/message.rs in crdt-model/src/reconcile/wire.rs",
    "CedarCharter of policy/src/deciding/charter.rs in policy/src/deciding/beginning.rs",
    "CedarCharter of policy/src/deciding/charter.rs in policy/src/deciding/explain.rs",
    "LogStore of netsim/src/disk/log_store.rs in netsim/src/disk/faults.rs",
    "LogStore of netsim/src/disk/log_store.rs in netsim/src/disk/open.rs",
    "LogStore of netsim/src/disk/log_store.rs in netsim/src/disk/power_cut.rs",
];
