//! Streams of numbers from one seed, the same on every machine.

use crdt_model::ids::NodeId;

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014).
#[derive(Clone, Debug)]
pub struct Seed {
    state: u64,
}

impl Seed {
    /// The stream of this seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The stream for one purpose. Streams of one seed share nothing: what is drawn from one
    /// never moves another.
    pub fn split(seed: u64, purpose: &str, of: &[NodeId]) -> Self {
        let mut stream = Self::new(seed ^ 0x6d65_7368_6e65_7473);
        for byte in purpose.bytes() {
            stream.state = stream.bits() ^ u64::from(byte);
        }
        for node in of {
            stream.state = stream.bits() ^ node.code();
        }
        stream.state = stream.bits();
        stream
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 if that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = end.max(1) as u64;
        (self.bits() % end) as usize
    }

    /// A number from `first` to `last`, both included.
    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.bits() % (last.saturating_sub(first) + 1)
    }

    /// Whether something that happens in `of` cases in a hundred happens now.
    pub fn percent(&mut self, of: usize) -> bool {
        self.below(100) < of
    }

    /// One of these; `None` where there are none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }
}
