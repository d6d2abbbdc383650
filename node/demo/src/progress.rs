//! How far a long piece of work has got, told to whoever wants to know.

use crdt_model::text::Text;

/// Listens to how far the work has got. Called from several threads.
pub trait Progress: Sync {
    /// A stage of the work begins.
    fn stage(&self, what: &Text);
    /// So much of the stage is done.
    fn at(&self, done: u64, of: u64);
}

/// Listens to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _: &Text) {}
    fn at(&self, _: u64, _: u64) {}
}
