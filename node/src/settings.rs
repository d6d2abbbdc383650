//! Provisional: the settings of a node. To be replaced whole; `node()`, `listen()` and
//! `cache_bytes()` are what the running member asks for.

use crdt_model::ids::NodeId;

/// The settings of a node.
#[derive(Clone, Debug)]
pub struct Settings {
    node: NodeId,
    listen: Vec<String>,
    cache_mib: u64,
}

impl Settings {
    /// The node's code.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Where it listens, as multiaddresses.
    pub fn listen(&self) -> &[String] {
        &self.listen
    }

    /// Bytes of the store's cache.
    pub fn cache_bytes(&self) -> u64 {
        self.cache_mib << 20
    }
}
