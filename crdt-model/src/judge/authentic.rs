//! Whether commits are what their authors signed: most of the work of judging them, and of each on its
//! own, so that it goes over as many threads as the driver allows. What comes of it is the same over
//! any number.

use std::num::NonZeroUsize;

use super::{Charters, Fault};
use crate::commit::Commit;
use crate::ids::ActorId;

/// Commits for which another thread is worth its while.
const COMMITS_A_THREAD_MIN: usize = 16;

/// A commit that its author signed, with the author's actor; or why it does not count.
pub type Authentic = Result<(Commit, ActorId), Fault>;

impl Charters {
    /// Reads a commit and checks its signature.
    pub fn read(&self, encoded: &[u8]) -> Authentic {
        let (commit, signer) = match self.ahead.take(encoded) {
            Some((commit, signer)) => (commit, Some(signer)),
            None => (Commit::decode(encoded)?, None),
        };
        let actor = self.authenticate_signed(&commit, signer)?;
        Ok((commit, actor))
    }

    /// The same of many, in their order, over at most so many threads.
    pub fn read_all(&self, commits: &[Vec<u8>], threads_max: NonZeroUsize) -> Vec<Authentic> {
        over_threads(commits, threads_max, |encoded| self.read(encoded))
    }
}

/// What `read` makes of each commit, in their order.
pub(super) fn over_threads<T: Send>(
    commits: &[Vec<u8>],
    threads_max: NonZeroUsize,
    read: impl Fn(&[u8]) -> T + Sync,
) -> Vec<T> {
    let read_some = |commits: &[Vec<u8>]| -> Vec<T> {
        let commits = commits.iter();
        commits.map(|encoded| read(encoded)).collect()
    };
    let threads = (commits.len() / COMMITS_A_THREAD_MIN).min(threads_max.get());
    if threads <= 1 {
        return read_some(commits);
    }
    let (first, rest) = commits.split_at(commits.len().div_ceil(threads));
    std::thread::scope(|scope| {
        let others: Vec<_> = rest
            .chunks(first.len())
            .map(|part| (part, scope.spawn(|| read_some(part))))
            .collect();
        let mut all = read_some(first);
        for (part, other) in others {
            // A thread that came to nothing has done nothing: its part is done here.
            all.extend(other.join().unwrap_or_else(|_| read_some(part)));
        }
        all
    })
}
