//! The books: how many tasks there are, and which of them wait.
//!
//! `is_empty` and the destructor need to know whether tasks are left, and the destructor has to
//! reach those that wait: it wakes them, so a waker of each is kept. One counter and one table for
//! all would be words that every spawn touches on every thread. So each worker has its own, in its
//! slot, and who is not a worker uses those that are nobody's.
//!
//! A task enters the table the first time it returns `Pending`; one that finishes at its first
//! poll, as many do, never pays for it. It leaves the same table when it ends, from whatever
//! thread. One that has a name is there from its spawn on.
//!
//! # Whether there are none
//!
//! Finished tasks are summed first, and spawned ones second. Every task that was counted as
//! finished had been counted as spawned before, and the release of the one count orders the other,
//! so the first sum counts a part of what the second counts. If they are equal, all tasks of the
//! second are finished: there was no unfinished task at the moment between the two.

use std::sync::Arc;
use std::task::Waker;

use slab::Slab;

use crate::info::Label;
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering, PoisonError};

/// The number of the books of nobody in particular; others have that of their slot.
pub(crate) const OUTSIDE: u32 = u32::MAX;

/// An empty table with room for more tasks is given up: a burst of them is no reason to keep its
/// memory for good.
const KEEP: usize = 256;

/// The account of one worker, or of all who are none. On cache lines of their own: the counters are
/// written for each task.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Books {
    spawned: AtomicU64,
    finished: AtomicU64,
    tasks: Mutex<Slab<Known>>,
}

/// A task in the table.
pub(crate) struct Known {
    /// None until it has waited once.
    pub(crate) waker: Option<Waker>,
    /// The name of the future's type; a function, because that is smaller.
    pub(crate) future: fn() -> &'static str,
    pub(crate) label: Option<Arc<Label>>,
}

impl Books {
    /// Counts a task that is spawned. `owner`: nobody else writes these books' counts.
    #[inline]
    pub(crate) fn spawned(&self, owner: bool) {
        count(&self.spawned, owner);
    }

    /// Counts a task whose future was dropped.
    #[inline]
    pub(crate) fn finished(&self, owner: bool) {
        count(&self.finished, owner);
    }

    /// Acquire: see the head of this file.
    pub(crate) fn sum_finished(&self) -> u64 {
        self.finished.load(Ordering::Acquire)
    }

    /// Acquire: pairs with the Release of `count`.
    pub(crate) fn sum_spawned(&self) -> u64 {
        self.spawned.load(Ordering::Acquire)
    }

    pub(crate) fn insert(&self, known: Known) -> u32 {
        u32::try_from(self.tasks().insert(known)).expect("fewer than 2^32 tasks wait")
    }

    /// Gives a task its waker.
    pub(crate) fn waits(&self, key: u32, waker: &Waker) {
        let waker = waker.clone();
        self.tasks()[key as usize].waker = Some(waker);
    }

    pub(crate) fn remove(&self, key: u32) {
        let mut tasks = self.tasks();
        let known = tasks.remove(key as usize);
        let is_burst_over = tasks.is_empty() && tasks.capacity() > KEEP;
        let table = is_burst_over.then(|| std::mem::take(&mut *tasks));
        drop(tasks);
        drop((known, table)); // not under the lock
    }

    /// Something of each task in the table.
    pub(crate) fn map<R>(&self, f: impl FnMut(&Known) -> R) -> Vec<R> {
        self.tasks().iter().map(|(_, known)| known).map(f).collect()
    }

    fn tasks(&self) -> MutexGuard<'_, Slab<Known>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Release: pairs with the Acquire of the sums.
fn count(counter: &AtomicU64, owner: bool) {
    if owner {
        counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Release);
    } else {
        counter.fetch_add(1, Ordering::Release);
    }
}
