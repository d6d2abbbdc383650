//! When to dial whom: exponential back-off with jitter, forever. Time and randomness are arguments.

use std::collections::BTreeMap;
use std::time::Duration;

use crdt_model::ids::NodeId;
use rand_core::Rng;
use tokio::time::Instant;

/// One node that is, or should be, dialled.
#[derive(Default)]
struct Target {
    // Whether it is dialled again and again, or just once.
    kept: bool,
    // Whether an attempt is under way or the line is up.
    busy: bool,
    // Attempts in a row that came to nothing.
    failures: u32,
    due: Option<Instant>,
}

/// The schedule of all dials.
pub(super) struct Dialler {
    targets: BTreeMap<NodeId, Target>,
    first: Duration,
    last: Duration,
}

impl Dialler {
    /// A schedule whose pauses start at `first`, double, and end at `last`.
    pub(super) fn new(first: Duration, last: Duration) -> Self {
        Self {
            targets: BTreeMap::new(),
            first,
            last,
        }
    }

    /// Keeps lines to these nodes and to no others. `up` says which lines are up already.
    pub(super) fn keep(&mut self, nodes: &[NodeId], up: impl Fn(NodeId) -> bool, now: Instant) {
        for (node, target) in &mut self.targets {
            if std::mem::take(&mut target.kept) && !nodes.contains(node) {
                target.due = None;
            }
        }
        for node in nodes {
            let target = self.targets.entry(*node).or_default();
            target.kept = true;
            target.busy |= up(*node);
            if !target.busy && target.due.is_none() {
                target.due = Some(now);
            }
        }
        self.drop_idle();
    }

    fn drop_idle(&mut self) {
        self.targets
            .retain(|_, target| target.kept || target.busy || target.due.is_some());
    }

    /// Dials now, whatever the back-off says, unless an attempt is under way or the line is up.
    pub(super) fn dial_now(&mut self, node: NodeId, now: Instant) {
        let target = self.targets.entry(node).or_default();
        if !target.busy {
            target.failures = 0;
            target.due = Some(now);
        }
    }

    /// When the next dial is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.targets.values().filter_map(|target| target.due).min()
    }

    /// The nodes whose dial is due; they count as being dialled from here on.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<NodeId> {
        let mut nodes = Vec::new();
        for (node, target) in &mut self.targets {
            if target.due.is_some_and(|due| due <= now) {
                target.due = None;
                target.busy = true;
                nodes.push(*node);
            }
        }
        nodes
    }

    /// The line is up, whoever dialled. The back-off is forgotten only by [`Dialler::proven`].
    pub(super) fn connected(&mut self, node: NodeId) {
        if let Some(target) = self.targets.get_mut(&node) {
            target.busy = true;
            target.due = None;
        }
    }

    /// The peer has said something, so the line is good for something.
    pub(super) fn proven(&mut self, node: NodeId) {
        if let Some(target) = self.targets.get_mut(&node) {
            target.failures = 0;
        }
    }

    /// An attempt came to nothing, or a line was lost. Returns the pause before the next dial, if
    /// there is to be one.
    pub(super) fn failed(
        &mut self,
        node: NodeId,
        now: Instant,
        rng: &mut impl Rng,
    ) -> Option<Duration> {
        let target = self.targets.get_mut(&node)?;
        if !target.kept {
            self.targets.remove(&node);
            return None;
        }
        let pause = pause(target.failures, self.first, self.last, rng);
        target.failures = target.failures.saturating_add(1);
        target.busy = false;
        target.due = Some(now + pause);
        Some(pause)
    }

    /// Stops dialling this node until [`Dialler::release`].
    pub(super) fn hold(&mut self, node: NodeId) {
        if let Some(target) = self.targets.get_mut(&node) {
            target.busy = false;
            target.due = None;
        }
        self.drop_idle();
    }

    /// Dials all these that are kept at once, with the back-off forgotten.
    pub(super) fn release(&mut self, free: impl Fn(NodeId) -> bool, now: Instant) {
        for (node, target) in &mut self.targets {
            if target.kept && !target.busy && free(*node) {
                target.failures = 0;
                target.due = Some(now);
            }
        }
    }

    /// The nodes that are dialled or kept.
    pub(super) fn nodes(&self) -> Vec<NodeId> {
        self.targets.keys().copied().collect()
    }
}

/// Half of the doubled pause for certain, and the other half at random, so that nodes that lost
/// their lines together do not come back together.
fn pause(failures: u32, first: Duration, last: Duration, rng: &mut impl Rng) -> Duration {
    let doubled = first
        .saturating_mul(2_u32.saturating_pow(failures))
        .min(last);
    let half_ms = u64::try_from(doubled.as_millis() / 2).unwrap_or(u64::MAX);
    let extra_ms = if half_ms == 0 {
        0
    } else {
        rng.next_u64() % half_ms
    };
    Duration::from_millis(half_ms.saturating_add(extra_ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;

    const FIRST: Duration = Duration::from_millis(500);
    const LAST: Duration = Duration::from_millis(60_000);

    fn node() -> NodeId {
        "620723101000".parse().expect("a node code")
    }

    fn setup() -> (Dialler, ChaCha8Rng, Instant) {
        (
            Dialler::new(FIRST, LAST),
            ChaCha8Rng::seed_from_u64(1),
            Instant::now(),
        )
    }

    #[test]
    fn a_kept_node_is_dialled_at_once_and_then_ever_more_rarely_but_forever() {
        let (mut dialler, mut rng, mut now) = setup();
        dialler.keep(&[node()], |_| false, now);
        let mut limit = FIRST;
        for _ in 0..40 {
            assert_eq!(dialler.take_due(now), [node()]);
            assert_eq!(dialler.next_due(), None, "an attempt is under way");
            let pause = dialler.failed(node(), now, &mut rng).expect("it is kept");
            assert!(
                limit / 2 <= pause && pause <= limit,
                "{pause:?} of {limit:?}"
            );
            limit = (limit * 2).min(LAST);
            now += pause;
        }
        dialler.dial_now(node(), now);
        dialler.take_due(now);
        let pause = dialler.failed(node(), now, &mut rng).expect("it is kept");
        assert!(pause <= FIRST, "dialling by hand forgets the back-off");
    }

    #[test]
    fn a_line_that_proves_nothing_does_not_shorten_the_back_off() {
        let (mut dialler, mut rng, now) = setup();
        dialler.keep(&[node()], |_| false, now);
        for _ in 0..6 {
            dialler.connected(node());
            dialler.failed(node(), now, &mut rng);
        }
        dialler.connected(node());
        assert!(dialler.failed(node(), now, &mut rng).expect("it is kept") > FIRST * 8);
        dialler.proven(node());
        assert!(dialler.failed(node(), now, &mut rng).expect("it is kept") <= FIRST);
    }

    #[test]
    fn what_is_not_kept_is_dialled_once() {
        let (mut dialler, mut rng, now) = setup();
        dialler.dial_now(node(), now);
        assert_eq!(dialler.take_due(now), [node()]);
        assert_eq!(dialler.failed(node(), now, &mut rng), None);
        assert_eq!(dialler.next_due(), None);
    }

    #[test]
    fn what_is_held_is_not_dialled_until_it_is_released() {
        let (mut dialler, mut rng, now) = setup();
        dialler.keep(&[node()], |_| false, now);
        dialler.failed(node(), now, &mut rng);
        dialler.hold(node());
        assert_eq!(dialler.next_due(), None);
        dialler.release(|_| true, now);
        assert_eq!(dialler.take_due(now), [node()]);
    }
}
