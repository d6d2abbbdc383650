//! Who is connected to the control socket: so many at a time, and whoever has asked nothing for the
//! longest gives way to the next. A program that is waiting for its answer keeps its place.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// Connections at a time, at most.
const SEATS_MAX: usize = 64;

/// The connections that there are.
#[derive(Default)]
pub(super) struct Seats {
    taken: Mutex<Taken>,
    /// Somebody went away, or got an answer.
    moved: Notify,
}

#[derive(Default)]
struct Taken {
    next: u64,
    /// By number: whoever asked last has the highest.
    seats: BTreeMap<u64, Sitting>,
}

struct Sitting {
    busy: bool,
    task: Option<AbortHandle>,
}

/// One connection's place. It is free again when this is dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    number: Mutex<u64>,
}

/// A request is being answered for as long as this lives.
pub(super) struct Busy<'a>(&'a Seat);

impl Seats {
    /// Gives a connection a place, and serves it there.
    pub(super) fn take<F, S>(self: &Arc<Self>, serve: S)
    where
        S: FnOnce(Seat) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let number = self.taken().sit(None, false);
        let seat = Seat {
            seats: Arc::clone(self),
            number: Mutex::new(number),
        };
        let task = tokio::spawn(serve(seat)).abort_handle();
        if let Some(sitting) = self.taken().seats.get_mut(&number) {
            sitting.task = Some(task);
        }
    }

    /// Waits until one more can be seated; the one that has asked nothing for the longest goes.
    pub(super) async fn wait_for_room(&self) {
        loop {
            let moved = self.moved.notified();
            if self.taken().seats.len() < SEATS_MAX {
                return;
            }
            if !self.give_up_one() {
                moved.await;
            }
        }
    }

    /// Ends the connection that has asked nothing for the longest. Whether there was one.
    pub(super) fn give_up_one(&self) -> bool {
        let mut taken = self.taken();
        let idle = taken.seats.iter().find(|(_, sitting)| !sitting.busy);
        let Some(number) = idle.map(|(number, _)| *number) else {
            return false;
        };
        let gone = taken.seats.remove(&number);
        if let Some(task) = gone.and_then(|gone| gone.task) {
            task.abort();
        }
        true
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn sit(&mut self, task: Option<AbortHandle>, busy: bool) -> u64 {
        self.next += 1;
        self.seats.insert(self.next, Sitting { busy, task });
        self.next
    }
}

impl Seat {
    /// Says that a request is being answered.
    pub(super) fn busy(&self) -> Busy<'_> {
        self.move_to_the_end(true);
        Busy(self)
    }

    fn move_to_the_end(&self, busy: bool) {
        let mut number = self.number();
        let mut taken = self.seats.taken();
        // It may have been given up this moment.
        if let Some(sitting) = taken.seats.remove(&number) {
            *number = taken.sit(sitting.task, busy);
        }
    }

    fn number(&self) -> MutexGuard<'_, u64> {
        self.number.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.move_to_the_end(false);
        self.0.seats.moved.notify_one();
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let number = *self.number();
        self.seats.taken().seats.remove(&number);
        self.seats.moved.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    /// Seats somebody who sits there until the sender is dropped; the receiver ends with the seat.
    fn sit(seats: &Arc<Seats>, busy: bool) -> (oneshot::Sender<()>, oneshot::Receiver<()>) {
        let (leave, left) = oneshot::channel::<()>();
        let (gone, ended) = oneshot::channel::<()>();
        seats.take(move |seat| async move {
            let _gone = gone;
            let _busy = busy.then(|| seat.busy());
            let _ = left.await;
        });
        (leave, ended)
    }

    async fn all_are_busy(seats: &Arc<Seats>) {
        while !seats.taken().seats.values().all(|sitting| sitting.busy) {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn whoever_has_asked_nothing_for_the_longest_gives_way() {
        let seats = Arc::new(Seats::default());
        let busy = sit(&seats, true);
        all_are_busy(&seats).await;
        let idle: Vec<_> = (1..SEATS_MAX).map(|_| sit(&seats, false)).collect();
        seats.wait_for_room().await;
        let mut ended = idle.into_iter();
        let (_leave, first) = ended.next().expect("the first");
        assert!(first.await.is_err(), "its seat was given up");
        let (_leave, mut second) = ended.next().expect("the second");
        assert!(
            second
                .try_recv()
                .is_err_and(|error| error == oneshot::error::TryRecvError::Empty)
        );
        drop(busy);
    }

    #[tokio::test]
    async fn where_all_wait_for_answers_the_next_waits_for_the_first_of_them() {
        let seats = Arc::new(Seats::default());
        let mut busy: Vec<_> = (0..SEATS_MAX).map(|_| sit(&seats, true)).collect();
        all_are_busy(&seats).await;
        assert!(!seats.give_up_one());
        let waits = Arc::clone(&seats);
        let waiting = tokio::spawn(async move { waits.wait_for_room().await });
        drop(busy.pop());
        waiting.await.expect("there is room");
    }
}
