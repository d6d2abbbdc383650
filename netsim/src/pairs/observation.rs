//! What an observer sees, written down entry by entry, and the first entry in which two
//! observations differ.

use std::fmt;

use crdt_model::ids::NodeId;
use crdt_model::replica;

use crate::world::World;
use crate::world::watch::{Seen, Sight};

/// Bytes shown before and after the first that differs.
const SHOWN: usize = 16;

/// One thing that an observer saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// After how many steps.
    pub step: usize,
    /// Virtual time, in milliseconds.
    pub at_ms: u64,
    /// What it is.
    pub what: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Entry {
    /// What the observer saw.
    pub fn of(step: usize, sight: &Sight) -> Self {
        let (what, bytes) = match &sight.seen {
            Seen::Sent { to, request, bytes } => {
                (format!("{} to {to}", frame(*request)), bytes.clone())
            }
            Seen::Arrived {
                from,
                request,
                bytes,
            } => (format!("{} of {from}", frame(*request)), bytes.clone()),
            Seen::Line { peer, up } => (
                format!("line to {peer} {}", if *up { "up" } else { "down" }),
                Vec::new(),
            ),
            Seen::Holds { facet, entry } => (
                "a facet is durable".to_owned(),
                format!("{facet:?}: {entry:?}").into_bytes(),
            ),
            Seen::Charter(version) => (format!("charter {version} in force"), Vec::new()),
            Seen::Happened(happening) => (
                "the driver is told".to_owned(),
                format!("{happening:?}").into_bytes(),
            ),
        };
        Self {
            step,
            at_ms: sight.at_ms,
            what,
            bytes,
        }
    }
}

fn frame(request: bool) -> &'static str {
    if request { "request" } else { "answer" }
}

/// All that a node has, looked at now.
pub fn state(world: &World, node: NodeId, step: usize) -> Vec<Entry> {
    let at_ms = world.now_ms();
    let entry = |what: &str, bytes| Entry {
        step,
        at_ms,
        what: what.to_owned(),
        bytes,
    };
    let Some(state) = world.node(node) else {
        let off = world.off().find(|(off, _)| *off == node);
        let disk = off.map(|(_, off)| off.platter.image().collect::<Vec<_>>().concat());
        return vec![entry("its disk, while it is off", disk.unwrap_or_default())];
    };
    let disk = state.store.platter().image().collect::<Vec<_>>().concat();
    let text = |lines: Vec<String>| lines.join("\n").into_bytes();
    let peers = state
        .engine
        .peers()
        .iter()
        .map(|peer| format!("{peer:?}"))
        .collect();
    let quarantine = state.engine.quarantine();
    let refused = quarantine.entries().map(|entry| format!("{entry:?}"));
    let counts = quarantine.counts().map(|count| format!("{count:?}"));
    let refused = refused.chain(counts).collect();
    let index = state.engine.index();
    let labels = index
        .labels()
        .map(|label| format!("{label} {:?}", index.total(label)))
        .collect();
    vec![
        entry("its disk", disk),
        entry("its peers", text(peers)),
        entry("its quarantine", text(refused)),
        entry("its index", text(labels)),
        entry(
            "its emergencies",
            format!("{:?}", state.engine.emergency_status()).into_bytes(),
        ),
        entry("its documents", text(documents(world, node))),
    ]
}

fn documents(world: &World, node: NodeId) -> Vec<String> {
    let mut held = Vec::new();
    if let Some(state) = world.node(node) {
        let listed = replica::for_each_facet(&state.store, |facet, _| held.push(facet));
        if let Err(why) = listed {
            return vec![why.to_string()];
        }
    }
    let document = |facet| format!("{facet:?}: {:?}", world.document(node, facet));
    held.iter().map(document).collect()
}

/// Where two observations part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// How many entries are the same before it.
    pub after: usize,
    /// What was seen in the one world, if anything more was.
    pub one: Option<Entry>,
    /// What was seen in the other.
    pub other: Option<Entry>,
}

impl Difference {
    /// When the earlier of the two was seen.
    pub fn at_ms(&self) -> u64 {
        let times = [&self.one, &self.other]
            .into_iter()
            .flatten()
            .map(|entry| entry.at_ms);
        times.min().unwrap_or(0)
    }
}

/// The first entry in which two observations differ; `None` if they are the same.
pub fn first_difference(one: &[Entry], other: &[Entry]) -> Option<Difference> {
    let same = one
        .iter()
        .zip(other)
        .take_while(|(one, other)| one == other)
        .count();
    let (one, other) = (one.get(same).cloned(), other.get(same).cloned());
    (one.is_some() || other.is_some()).then_some(Difference {
        after: same,
        one,
        other,
    })
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = |entry: &Option<Entry>| entry.as_ref().map(|entry| entry.bytes.clone());
        let (one, other) = (bytes(&self.one), bytes(&self.other));
        let (one, other) = (one.unwrap_or_default(), other.unwrap_or_default());
        let same = one
            .iter()
            .zip(&other)
            .take_while(|(one, other)| one == other)
            .count();
        for (which, entry, bytes) in [("one", &self.one, &one), ("other", &self.other, &other)] {
            match entry {
                None => writeln!(f, "  {which}: nothing more")?,
                Some(entry) => {
                    let from = same.saturating_sub(SHOWN);
                    let shown: Vec<u8> = bytes.iter().skip(from).take(2 * SHOWN).copied().collect();
                    let hex = hex::encode(&shown);
                    let words: String = String::from_utf8_lossy(&shown)
                        .chars()
                        .map(|letter| if letter.is_control() { '.' } else { letter })
                        .collect();
                    writeln!(
                        f,
                        "  {which}: step {} at {} ms: {}, {} bytes, from {from}: {hex} ({words})",
                        entry.step,
                        entry.at_ms,
                        entry.what,
                        bytes.len()
                    )?;
                }
            }
        }
        write!(f, "  after {} equal entries, at byte {same}", self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at_ms: u64, bytes: &[u8]) -> Entry {
        Entry {
            step: 1,
            at_ms,
            what: "a frame".to_owned(),
            bytes: bytes.to_vec(),
        }
    }

    #[test]
    fn the_first_entry_that_differs_is_found() {
        let one = [entry(1, b"same"), entry(2, b"this one"), entry(3, b"end")];
        assert_eq!(first_difference(&one, &one), None);
        let other = [entry(1, b"same"), entry(2, b"this two"), entry(4, b"end")];
        let found = first_difference(&one, &other).expect("a difference");
        assert_eq!((found.after, found.at_ms()), (1, 2));
        assert!(found.to_string().contains("at byte 5"), "{found}");
    }

    #[test]
    fn a_moment_and_an_entry_more_are_differences() {
        let one = [entry(1, b"a"), entry(2, b"b")];
        let late = first_difference(&one, &[entry(1, b"a"), entry(3, b"b")]);
        assert_eq!(late.map(|found| found.at_ms()), Some(2));
        let short = first_difference(&one, &one[..1]).expect("a difference");
        assert_eq!((short.after, short.other), (1, None));
    }
}
