//! Where a worker need not even write down what it could share: the window.
//!
//! To put half of a join into the list and to take it out again costs some nanoseconds, which is
//! nothing to a job of a microsecond and more than the whole of `fib(3)`. And what is wanted is a
//! few jobs for those who are hungry, the greater the better, and the first joins of a computation
//! put those into the list. So a worker that has some, and has seen that its joins are short, opens
//! a window: so many joins are two calls and nothing else, and to count them down is all that they
//! cost. The one after those is full: it looks if somebody is hungry, hands over the oldest job in
//! the list if so, and opens the next window.
//!
//! A window is closed early if the list gets too short, and when the frame changes; the next ones
//! are small then, until it is known how long joins take.
//!
//! # What it may cost
//!
//! A worker in a window looks at nothing. It is sized so as to last [`SOON`] at most, if joins go
//! on as they did, which is less than it takes to wake somebody. If they suddenly take longer, so
//! does it, until they are judged anew, at the end of the one in which [`JUDGED`] joins are over.
//!
//! A join inside is not in the list, so its second half cannot be shared while the first one is
//! being called. It can when it is called: the joins in it are full ones then. So what remains
//! unshared when somebody becomes hungry is what this worker comes to first; what it comes to later
//! is in the list, or gets there on the way.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How long a window should last at most.
const SOON: Duration = Duration::from_micros(10);
/// Joins in a window. For fewer it is not worth while; more would make them no cheaper.
const LEAST: u32 = 16;
const MOST: u32 = 512;
/// Joins in a window at most when the frame has changed, until joins are judged.
const SMALL: u32 = 64;
/// Joins are judged after so many, whether they were in windows or not.
const JUDGED: u32 = 2048;
/// And after so many that were full: if there are no windows, and if there are.
const RUN: u32 = 16;
const LONG_RUN: u32 = 64;

/// The window of one worker.
#[derive(Debug)]
pub(crate) struct Window {
    /// Joins until it closes.
    left: Cell<u32>,
    /// Joins for which it is opened: none unless they are known to be short.
    size: Cell<u32>,
    /// Jobs in the list without which it is not open.
    backing: Cell<usize>,
    /// When joins were last judged.
    judged: Cell<Option<Instant>>,
    /// Joins since then, and how many of them were full.
    joins: Cell<u32>,
    full: Cell<u32>,
}

impl Window {
    pub(crate) const fn new() -> Window {
        Window {
            left: Cell::new(0),
            size: Cell::new(0),
            backing: Cell::new(1),
            judged: Cell::new(None),
            joins: Cell::new(0),
            full: Cell::new(0),
        }
    }

    /// Sets how many jobs are to be in the list: one for each doubling of the threads, because who
    /// has got half of something gives half of that away again.
    pub(crate) fn set_threads(&self, threads: usize) {
        self.backing.set(threads.max(2).ilog2() as usize);
    }

    /// Whether a join is inside; counts it.
    #[inline(always)]
    pub(crate) fn counts(&self) -> bool {
        let Some(left) = self.left.get().checked_sub(1) else { return false };
        self.left.set(left);
        true
    }

    /// A full join has begun: opens the window if so many jobs in the list are enough.
    #[inline]
    pub(crate) fn open(&self, jobs: usize) {
        self.close();
        let (joins, full) = (self.joins.get() + 1, self.full.get() + 1);
        self.joins.set(joins);
        self.full.set(full);
        if joins >= JUDGED || full >= if self.size.get() == 0 { RUN } else { LONG_RUN } {
            self.judge();
        }
        if jobs >= self.backing.get() {
            let size = self.size.get();
            self.joins.set(self.joins.get() + size);
            self.left.set(size);
        }
    }

    /// A full join is over: closes the window if so many jobs in the list are not enough.
    #[inline]
    pub(crate) fn keep(&self, jobs: usize) {
        if jobs < self.backing.get() {
            self.close();
        }
    }

    /// Closes it because what follows is of another kind: the next ones are short until it is known
    /// better.
    #[inline]
    pub(crate) fn close_anew(&self) {
        self.close();
        self.size.set(self.size.get().min(SMALL));
    }

    #[inline]
    pub(crate) fn close(&self) {
        let left = self.left.replace(0);
        self.joins.set(self.joins.get().saturating_sub(left));
    }

    /// Sets the size by how long joins took.
    #[cold]
    #[inline(never)]
    fn judge(&self) {
        let now = Instant::now();
        let joins = self.joins.replace(0);
        self.full.set(0);
        let Some(judged) = self.judged.replace(Some(now)) else { return };
        let took = (now - judged).as_nanos().max(1);
        let size = SOON.as_nanos() * u128::from(joins) / took;
        let size = size.min(MOST.into()) as u32;
        self.size.set(if size < LEAST { 0 } else { size });
    }
}
