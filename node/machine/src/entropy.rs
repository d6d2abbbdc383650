//! Random bytes of the operating system.

use crdt_model::text;
use crdt_model::text::Problem;

/// So many random bytes.
///
/// # Errors
/// The operating system gives none.
pub fn random_bytes<const BYTES: usize>() -> Result<[u8; BYTES], Problem> {
    let mut bytes = [0; BYTES];
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
