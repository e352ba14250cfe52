//! The word of one thread that may sleep, and how others wake it.
//!
//! Publishing ("I sleep in `turn`", "I sleep on the futex") and waking are read-modify-writes of
//! this one word, so either the sleeper sees `NOTIFIED` before it sleeps, or the waker sees how it
//! sleeps and ends that. A wake costs no system call while the target is awake, and one otherwise.
//! The model is `tests/loom_core/sleeping.rs`.

use std::sync::Arc;
use std::task::Wake;
use std::time::Duration;

use crate::handle::Handle;
use crate::sync::AtomicU8;
use crate::sync::Ordering::{AcqRel, Acquire};
use crate::sync::thread::{self, Thread};

/// Set by a wake; unset when the thread has come back from `park`.
const NOTIFIED: u8 = 1;
/// Set while the thread is on the futex, or about to be.
const PARKED: u8 = 2;
/// Set while the thread is in `turn`, or about to be.
const TURNING: u8 = 4;
/// Set when the thread was taken from the list of parked ones, to become the driver.
const SENT: u8 = 8;

#[derive(Debug)]
pub(crate) struct ParkState {
    word: AtomicU8,
    thread: Thread,
    pub(crate) team: usize,
    pub(crate) reactor: Handle,
}

impl ParkState {
    pub(crate) fn new(reactor: Handle, team: usize) -> ParkState {
        ParkState { word: AtomicU8::new(0), thread: thread::current(), team, reactor }
    }

    /// Wakes the thread. AcqRel: releases what the waker did to the thread's Acquire, and orders
    /// this against `publish_*`.
    pub(crate) fn unpark(&self) {
        let before = self.word.fetch_or(NOTIFIED, AcqRel);
        if before & NOTIFIED != 0 {
            return;
        }
        if before & TURNING != 0 {
            self.reactor.notify();
        } else if before & PARKED != 0 {
            self.thread.unpark();
        }
    }

    /// Makes the parked thread try to become the driver. False: it is awake already.
    pub(crate) fn send_to_drive(&self) -> bool {
        // AcqRel: as in `unpark`.
        let before = self.word.fetch_or(SENT, AcqRel);
        self.thread.unpark();
        before & NOTIFIED == 0
    }

    /// From here on a wake calls the backend's `notify`. True: one came before. AcqRel: see above.
    pub(crate) fn publish_turning(&self) -> bool {
        self.word.fetch_or(TURNING, AcqRel) & NOTIFIED != 0
    }

    /// From here on a wake unparks the thread. True: one came before. AcqRel: see above.
    pub(crate) fn publish_parked(&self) -> bool {
        self.word.fetch_or(PARKED, AcqRel) & NOTIFIED != 0
    }

    /// Takes everything back. True: a wake came since the last time. AcqRel: acquires the wake.
    pub(crate) fn unpublish(&self) -> bool {
        self.word.swap(0, AcqRel) & NOTIFIED != 0
    }

    /// Sleeps until woken or sent to drive, and that long at most. Acquire: pairs with `unpark` and
    /// `send_to_drive`.
    pub(crate) fn sleep(&self, limit: Option<Duration>) {
        while self.word.load(Acquire) & (NOTIFIED | SENT) == 0 {
            match limit {
                None => thread::park(),
                // It may return early; nobody counts on more.
                Some(limit) => return thread::park_timeout(limit),
            }
        }
    }
}

impl Wake for ParkState {
    fn wake(self: Arc<Self>) {
        self.unpark();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        self.unpark();
    }
}
