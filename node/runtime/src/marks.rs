//! The marks under which the store keeps whose it is.

use crdt_model::text;
use crdt_model::text::Problem;

/// The mark under which the store keeps the node's author epoch.
pub(super) const EPOCH_MARK: &str = "epoch";
pub(super) const NODE_MARK: &str = "node";
/// The mark under which the store keeps the public key that the node last ran with.
pub(super) const KEY_MARK: &str = "key";

/// Random bytes of the operating system.
pub(super) fn random_bytes() -> Result<[u8; 8], Problem> {
    let mut bytes = [0u8; 8];
    getrandom::fill(&mut bytes).map_err(|problem| {
        Problem::new(
            "no-entropy",
            text!(
                "本机系统暂时不能生成随机数（`{problem}`）",
                "this machine cannot give random numbers now: {problem}"
            ),
            text!(
                "检查操作系统，然后重试",
                "check the operating system, then try again"
            ),
        )
    })?;
    Ok(bytes)
}
