//! What waits for each neighbour: how many facets changed here since the two were last equal, whether
//! they are connected or not, and when that was. It follows from what this node holds and from the
//! charter alone; what a neighbour holds is never asked.
//!
//! It is kept over restarts in `waiting` in the node's folder. The file says nothing of any record:
//!
//! ```text
//! 8 B magic, u32 neighbours; for each: u64 node, u64 wall time of the last equality in ms or 0,
//! u8 whether there are more, u32 count, 8 B of the SHA-256 of each facet's name; u32 CRC-32 of all
//! before; little endian
//! ```
//!
//! It is written about once a second while something changes, without waiting for the disk. A file that
//! is damaged or not there counts as if the nodes had never been equal: then everything may be waiting.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use crdt_model::charter::Charter;
use crdt_model::engine::{self, Engine, LinkState};
use crdt_model::ids::NodeId;
use crdt_model::label::{FacetId, Label};
use crdt_model::time::{Instant, WallTime};
use sha2::{Digest, Sha256};

/// Facets that are told apart for one neighbour; past it there are at least so many.
const FACETS_MAX: usize = 16_384;
/// Milliseconds between two writes of the file.
const SAVE_MS: u64 = 1_000;
/// Milliseconds by which the time on disk may lie behind, while nothing else changes.
const EQUAL_BEHIND_MS: u64 = 60_000;
const MAGIC: &[u8; 8] = b"waiting1";

/// Stands for a facet without saying which it is: records have random ids.
type FacetMark = [u8; 8];

fn mark(facet: &FacetId) -> FacetMark {
    let names = (facet.facet, facet.home, facet.addressee);
    let named = format!("{}/{}/{}/{}", facet.record, names.0, names.1, names.2);
    let digest: [u8; 32] = Sha256::digest(named.as_bytes()).into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    [a, b, c, d, e, f, g, h]
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct ForPeer {
    equal: Option<WallTime>,
    facets: BTreeSet<FacetMark>,
    /// There are more than are told apart.
    more: bool,
}

/// How it stands with one neighbour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waits {
    /// When the two were last known to be equal; none if they never were.
    pub equal: Option<WallTime>,
    /// Facets that changed since.
    pub facets: usize,
    /// Whether there are more than that.
    pub more: bool,
}

/// What waits for all neighbours.
pub struct Waiting {
    path: PathBuf,
    peers: BTreeMap<NodeId, ForPeer>,
    /// The neighbours whose links carry a label.
    carriers: BTreeMap<Label, Vec<NodeId>>,
    /// What is carried, or held, is no longer what it was.
    rules_changed: bool,
    dirty: bool,
    save_at: Instant,
}

impl Waiting {
    /// As it was left; nothing is known if it cannot be read.
    pub(super) fn open(path: PathBuf) -> Self {
        let found = fs::read(&path).ok().and_then(|bytes| decode(&bytes));
        Self {
            path,
            peers: found.unwrap_or_default(),
            carriers: BTreeMap::new(),
            rules_changed: false,
            dirty: false,
            save_at: Instant::default(),
        }
    }

    /// How it stands with a neighbour; `have` facets are shared with it.
    pub fn with(&self, peer: NodeId, have: u64) -> Waits {
        let all = usize::try_from(have).unwrap_or(usize::MAX);
        let known = self.peers.get(&peer).filter(|known| known.equal.is_some());
        match known {
            Some(known) => Waits {
                equal: known.equal,
                facets: known.facets.len(),
                more: known.more,
            },
            None => Waits {
                equal: None,
                facets: all,
                more: false,
            },
        }
    }

    /// A facet changed: it waits for all neighbours but the one that it came from.
    pub(super) fn changed(
        &mut self,
        charter: &dyn Charter,
        node: NodeId,
        facet: &FacetId,
        label: &Label,
        from: Option<NodeId>,
    ) {
        let carriers = self.carriers.entry(*label).or_insert_with(|| {
            let (roster, audience) = (charter.roster(), charter.audience(label));
            let links = engine::links(charter, node).into_iter();
            links
                .filter(|peer| engine::carries(roster, node, *peer, &audience))
                .collect()
        });
        for peer in carriers.iter().filter(|peer| Some(**peer) != from) {
            let known = self.peers.entry(*peer).or_default();
            // Where the two have never been equal, all that is shared waits.
            if known.equal.is_none() {
                continue;
            }
            if known.facets.len() < FACETS_MAX {
                self.dirty |= known.facets.insert(mark(facet));
            } else if !known.facets.contains(&mark(facet)) {
                self.dirty |= !std::mem::replace(&mut known.more, true);
            }
        }
    }

    /// The charter changed, or facets were dropped.
    pub(super) fn rules_changed(&mut self) {
        self.carriers.clear();
        self.rules_changed = true;
    }

    /// Takes up how the links stand now.
    pub(super) fn follow(&mut self, engine: &Engine, wall: WallTime) {
        if std::mem::take(&mut self.rules_changed) {
            self.keep_what_is_shared(engine);
        }
        let equal = engine
            .link_states()
            .filter(|(_, link)| *link == LinkState::InSync);
        for (peer, _) in equal {
            let known = self.peers.entry(peer).or_default();
            let before = known.equal.map_or(0, |equal| equal.ms);
            let settled = known.more || !known.facets.is_empty();
            if settled || wall.ms.saturating_sub(before) >= EQUAL_BEHIND_MS {
                self.dirty = true;
            }
            *known = ForPeer {
                equal: Some(wall),
                ..ForPeer::default()
            };
        }
    }

    /// Forgets what is not held any more or no longer shared.
    fn keep_what_is_shared(&mut self, engine: &Engine) {
        let (charter, node) = (&**engine.charter(), engine.node());
        let links: Vec<_> = engine::links(charter, node).into_iter().collect();
        self.peers.retain(|peer, _| links.contains(peer));
        if self.peers.values().all(|known| known.facets.is_empty()) {
            return;
        }
        let mut shared: BTreeMap<NodeId, BTreeSet<FacetMark>> = BTreeMap::new();
        for label in engine.index().labels() {
            let audience = charter.audience(label);
            let carriers = self.peers.iter().filter(|(peer, known)| {
                let waits = !known.facets.is_empty();
                waits && engine::carries(charter.roster(), node, **peer, &audience)
            });
            let carriers: Vec<_> = carriers.map(|(peer, _)| *peer).collect();
            for record in engine.index().records(label) {
                let mark = mark(&label.facet_of(record));
                for peer in &carriers {
                    let waits = self.peers.get(peer);
                    if waits.is_some_and(|known| known.facets.contains(&mark)) {
                        shared.entry(*peer).or_default().insert(mark);
                    }
                }
            }
        }
        for (peer, known) in &mut self.peers {
            known.facets = shared.remove(peer).unwrap_or_default();
        }
        self.dirty = true;
    }

    /// When it must be saved at the latest.
    pub(super) fn save_at(&self) -> Instant {
        match self.dirty {
            true => self.save_at,
            false => Instant::from_ms(u64::MAX),
        }
    }

    /// Saves it if that is due.
    ///
    /// # Errors
    /// The file cannot be written; it is tried again later.
    pub(super) fn save_if_due(&mut self, now: Instant) -> std::io::Result<()> {
        if !self.dirty || now < self.save_at {
            return Ok(());
        }
        self.save_at = now.after_ms(SAVE_MS);
        self.save()
    }

    fn save(&mut self) -> std::io::Result<()> {
        let beside = self.path.with_extension("new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(&encode(&self.peers))?;
        fs::rename(&beside, &self.path)?;
        self.dirty = false;
        Ok(())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.dirty {
            // What cannot be saved counts as waiting after the next start.
            let _ = self.save();
        }
    }
}

fn encode(peers: &BTreeMap<NodeId, ForPeer>) -> Vec<u8> {
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes();
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&count(peers.len()));
    for (peer, known) in peers {
        bytes.extend_from_slice(&peer.code().to_le_bytes());
        let equal = known.equal.map_or(0, |equal| equal.ms);
        bytes.extend_from_slice(&equal.to_le_bytes());
        bytes.push(u8::from(known.more));
        bytes.extend_from_slice(&count(known.facets.len()));
        known
            .facets
            .iter()
            .for_each(|mark| bytes.extend_from_slice(mark));
    }
    let sum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<BTreeMap<NodeId, ForPeer>> {
    let (whole, sum) = bytes.split_last_chunk::<4>()?;
    if crc32fast::hash(whole) != u32::from_le_bytes(*sum) {
        return None;
    }
    let (count, mut rest) = whole.strip_prefix(MAGIC)?.split_first_chunk::<4>()?;
    let mut peers = BTreeMap::new();
    for _ in 0..u32::from_le_bytes(*count) {
        let (code, after) = rest.split_first_chunk::<8>()?;
        let (equal, after) = after.split_first_chunk::<8>()?;
        let (more, after) = after.split_first_chunk::<1>()?;
        let (count, after) = after.split_first_chunk::<4>()?;
        let bytes = (u32::from_le_bytes(*count) as usize).checked_mul(8)?;
        let (marks, after) = after.split_at_checked(bytes)?;
        rest = after;
        let equal = u64::from_le_bytes(*equal);
        let known = ForPeer {
            equal: (equal > 0).then_some(WallTime::from_ms(equal)),
            facets: marks.as_chunks::<8>().0.iter().copied().collect(),
            more: *more != [0],
        };
        let peer = format!("{:012}", u64::from_le_bytes(*code)).parse().ok()?;
        peers.insert(peer, known);
    }
    rest.is_empty().then_some(peers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(code: &str) -> NodeId {
        code.parse().expect("a node code")
    }

    fn peers() -> BTreeMap<NodeId, ForPeer> {
        let some = ForPeer {
            equal: Some(WallTime::from_ms(1_790_000_000_000)),
            facets: [[1; 8], [2; 8]].into(),
            more: true,
        };
        let peers = [("620723101000", some), ("620723000000", ForPeer::default())];
        peers.map(|(code, known)| (node(code), known)).into()
    }

    #[test]
    fn what_is_saved_comes_back_and_what_is_damaged_does_not() {
        let bytes = encode(&peers());
        assert_eq!(decode(&bytes), Some(peers()));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(decode(&damaged), None, "byte {at}");
            assert_eq!(decode(&bytes[..at]), None, "{at} bytes");
        }
    }

    #[test]
    fn everything_waits_for_a_neighbour_that_was_never_equal() {
        let folder = tempfile::tempdir().expect("a folder");
        let waiting = Waiting::open(folder.path().join("waiting"));
        let waits = waiting.with(node("620723101000"), 7);
        assert_eq!((waits.equal, waits.facets), (None, 7));
    }
}
