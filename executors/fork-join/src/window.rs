//! Where a worker need not even write down what it could share: the window.
//!
//! To put half of a join into the list and to take it out again costs a few nanoseconds, which is
//! nothing to a job of a microsecond and more than the whole of `fib(3)`. But nobody would be given
//! that: a list that holds a few jobs already has older ones to give, which are greater. So a
//! worker that has some, and has just seen that its joins are *fine* (short), opens a window: joins
//! called from deeper in the stack than here, but not much deeper, are two calls and nothing else.
//! A join below the window is a full one, and may open the next window; so is each join above it.
//! Of a recursion that branches, almost all joins are near the leaves, and so inside; all others
//! can be shared.
//!
//! The window is a stretch of the worker's stack, given by its top. What the addresses mean is only
//! a guess about depth: nothing but speed hangs on it.
//!
//! # What it may cost
//!
//! A join inside cannot be shared later, should its second half turn out to be long. At most as
//! many joins as fit into the window, some ten, are in that position at a time; and a window opens
//! only after a run of joins that were short from beginning to end. While a worker is inside, it
//! does not look if somebody is hungry; a window's worth of fine joins takes some microseconds.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Bytes of stack that a window reaches down from its top.
const DEPTH: usize = 512;

/// The window of one worker.
#[derive(Debug)]
pub(crate) struct Window {
    top: Cell<usize>,
}

impl Window {
    pub(crate) const fn new() -> Window {
        Window { top: Cell::new(0) }
    }

    /// Whether a join called from this place in the stack is inside.
    #[inline(always)]
    pub(crate) fn holds(&self, here: usize) -> bool {
        self.top.get().wrapping_sub(here) < DEPTH
    }

    /// Opens it downwards from `here`.
    #[inline]
    pub(crate) fn open(&self, here: usize) {
        self.top.set(here);
    }

    pub(crate) fn close(&self) {
        self.top.set(0);
    }
}

/// Joins that are looked at together.
const RUN: u32 = 64;
/// A run of joins is fine if it takes no longer than this for each.
const FINE: Duration = Duration::from_nanos(150);
/// So often a window may be opened before the joins are looked at again.
const TRUST: u32 = 1024;

/// Whether a worker's joins are short, as far as could be seen last.
#[derive(Debug)]
pub(crate) struct Grain {
    began: Cell<Option<Instant>>,
    joins: Cell<u32>,
    trust: Cell<u32>,
}

impl Grain {
    pub(crate) const fn new() -> Grain {
        Grain { began: Cell::new(None), joins: Cell::new(0), trust: Cell::new(0) }
    }

    /// A full join has come to its end, neither half given away.
    #[inline]
    pub(crate) fn joined(&self) {
        if self.trust.get() == 0 {
            // With trust, what is inside the window is not counted, so this would count too few.
            let joins = self.joins.get() + 1;
            self.joins.set(joins);
            if joins == RUN {
                self.judge();
            }
        }
    }

    #[cold]
    fn judge(&self) {
        let now = Instant::now();
        let fine = self.began.get().is_some_and(|began| now - began <= FINE * RUN);
        self.trust.set(if fine { TRUST } else { 0 });
        self.joins.set(0);
        self.began.set(Some(now));
    }

    /// Whether a window may be opened; uses up some of the trust.
    #[inline]
    pub(crate) fn is_fine(&self) -> bool {
        let Some(left) = self.trust.get().checked_sub(1) else { return false };
        self.trust.set(left);
        if left == 0 {
            self.joins.set(0);
            self.began.set(Some(Instant::now()));
        }
        true
    }
}
