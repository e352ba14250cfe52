//! Who drives: one word for the role and the earliest deadline, and the list of parked threads.
//!
//! One thread at a time is in `turn`. Whoever finds the role taken parks on a futex, in the list;
//! whoever gives the role up takes one thread from the list and sends it to drive, *before* it runs
//! its own task. So while any thread is parked, somebody drives or is on the way to (but for teams,
//! below).
//!
//! The earliest deadline lives in the same word, so that "I insert an earlier timer" and "I go to
//! sleep until the earliest" are ordered by one read-modify-write each: either the sleeper reads
//! the new deadline, or the inserter sees `BUSY` and calls `notify`, which also ends a turn that
//! has not begun yet.
//!
//! # Why nobody sleeps while the role is free
//!
//! A parking thread P puts itself in the list (lock), then sets `SLEEPERS` (one read-modify-write).
//! A releasing thread R unsets `BUSY` (one read-modify-write). If R's comes first, P sees that the
//! role is free and tries again; if P's comes first, R sees `SLEEPERS` and takes a thread from the
//! list. A thread that leaves the list for a reason of its own, and finds that R had taken it out
//! already, passes the errand on (`pass_on`).
//!
//! # Why a foreign loop misses nothing
//!
//! A loop of somebody else's may drive beside threads that do. Then a thread's turn may end by the
//! `notify` that was to tell the loop of an earlier deadline, and the loop may come by while a
//! thread drives, and do nothing. Both set `MISSED`, by a read-modify-write of the word after the
//! deadline is in it. A loop that gets the role unsets it: what was missed is in the turn that
//! follows, or in the deadline that the loop reads afterwards. A thread that gives the role up and
//! finds nobody to send to drive unsets it too, and notifies.
//!
//! # Teams
//!
//! There are two exceptions. R leaves those of its own [`Team`](crate::Team) where they are, so the
//! role may be free while they sleep; and a thread that watches stays in the list though the role
//! is free. Nobody else is affected: a thread
//! outside of the team is sent to drive as ever, and one that comes to park finds the role free.
//! The team owes it to itself that one of its threads comes back to the role (`parker.rs`).
//!
//! A thread that watches, of a team or not, sleeps although the role is free. So who only looks for
//! events, and does not wait, leaves it where it is; who has waited for events sends it to drive.
//!
//! The models are `tests/loom_core/hand_over.rs` and `teams.rs` and, for the deadline,
//! `deadlines.rs` beside them.

use std::sync::Arc;

use crate::park_state::ParkState;
use crate::sync::Ordering::{AcqRel, Acquire, Relaxed};
use crate::sync::{AtomicU64, Mutex, MutexGuard};

/// Set while a thread drives.
const BUSY: u64 = 1;
/// Set while the list of parked threads is not empty; changed under the list's lock.
const SLEEPERS: u64 = 2;
/// Set when a foreign loop was told of a deadline or came by in vain; unset by the loop that drives
/// next, or by a thread that leaves the role to nobody.
const MISSED: u64 = 4;
/// The deadline fills the rest of the word, in nanoseconds; changed under the timers' lock.
const DEADLINE_SHIFT: u32 = 3;

/// A thread in the list.
#[derive(Debug)]
struct Parked {
    team: usize,
    watches: bool,
    state: Arc<ParkState>,
}

/// The number of no team.
pub(crate) const NO_TEAM: usize = 0;

/// No deadline: later than any. 2^61 nanoseconds are 73 years.
pub(crate) const NEVER: u64 = u64::MAX >> DEADLINE_SHIFT;

#[derive(Debug)]
pub(crate) struct Driving {
    word: AtomicU64,
    parked: Mutex<Vec<Parked>>,
    /// How many loops of somebody else's drive this reactor and want to hear of earlier deadlines.
    external: AtomicU64,
}

impl Driving {
    pub(crate) const fn new() -> Driving {
        Driving {
            word: AtomicU64::new(NEVER << DEADLINE_SHIFT),
            parked: Mutex::new(Vec::new()),
            external: AtomicU64::new(0),
        }
    }

    /// Takes the role if it is free. Acquire: pairs with the release of the previous driver.
    pub(crate) fn try_acquire(&self) -> bool {
        self.word.load(Relaxed) & BUSY == 0 && self.word.fetch_or(BUSY, Acquire) & BUSY == 0
    }

    /// As `try_acquire`, for a foreign loop, which does not wait for the role: it hears when it was
    /// given up. AcqRel: pairs with `leave`.
    pub(crate) fn try_acquire_or_miss(&self) -> bool {
        loop {
            if self.try_acquire() {
                self.word.fetch_and(!MISSED, AcqRel);
                return true;
            }
            if self.word.fetch_or(MISSED, AcqRel) & BUSY != 0 {
                return false;
            }
        }
    }

    /// Gives the role up, and sends a parked thread to drive if there is one. True: there is none,
    /// and a foreign loop has missed something, so notify.
    #[must_use]
    pub(crate) fn release(&self) -> bool {
        self.leave(NO_TEAM, false)
    }

    /// The same, leaving out those of a team; and those who watch if this thread has only looked,
    /// and did not wait. AcqRel: releases what the driver did, acquires the `SLEEPERS` of a thread
    /// that parked meanwhile, and what was missed.
    #[must_use]
    pub(crate) fn leave(&self, team: usize, looked: bool) -> bool {
        let may = |parked: &Parked| {
            let outside = team == NO_TEAM || parked.team != team;
            outside && !(looked && parked.watches)
        };
        self.word.fetch_and(!BUSY, AcqRel) & (SLEEPERS | MISSED) != 0 && self.send(may)
    }

    /// Sends a parked thread to drive, if nobody does and there is one. True: as for `release`.
    #[must_use]
    pub(crate) fn pass_on(&self) -> bool {
        self.send(|_| true)
    }

    /// The same, of those that it may be.
    fn send(&self, may: impl Fn(&Parked) -> bool) -> bool {
        let mut parked = self.list();
        // Acquire: pairs with `leave`.
        while self.word.load(Acquire) & BUSY == 0 {
            let Some(at) = parked.iter().rposition(&may) else {
                // AcqRel: pairs with those who set it.
                return self.word.fetch_and(!MISSED, AcqRel) & MISSED != 0;
            };
            let Parked { state, .. } = parked.remove(at);
            self.mark_list(&parked);
            if state.send_to_drive() {
                break;
            }
        }
        false
    }

    /// Puts a thread in the list. False: the role became free meanwhile, and it is not in the list;
    /// unless it watches, and then it does not mind.
    pub(crate) fn park(&self, state: &Arc<ParkState>, watches: bool) -> bool {
        let mut parked = self.list();
        parked.push(Parked { team: state.team, watches, state: Arc::clone(state) });
        // AcqRel: see the head of this file.
        if self.word.fetch_or(SLEEPERS, AcqRel) & BUSY != 0 || watches {
            return true;
        }
        parked.pop();
        self.mark_list(&parked);
        false
    }

    /// Takes a thread out of the list. False: somebody had taken it out, to send it to drive.
    pub(crate) fn unpark(&self, state: &Arc<ParkState>) -> bool {
        let mut parked = self.list();
        let Some(at) = parked.iter().position(|other| Arc::ptr_eq(&other.state, state)) else {
            return false;
        };
        parked.remove(at);
        self.mark_list(&parked);
        true
    }

    fn mark_list(&self, parked: &MutexGuard<'_, Vec<Parked>>) {
        if parked.is_empty() {
            self.word.fetch_and(!SLEEPERS, Relaxed); // the lock orders it
        }
    }

    /// The earliest deadline. Acquire: pairs with `set_deadline`.
    pub(crate) fn deadline(&self) -> u64 {
        self.word.load(Acquire) >> DEADLINE_SHIFT
    }

    /// Publishes the earliest deadline; the timers' lock is held. True: it became earlier and
    /// somebody may sleep too long, so notify. AcqRel: pairs with `try_acquire`, `deadline` and
    /// `release`.
    pub(crate) fn set_deadline(&self, deadline: u64) -> bool {
        let mut word = self.word.load(Relaxed);
        loop {
            let new = deadline << DEADLINE_SHIFT | word & (BUSY | SLEEPERS | MISSED);
            match self.word.compare_exchange_weak(word, new, AcqRel, Relaxed) {
                Ok(_) => break,
                Err(current) => word = current,
            }
        }
        if deadline >= word >> DEADLINE_SHIFT {
            return false;
        }
        // Acquire: pairs with the AcqRel of `external`.
        let external = self.external.load(Acquire) != 0;
        if external {
            self.word.fetch_or(MISSED, AcqRel);
        }
        external || word & BUSY != 0
    }

    /// Whether a thread or a foreign loop drives, as far as can be said without ordering anything.
    pub(crate) fn is_heard(&self) -> bool {
        self.word.load(Relaxed) & BUSY != 0 || self.external.load(Relaxed) != 0
    }

    /// Counts a foreign loop in or out. True: there are others. AcqRel: pairs with the load in
    /// `set_deadline`.
    ///
    /// Coming in also touches the word, so that this and `set_deadline` are ordered by their
    /// changes of it: whoever inserts later knows of the loop, and the loop of what came earlier.
    pub(crate) fn external(&self, comes: bool) -> bool {
        if !comes {
            return self.external.fetch_sub(1, AcqRel) > 1;
        }
        let before = self.external.fetch_add(1, AcqRel);
        self.word.fetch_or(0, AcqRel);
        before > 0
    }

    fn list(&self) -> MutexGuard<'_, Vec<Parked>> {
        self.parked.lock().expect("no code that can panic runs under this lock")
    }
}
