//! Opening a store: is it the one that was last made durable here?

use crdt_model::store::StoreError;

use super::frame::{self, Index};
use super::head::{Head, Mark};
use super::log_store::LogStore;
use super::platter::Platter;
use super::rewrite;

/// What opening a store found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Batches in the log.
    pub batches: u64,
    /// Those among them that were not known to be durable.
    pub unsynced_kept: u64,
    /// Bytes after the last whole batch, which were cut off.
    pub cut_bytes: u64,
    /// Keys whose values were damaged and were removed when a rollback was accepted.
    pub removed: Vec<Vec<u8>>,
}

/// A store that does not open, and its disk as it was.
#[derive(Debug)]
pub struct Refused {
    /// Why: [`StoreError::RolledBack`], or [`StoreError::Damaged`] with an empty key.
    pub error: StoreError,
    /// The disk.
    pub platter: Platter,
}

impl From<Box<Refused>> for StoreError {
    fn from(refused: Box<Refused>) -> Self {
        refused.error
    }
}

/// What a walk over a log found.
struct Walk {
    index: Index,
    /// After the last batch that counts.
    end: Mark,
    /// The point of the log where the head stood.
    at_head: Option<Mark>,
}

impl LogStore {
    /// Opens a store. Whole batches beyond the head are kept and made durable; the first that is
    /// not whole ends the log. A value below the head may be damaged: reading it says so.
    ///
    /// # Errors
    ///
    /// [`Refused`], with [`StoreError::RolledBack`] if the log is not the one that was last made
    /// durable here, and with [`StoreError::Damaged`] if its structure is damaged so that nobody
    /// can say what else is affected. [`accept_rollback`](Self::accept_rollback) is the way on.
    pub fn open(platter: Platter) -> Result<(Self, Recovery), Box<Refused>> {
        match check(&platter) {
            Ok((head, walk)) => Ok(finish(platter, head, walk)),
            Err(error) => {
                let mut refused = Box::new(Refused { error, platter });
                if let StoreError::RolledBack(_) = refused.error {
                    refused.platter.counts.rollbacks_detected += 1;
                }
                Err(refused)
            }
        }
    }

    /// Opens what is there, for an operator who restored a backup or has none: the batches up to
    /// the first that cannot be read, without the values that are damaged. From now on this is what
    /// the store holds: an older log, and a newer one from before, are refused.
    pub fn accept_rollback(mut platter: Platter) -> Result<(Self, Recovery), StoreError> {
        let old = Head::newest(&platter.head);
        let head = old.unwrap_or(Head {
            turn: 0,
            mark: Mark::start(0),
        });
        let found = frame::generation_of(&platter.log);
        let durable = match found == Some(head.mark.generation) {
            true => head.mark.length,
            false => usize::MAX,
        };
        let mut walk = walk(&platter.log, Mark::start(found.unwrap_or(0)), durable);
        let removed = rewrite::remove_damaged(&platter.log, &mut walk.index);
        let recovery = Recovery {
            batches: walk.end.batches,
            unsynced_kept: 0,
            cut_bytes: platter.log.len().saturating_sub(walk.end.length) as u64,
            removed,
        };
        let generation = head.mark.generation.max(walk.end.generation) + 1;
        let new = rewrite::live(&platter.log, &walk.index, generation)?;
        let head = head.next(new.end);
        platter.log = new.log;
        platter.write_head(&head);
        Ok((Self::over(platter, new.index, head, new.end), recovery))
    }
}

/// Cuts off what does not count and makes the rest durable.
fn finish(mut platter: Platter, head: Head, walk: Walk) -> (LogStore, Recovery) {
    let recovery = Recovery {
        batches: walk.end.batches,
        unsynced_kept: walk.end.batches - head.mark.batches,
        cut_bytes: (platter.log.len() - walk.end.length) as u64,
        removed: Vec::new(),
    };
    platter.log.truncate(walk.end.length);
    let head = match walk.end == head.mark {
        true => head,
        false => head.next(walk.end),
    };
    platter.write_head(&head);
    let end = walk.end;
    (LogStore::over(platter, walk.index, head, end), recovery)
}

/// Reads the log and compares it with the head.
fn check(platter: &Platter) -> Result<(Head, Walk), StoreError> {
    let head = Head::newest(&platter.head)
        .ok_or_else(|| unreadable("neither slot of the head is whole".to_owned()))?;
    let rolled_back = |problem: String| Err(StoreError::RolledBack(problem));
    if platter.log.is_empty() {
        return rolled_back("the log was emptied".to_owned());
    }
    match frame::generation_of(&platter.log) {
        Some(generation) if generation == head.mark.generation => {}
        Some(generation) => {
            return rolled_back(format!(
                "the log has generation {generation}, and {} was durable",
                head.mark.generation
            ));
        }
        None => return Err(unreadable("the log has no whole preamble".to_owned())),
    }
    let walk = walk(
        &platter.log,
        Mark::start(head.mark.generation),
        head.mark.length,
    );
    if walk.at_head == Some(head.mark) {
        return Ok((head, walk));
    }
    if platter.log.len() >= head.mark.length && walk.end.length < head.mark.length {
        return Err(unreadable(format!(
            "batch {} of {} cannot be read",
            walk.end.batches + 1,
            head.mark.batches
        )));
    }
    rolled_back(format!(
        "an older or another log was restored: {} batches were durable",
        head.mark.batches
    ))
}

/// Reads batches from a mark on. Those that lie beyond what was durable count only if their values
/// are whole, and end the log if not: they were torn.
fn walk(log: &[u8], start: Mark, durable: usize) -> Walk {
    let mut walk = Walk {
        index: Index::new(),
        end: start,
        at_head: (start.length == durable).then_some(start),
    };
    while let Some(frame) = frame::read(log, &walk.end) {
        if walk.end.length >= durable && !frame.is_whole(log) {
            break;
        }
        walk.end = walk.end.after(&frame);
        if walk.end.length == durable {
            walk.at_head = Some(walk.end);
        }
        frame.apply(&mut walk.index);
    }
    walk
}

/// How many whole batches of a log lie beyond what is durable.
pub(super) fn whole_batches_beyond(log: &[u8], durable: &Mark) -> u64 {
    walk(log, *durable, durable.length).end.batches - durable.batches
}

/// Damage to the structure: no single key is named.
fn unreadable(problem: String) -> StoreError {
    StoreError::Damaged {
        key: String::new(),
        problem,
    }
}
