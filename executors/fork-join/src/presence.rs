//! How many threads are lent, and who has to know when there are none left.
//!
//! A thread that is not lent itself may wait for a closure that some worker is to run. If the last
//! worker goes, it has to run the closure itself. It leaves a waker, then looks at the count; who
//! goes counts itself out, then takes the wakers. Both do so under one lock, so whoever comes
//! second finds what the other has done. The model is `tests/loom_pool/sleeping.rs`.

use std::mem;
use std::task::Waker;

use crate::sync::{AtomicUsize, Mutex, MutexGuard, Ordering, PoisonError};

/// Who is there.
#[derive(Debug)]
pub(crate) struct Presence {
    lent: AtomicUsize,
    outsiders: Mutex<Vec<Waker>>,
}

impl Presence {
    pub(crate) fn new() -> Presence {
        Presence { lent: AtomicUsize::new(0), outsiders: Mutex::new(Vec::new()) }
    }

    /// How many threads are lent now.
    #[inline]
    pub(crate) fn lent(&self) -> usize {
        self.lent.load(Ordering::Relaxed)
    }

    pub(crate) fn comes(&self) {
        self.lent.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns whom to wake: those who wait outside, if this was the last thread.
    pub(crate) fn goes(&self) -> Vec<Waker> {
        match self.lent.fetch_sub(1, Ordering::Relaxed) {
            1 => mem::take(&mut *self.lock()),
            _ => Vec::new(),
        }
    }

    /// Leaves a waker to be called when the last thread goes. The caller looks at the count then.
    pub(crate) fn wait_outside(&self, waker: &Waker) {
        let waker = waker.clone(); // not under the lock
        self.lock().push(waker);
    }

    /// Takes that back.
    pub(crate) fn wait_no_more(&self, waker: &Waker) {
        self.lock().retain(|other| !other.will_wake(waker));
    }

    /// Nothing panics under the lock.
    fn lock(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.outsiders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
