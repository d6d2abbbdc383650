//! Doing the same with many things on a few threads.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crdt_model::text::Problem;

/// Threads that the machine runs at once.
pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Does `work` with every thing, on at most `threads` threads, and stops at the first problem.
pub(super) fn each<T: Send>(
    things: impl IntoIterator<Item = T>,
    threads: usize,
    work: impl Fn(T) -> Result<(), Problem> + Sync,
) -> Result<(), Problem> {
    let queue: Mutex<VecDeque<T>> = Mutex::new(things.into_iter().collect());
    let failed: Mutex<Option<Problem>> = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some(thing) = next(&queue) {
                    if let Err(problem) = work(thing) {
                        hold(&queue).clear();
                        hold(&failed).get_or_insert(problem);
                    }
                }
            });
        }
    });
    failed
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .map_or(Ok(()), Err)
}

/// Does `work` with every thing, on at most `threads` threads; results come in the things' order.
pub(super) fn map<T: Send, R: Send>(
    things: Vec<T>,
    threads: usize,
    work: impl Fn(T) -> Result<R, Problem> + Sync,
) -> Result<Vec<R>, Problem> {
    let results: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(things.len()));
    each(things.into_iter().enumerate(), threads, |(place, thing)| {
        let result = work(thing)?;
        hold(&results).push((place, result));
        Ok(())
    })?;
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(place, _)| *place);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

fn next<T>(queue: &Mutex<VecDeque<T>>) -> Option<T> {
    hold(queue).pop_front()
}

/// Takes a lock. A thread that panicked under it has already been reported, and what these locks
/// guard is whole between any two steps.
pub(super) fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crdt_model::text;

    #[test]
    fn results_come_in_order_and_a_problem_ends_the_work() {
        let doubled = map((0..100).collect(), 4, |number: u32| Ok(number * 2)).expect("all");
        assert_eq!(
            doubled,
            (0..100).map(|number| number * 2).collect::<Vec<_>>()
        );
        let problem = || Problem::new("odd", text!("奇数", "odd"), text!("无", "none"));
        let failed = map((0..100).collect(), 4, |number: u32| {
            if number == 7 {
                Err(problem())
            } else {
                Ok(number)
            }
        });
        assert_eq!(failed.expect_err("seven").code, "odd");
    }
}
