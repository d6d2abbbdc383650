//! What an engine says about itself: which store it is, how far it has come, what it holds.
//!
//! ```text
//! 0   16  store       random, chosen when the store is created or a rollback is accepted
//! 16   8  generation  raised by every scrub
//! 24   8  batches     raised by every batch
//! 32   8  entries     number of entries
//! 40   8  sum         sum of the entries' checksums, modulo 2^64
//! ```
//!
//! Integers are big-endian. The stamp is written with every batch, in that batch.

/// Which store this is. A copy of another store's engine carries another one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct StoreId(pub(super) [u8; 16]);

impl StoreId {
    /// A fresh one from the operating system.
    pub(super) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }
}

/// How far a store has come: what the head file and the engine are compared by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Mark {
    pub(super) store: StoreId,
    pub(super) generation: u64,
    pub(super) batches: u64,
}

impl Mark {
    /// Whether a store that came to this mark had all that is durable by the other.
    pub(super) fn covers(self, durable: Self) -> bool {
        (self.store, self.generation) == (durable.store, durable.generation)
            && self.batches >= durable.batches
    }
}

/// What a store holds: the number of entries and the sum of their checksums.
///
/// The sum catches entries that vanished or came back. It is no defence against someone who forges
/// entries: whoever can write the folder can write the sum.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Content {
    pub(super) entries: u64,
    pub(super) sum: u64,
}

impl Content {
    pub(super) fn add(&mut self, tag: [u8; 8]) {
        self.entries = self.entries.wrapping_add(1);
        self.sum = self.sum.wrapping_add(u64::from_be_bytes(tag));
    }

    pub(super) fn remove(&mut self, tag: [u8; 8]) {
        self.entries = self.entries.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(u64::from_be_bytes(tag));
    }
}

/// The stamp.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stamp {
    pub(super) mark: Mark,
    pub(super) content: Content,
}

impl Stamp {
    /// The stamp of a store without entries.
    pub(super) fn empty(mark: Mark) -> Self {
        Self {
            mark,
            content: Content::default(),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(48);
        bytes.extend(self.mark.store.0);
        bytes.extend(self.mark.generation.to_be_bytes());
        bytes.extend(self.mark.batches.to_be_bytes());
        bytes.extend(self.content.entries.to_be_bytes());
        bytes.extend(self.content.sum.to_be_bytes());
        bytes
    }

    /// `None` if the length is wrong. The caller has checked the checksum.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let mark = Mark {
            store: StoreId(take(&mut rest)?),
            generation: u64::from_be_bytes(take(&mut rest)?),
            batches: u64::from_be_bytes(take(&mut rest)?),
        };
        let content = Content {
            entries: u64::from_be_bytes(take(&mut rest)?),
            sum: u64::from_be_bytes(take(&mut rest)?),
        };
        rest.is_empty().then_some(Self { mark, content })
    }
}

/// Takes `N` bytes off the front.
pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (front, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*front)
}
