//! Which tasks have not finished, so that they can be dropped with the pool.
//!
//! Those in a queue are at hand; those that wait are reached by waking them, so a waker of each is
//! kept in a table. A task enters the table when it returns `Pending` for the first time: most
//! never do. The table comes in parts, one lock each, so that workers do not meet here.

use std::fmt;
use std::task::Waker;

use slab::Slab;

use crate::sync::{AtomicUsize, Mutex, MutexGuard, Ordering, PoisonError};

/// Parts of the table.
const PARTS: usize = 16;

/// The tasks of a pool.
pub(crate) struct Tracking {
    live: AtomicUsize,
    next: AtomicUsize,
    waiting: [Mutex<Slab<Waker>>; PARTS],
}

/// A task's place in the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    part: usize,
    place: usize,
}

impl Tracking {
    pub(crate) fn new() -> Tracking {
        Tracking {
            live: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
            waiting: [const { Mutex::new(Slab::new()) }; PARTS],
        }
    }

    /// How many tasks have not finished. Acquire: pairs with `ends`, so that who sees none left
    /// sees what they did.
    pub(crate) fn live(&self) -> usize {
        self.live.load(Ordering::Acquire)
    }

    pub(crate) fn begins(&self) {
        self.live.fetch_add(1, Ordering::Relaxed);
    }

    /// Enters a task that waits.
    pub(crate) fn waits(&self, waker: Waker) -> Key {
        let part = self.next.fetch_add(1, Ordering::Relaxed) % PARTS;
        let place = self.part(part).insert(waker);
        Key { part, place }
    }

    /// A task's future is gone. Release: pairs with `live`.
    pub(crate) fn ends(&self, key: Option<Key>) {
        let waker = key.map(|key| self.part(key.part).remove(key.place));
        drop(waker); // without the lock
        self.live.fetch_sub(1, Ordering::Release);
    }

    /// Wakes every task that waits.
    pub(crate) fn wake_all(&self) {
        for part in 0..PARTS {
            let wakers: Vec<_> = self.part(part).iter().map(|(_, waker)| waker.clone()).collect();
            wakers.into_iter().for_each(Waker::wake);
        }
    }

    fn part(&self, part: usize) -> MutexGuard<'_, Slab<Waker>> {
        self.waiting[part].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tracking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracking").field("live", &self.live()).finish_non_exhaustive()
    }
}
