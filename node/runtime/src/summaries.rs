//! Bounds the log lines that others can cause at will.
//!
//! Of each kind, and for each member where members are told apart, the first event is written in full.
//! Those of the following minute are counted by where they came from, and written together in one
//! line. So nobody fills the disk, whatever comes in.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crdt_model::ids::NodeId;
use crdt_model::time::Instant;

use node_machine::clock::Clock;

/// Milliseconds of events that share one line.
const SUMMARY_MS: u64 = 60_000;
/// Origins of one kind that are told apart.
const ORIGINS_MAX: usize = 256;
/// Origins that a line names.
const NAMED_MAX: usize = 5;

/// What an event is, in a stable word, and which member it concerns, if members are told apart.
type Kind = (&'static str, Option<NodeId>);

/// Events of one kind since its latest line.
struct Open {
    until: Instant,
    count: u64,
    origins: BTreeMap<String, u64>,
}

/// What is to be written in one line.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Line {
    kind: Kind,
    count: u64,
    origins: String,
}

#[derive(Default)]
struct Kinds(BTreeMap<Kind, Open>);

impl Kinds {
    /// Notes an event. Whether it is to be written in full; and the line of those before it, if their
    /// minute is over.
    fn note(
        &mut self,
        kind: Kind,
        count: u64,
        origin: String,
        now: Instant,
    ) -> (bool, Option<Line>) {
        let line = self.end(kind, now);
        let Some(open) = self.0.get_mut(&kind) else {
            self.open(kind, now);
            return (true, line);
        };
        open.count += count;
        if open.origins.len() < ORIGINS_MAX || open.origins.contains_key(&origin) {
            *open.origins.entry(origin).or_default() += count;
        }
        (false, line)
    }

    fn open(&mut self, kind: Kind, now: Instant) {
        let open = Open {
            until: now.after_ms(SUMMARY_MS),
            count: 0,
            origins: BTreeMap::new(),
        };
        self.0.insert(kind, open);
    }

    /// Ends the minute of a kind if it is over; another one begins if anything came in it.
    fn end(&mut self, kind: Kind, now: Instant) -> Option<Line> {
        if self.0.get(&kind)?.until > now {
            return None;
        }
        let ended = self.0.remove(&kind).filter(|ended| ended.count > 0)?;
        self.open(kind, now);
        Some(Line {
            kind,
            count: ended.count,
            origins: named(ended.origins),
        })
    }

    fn end_all(&mut self, now: Instant) -> Vec<Line> {
        let kinds: Vec<_> = self.0.keys().copied().collect();
        let lines = kinds.into_iter().filter_map(|kind| self.end(kind, now));
        lines.collect()
    }
}

/// Those that caused most, and how many others there were.
fn named(origins: BTreeMap<String, u64>) -> String {
    let others = origins.len().saturating_sub(NAMED_MAX);
    let mut origins: Vec<_> = origins.into_iter().collect();
    origins.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let shown = origins.iter().take(NAMED_MAX);
    let mut parts: Vec<_> = shown
        .map(|(origin, count)| format!("{origin} ({count})"))
        .collect();
    if others > 0 {
        parts.push(format!("{others} others"));
    }
    parts.join(", ")
}

/// The events of one node. Cheap to clone.
#[derive(Clone)]
pub(super) struct Summaries {
    clock: Clock,
    kinds: Arc<Mutex<Kinds>>,
}

impl Summaries {
    /// No events yet.
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            kinds: Arc::default(),
        }
    }

    /// Notes an event. Whether it is to be written in full now.
    pub(super) fn note(
        &self,
        what: &'static str,
        node: Option<NodeId>,
        origin: impl std::fmt::Display,
    ) -> bool {
        self.note_many(what, node, 1, origin)
    }

    /// Notes some events that have been counted already.
    pub(super) fn note_many(
        &self,
        what: &'static str,
        node: Option<NodeId>,
        count: u64,
        origin: impl std::fmt::Display,
    ) -> bool {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now().instant;
        let (in_full, line) = kinds.note((what, node), count, origin.to_string(), now);
        line.iter().for_each(write);
        in_full
    }

    /// When a line is due at the latest.
    pub(super) fn next_due(&self) -> Instant {
        let kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let due = kinds.0.values().map(|open| open.until).min();
        due.unwrap_or(Instant::from_ms(u64::MAX))
    }

    /// Writes the lines that are due.
    pub(super) fn write_due(&self) {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = kinds.end_all(self.clock.now().instant);
        lines.iter().for_each(write);
    }
}

fn write(line: &Line) {
    let (what, node) = line.kind;
    let node = node.map(|node| node.to_string());
    let (count, origins) = (line.count, &line.origins);
    tracing::warn!(
        what,
        node,
        count,
        origins,
        "more of the same within a minute"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOOD: Kind = ("too-many-connections", None);

    fn at(ms: u64) -> Instant {
        Instant::from_ms(ms)
    }

    #[test]
    fn a_million_events_are_two_lines_a_minute_and_the_second_says_from_where() {
        let mut kinds = Kinds::default();
        let mut in_full = 0;
        for n in 0..1_000_000_u64 {
            let origin = format!("10.0.0.{}", if n % 10 == 0 { n / 10 % 7 } else { 200 });
            let (first, line) = kinds.note(FLOOD, 1, origin, at(n * 59_999 / 1_000_000));
            in_full += usize::from(first);
            assert_eq!(line, None);
        }
        assert_eq!(in_full, 1);
        let lines = kinds.end_all(at(60_000));
        let [line] = lines.as_slice() else {
            panic!("{lines:?}")
        };
        assert_eq!(line.count, 999_999);
        assert!(
            line.origins.starts_with("10.0.0.200 (900000), "),
            "{line:?}"
        );
        assert!(line.origins.ends_with(", 3 others"), "{line:?}");
    }

    #[test]
    fn what_comes_once_a_day_is_written_in_full_each_time() {
        let mut kinds = Kinds::default();
        for day in 0..3 {
            let now = at(day * 86_400_000);
            assert_eq!(
                kinds.note(FLOOD, 1, "10.0.0.1".to_owned(), now),
                (true, None)
            );
            assert_eq!(kinds.end_all(now.after_ms(SUMMARY_MS)), []);
        }
    }

    #[test]
    fn the_lines_come_even_if_nobody_looks_in_between() {
        let mut kinds = Kinds::default();
        kinds.note(FLOOD, 1, "10.0.0.1".to_owned(), at(0));
        kinds.note(FLOOD, 1, "10.0.0.2".to_owned(), at(1));
        let (in_full, line) = kinds.note(FLOOD, 1, "10.0.0.3".to_owned(), at(90_000));
        assert!(!in_full);
        assert_eq!(
            line.map(|line| line.origins),
            Some("10.0.0.2 (1)".to_owned())
        );
    }

    #[test]
    fn more_origins_than_are_told_apart_are_still_counted() {
        let mut kinds = Kinds::default();
        for n in 0..10_000 {
            kinds.note(FLOOD, 1, format!("origin {n}"), at(0));
        }
        let lines = kinds.end_all(at(SUMMARY_MS));
        assert_eq!(lines.first().map(|line| line.count), Some(9_999));
    }
}
