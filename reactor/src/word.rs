//! The state of one direction of a source, packed in one word, and the `Tick` that is a look at it.
//!
//! A reader takes a tick *before* it tries its I/O. After `WouldBlock` it says [`Word::blocked`]
//! with that tick: "what I had seen by then is used up". An event that came in between has moved
//! the count, so it cannot be used up by mistake. There is no "clear readiness" to forget or to
//! call too late. (The idea of a count beside the readiness is tokio's `ScheduledIo`.)
//!
//! Every change is one read-modify-write of this word, so all threads agree on the order of events,
//! blocks and failures. Wakers are not here: see `waiters.rs` for how a waiter and an event that
//! cross each other meet.

use crate::sync::AtomicU32;
use crate::sync::Ordering::{AcqRel, Acquire, Relaxed};

/// Set by an event; unset by `blocked`. The I/O may succeed, so it is worth a try.
const READY: u32 = 1;
/// Set by an event that reports the end of this direction (hang-up, read-closed, error), always
/// together with `READY`. Only a `WouldBlock` of an attempt that began *after* it was set unsets it
/// (an error queue that was drained); a short read never does.
const CLOSED: u32 = 2;
/// Set once, when the backend took the registration: from then on the absence of `READY` means that
/// an attempt would block. Without it nothing is known, and an attempt is worth its call.
const KNOWN: u32 = 4;
/// Set once, by a backend that met an object which is always ready. Excludes `KNOWN`.
const ALWAYS: u32 = 8;
/// Set once, by `Source::fail` and by closing: all waits end with the source's error.
const FAILED: u32 = 16;
/// One event. The count fills the rest of the word and wraps: a waiter that does not look for
/// exactly 2^27 events of its direction, or a multiple, is misled, and only until the next one.
const EVENT: u32 = 32;

/// What was known of one direction at one moment.
///
/// Taken before an attempt at the I/O; a wait after a `WouldBlock` then ends at the first event
/// that is newer. Ticks of different sources or directions have nothing to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick(u32);

impl Tick {
    /// Whether an attempt at the I/O makes sense: something was reported, or nothing is known.
    pub(crate) fn worth_a_try(self) -> bool {
        self.0 & (READY | ALWAYS | FAILED) != 0 || self.0 & KNOWN == 0
    }
    /// Whether readiness was reported and not used up since.
    pub(crate) fn is_ready(self) -> bool {
        self.0 & (READY | ALWAYS | FAILED) != 0
    }
    pub(crate) fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }
    pub(crate) fn is_always(self) -> bool {
        self.0 & ALWAYS != 0
    }
    pub(crate) fn is_failed(self) -> bool {
        self.0 & FAILED != 0
    }
    /// Whether no event came between `self` and `later`.
    pub(crate) fn same_event(self, later: Tick) -> bool {
        self.0 / EVENT == later.0 / EVENT
    }
}

#[derive(Debug)]
pub(crate) struct Word(AtomicU32);

impl Word {
    pub(crate) fn new() -> Word {
        Word(AtomicU32::new(0))
    }

    /// Acquire: pairs with the AcqRel of [`Word::change`], so that who sees an event also sees what
    /// the driver did before it.
    #[inline]
    pub(crate) fn tick(&self) -> Tick {
        Tick(self.0.load(Acquire))
    }

    /// An event: this direction may be ready, and is at its end if `closed`.
    #[inline]
    pub(crate) fn event(&self, closed: bool) {
        let bits = if closed { READY | CLOSED } else { READY };
        self.change(|word| Some(word.wrapping_add(EVENT) | bits));
    }

    /// An attempt that began after `seen` met `WouldBlock`. False: something newer came, try again.
    #[inline]
    pub(crate) fn blocked(&self, seen: Tick) -> bool {
        self.use_up(seen, READY | CLOSED)
    }

    /// A transfer that began after `seen` was short: what was ready is used up, unless the end was
    /// reported, which must still be met by an attempt.
    #[inline]
    pub(crate) fn drained(&self, seen: Tick) {
        if !seen.is_closed() {
            self.use_up(seen, READY);
        }
    }

    #[inline]
    fn use_up(&self, seen: Tick, bits: u32) -> bool {
        self.change(|word| {
            (Tick(word).same_event(seen) && word & FAILED == 0).then_some(word & !bits)
        })
    }

    pub(crate) fn set_known(&self) {
        self.change(|word| (word & ALWAYS == 0).then_some(word | KNOWN));
    }

    pub(crate) fn set_always(&self) {
        self.change(|word| Some((word.wrapping_add(EVENT) | ALWAYS) & !KNOWN));
    }

    /// All waits of this direction end, now and later.
    pub(crate) fn fail(&self) {
        self.change(|word| Some(word.wrapping_add(EVENT) | FAILED));
    }

    /// One read-modify-write; false if `next` declined. Skipped where it would change nothing, but
    /// then still ordered by the load's Acquire.
    #[inline]
    fn change(&self, mut next: impl FnMut(u32) -> Option<u32>) -> bool {
        let mut word = self.0.load(Acquire);
        loop {
            let Some(new) = next(word) else { return false };
            if new == word {
                return true;
            }
            // AcqRel: releases the event to the Acquire of `tick`, acquires the previous change.
            match self.0.compare_exchange_weak(word, new, AcqRel, Relaxed) {
                Ok(_) => return true,
                Err(current) => word = current,
            }
        }
    }
}
