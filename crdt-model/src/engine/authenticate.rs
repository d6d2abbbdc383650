//! Whether commits are what their authors signed: most of the work of judging them, and of each on its
//! own, so that it goes over as many threads as the driver allows. What comes of it is the same over
//! any number.

use std::num::NonZeroUsize;

use crate::commit::Commit;
use crate::ids::ActorId;
use crate::judge::{Charters, Fault};

/// Commits for which another thread is worth its while.
const COMMITS_A_THREAD_MIN: usize = 16;

/// A commit with its author's actor, or why it does not count.
pub(super) type Authentic = Result<(Commit, ActorId), Fault>;

/// Reads a commit and checks its signature.
pub(super) fn authenticate(charters: &Charters, encoded: &[u8]) -> Authentic {
    let commit = Commit::decode(encoded)?;
    let actor = charters.authenticate(&commit)?;
    Ok((commit, actor))
}

/// The same of many, in their order.
pub(super) fn authenticate_all(
    charters: &Charters,
    commits: &[Vec<u8>],
    threads_max: NonZeroUsize,
) -> Vec<Authentic> {
    let some = |commits: &[Vec<u8>]| -> Vec<Authentic> {
        let authentic = commits
            .iter()
            .map(|encoded| authenticate(charters, encoded));
        authentic.collect()
    };
    let threads = (commits.len() / COMMITS_A_THREAD_MIN).min(threads_max.get());
    if threads <= 1 {
        return some(commits);
    }
    let (first, rest) = commits.split_at(commits.len().div_ceil(threads));
    std::thread::scope(|scope| {
        let others: Vec<_> = rest
            .chunks(first.len())
            .map(|part| (part, scope.spawn(move || some(part))))
            .collect();
        let mut all = some(first);
        for (part, other) in others {
            // A thread that came to nothing has done nothing: its part is done here.
            all.extend(other.join().unwrap_or_else(|_| some(part)));
        }
        all
    })
}
