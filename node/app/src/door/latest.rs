//! The latest answers of what is asked again and again: one that is a moment old is better than none
//! while the engine's thread is busy.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::use_case::UseCase;

/// Seconds after which an answer is too old to be given again.
const AGE_S_MAX: u64 = 600;

/// An answer is given again for so many times as long as it took to make it: whoever asks again and again
/// gets a part of the engine's time, and no more.
const FRESH_FACTOR: u32 = 4;

/// See the module.
#[derive(Clone, Default)]
pub(super) struct Latest(Arc<Mutex<BTreeMap<&'static str, Kept>>>);

struct Kept {
    at: Instant,
    /// For how long it is given again without the engine's thread being asked.
    fresh: Duration,
    acknowledged: u64,
    answer: Box<dyn Any + Send>,
}

impl Latest {
    /// Keeps an answer that the engine's thread began to make then; `acknowledged` tells what it shows.
    pub(super) fn keep<U: UseCase>(
        &self,
        answer: &U::Answer,
        begun: Instant,
        now: Instant,
        acknowledged: u64,
    ) {
        let kept = Kept {
            at: now,
            fresh: now.duration_since(begun) * FRESH_FACTOR,
            acknowledged,
            answer: Box::new(answer.clone()),
        };
        self.kept().insert(U::NAME, kept);
    }

    /// The latest answer, unless something was acknowledged since.
    pub(super) fn answer<U: UseCase>(&self, now: Instant, acknowledged: u64) -> Option<U::Answer> {
        let latest = self.kept();
        let kept = latest.get(U::NAME)?;
        let age = now.duration_since(kept.at);
        if kept.acknowledged != acknowledged || age.as_secs() >= AGE_S_MAX {
            return None;
        }
        let mut answer = kept.answer.downcast_ref::<U::Answer>()?.clone();
        U::grow_old(&mut answer, u64::try_from(age.as_millis()).ok()?);
        Some(answer)
    }

    /// The same, if making it took so long that it is too early to make another.
    pub(super) fn fresh<U: UseCase>(&self, now: Instant, acknowledged: u64) -> Option<U::Answer> {
        let fresh = |kept: &Kept| now.duration_since(kept.at) < kept.fresh;
        let is_fresh = self.kept().get(U::NAME).is_some_and(fresh);
        is_fresh.then(|| self.answer::<U>(now, acknowledged))?
    }

    /// Something else was done: what is known of the node is true no more.
    pub(super) fn forget(&self) {
        self.kept().clear();
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<&'static str, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
