//! The marks under which the store keeps whose it is.

/// The mark under which the store keeps the node's author epoch.
pub(super) const EPOCH_MARK: &str = "epoch";
/// The mark under which the store keeps the node's own code.
pub(super) const NODE_MARK: &str = "node";
/// The mark under which the store keeps the public key that the node last ran with.
pub(super) const KEY_MARK: &str = "key";
