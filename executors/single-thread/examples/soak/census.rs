//! What is alive: counted, or pointed to weakly.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError, Weak};

/// A kind of thing of which none may be left at the end.
#[derive(Debug)]
pub(crate) struct Count(AtomicUsize);

pub(crate) static TASKS: Count = Count(AtomicUsize::new(0));
pub(crate) static WAKERS: Count = Count(AtomicUsize::new(0));

impl Count {
    /// One more, until the result is dropped.
    pub(crate) fn one(&'static self) -> Counted {
        self.0.fetch_add(1, Relaxed);
        Counted(self)
    }

    pub(crate) fn alive(&self) -> usize {
        self.0.load(Relaxed)
    }
}

#[derive(Debug)]
pub(crate) struct Counted(&'static Count);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Relaxed);
    }
}

/// Things that others own.
#[derive(Debug)]
pub(crate) struct Watched<T>(Mutex<Vec<Weak<T>>>);

impl<T> Watched<T> {
    pub(crate) const fn new() -> Watched<T> {
        Watched(Mutex::new(Vec::new()))
    }

    /// The dead are forgotten before the list would grow.
    pub(crate) fn add(&self, one: Weak<T>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == all.capacity() {
            all.retain(|one| one.strong_count() > 0);
        }
        all.push(one);
    }

    /// How many there are. The dead no longer keep their memory afterwards.
    pub(crate) fn alive(&self) -> usize {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| one.strong_count() > 0);
        all.shrink_to_fit();
        all.len()
    }
}
