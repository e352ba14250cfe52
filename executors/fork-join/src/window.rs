//! Where a worker need not even write down what it could share: the window.
//!
//! To put half of a join into the list and to take it out again costs some nanoseconds, which is
//! nothing to a job of a microsecond and more than the whole of `fib(3)`. And while nobody is
//! hungry, nobody would be given that: what is wanted is a few jobs for those who become hungry,
//! the greater the better, and the first joins of a computation put those into the list. So a
//! worker that has some, and has just seen that its joins are *fine* (short), opens a window: until
//! it closes, joins are two calls and nothing else. There are two kinds.
//!
//! - *While nothing is wanted*: as long as the [demand's word](crate::demand) stays as it is. To
//!   compare it is all that a join costs then; and the first join after somebody has become hungry
//!   is a full one, which hands over the oldest job in the list.
//! - *While something is wanted* that this worker cannot or should not give yet: for [`COUNTED`]
//!   joins.
//!
//! A window is closed early if the list gets too short, and when the frame changes.
//!
//! # What it may cost
//!
//! A join inside is not in the list, so its second half cannot be shared while the first one is
//! being called. It can when it is called: the joins in it are full ones then. So what remains
//! unshared when somebody becomes hungry is what this worker comes to first; what it comes to later
//! is in the list, or gets there on the way.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Joins inside a window that is opened although something is wanted.
const COUNTED: u32 = 128;
/// No value of the demand's word.
const CLOSED: u64 = u64::MAX;

/// The window of one worker.
#[derive(Debug)]
pub(crate) struct Window {
    /// The demand's word during which it is open.
    word: Cell<u64>,
    /// Joins until it closes, whatever the word.
    left: Cell<u32>,
    /// Jobs in the list without which it is not open.
    backing: Cell<usize>,
}

impl Window {
    pub(crate) const fn new() -> Window {
        Window { word: Cell::new(CLOSED), left: Cell::new(0), backing: Cell::new(1) }
    }

    /// Sets how many jobs are to be in the list: one for each doubling of the threads, because who
    /// has got half of something gives half of that away again.
    pub(crate) fn set_threads(&self, threads: usize) {
        self.backing.set(threads.max(2).ilog2() as usize);
    }

    /// Whether so many jobs in the list are enough.
    #[inline]
    pub(crate) fn is_backed(&self, jobs: usize) -> bool {
        jobs >= self.backing.get()
    }

    /// Whether joins are inside, while the demand's word is this.
    #[inline(always)]
    pub(crate) fn is_open(&self, word: u64) -> bool {
        self.word.get() == word
    }

    /// Whether a join is inside because some are, whatever the word; counts it.
    #[inline]
    pub(crate) fn counts(&self) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left > 0
    }

    /// Opens it: for as long as the word is this, or for some joins if there is none.
    #[inline]
    pub(crate) fn open(&self, word: Option<u64>) {
        match word {
            Some(word) => self.word.set(word),
            None => self.left.set(COUNTED),
        }
    }

    #[inline]
    pub(crate) fn close(&self) {
        self.word.set(CLOSED);
        self.left.set(0);
    }
}

/// Joins that are looked at together.
const RUN: u32 = 16;
/// A run of joins is fine if it takes no longer than this for each.
const FINE: Duration = Duration::from_nanos(150);
/// So often a window may be opened before the joins are looked at again.
const TRUST: u32 = 256;

/// Whether a worker's joins are short, as far as could be seen last.
#[derive(Debug)]
pub(crate) struct Grain {
    /// When the first join of this run came to its end.
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
            let joins = self.joins.get();
            self.joins.set(joins + 1);
            if joins % RUN == 0 {
                self.judge(joins);
            }
        }
    }

    #[cold]
    fn judge(&self, joins: u32) {
        let now = Instant::now();
        let began = self.began.replace(Some(now)).filter(|_| joins > 0);
        let fine = began.is_some_and(|began| now - began <= FINE * RUN);
        self.trust.set(if fine { TRUST } else { 0 });
        self.joins.set(if fine { 0 } else { 1 });
    }

    /// Whether a window may be opened; uses up some of the trust.
    #[inline]
    pub(crate) fn is_fine(&self) -> bool {
        let Some(left) = self.trust.get().checked_sub(1) else { return false };
        self.trust.set(left);
        true
    }
}
