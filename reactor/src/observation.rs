//! What the core does that a backend has no part in, told to whoever wants to record it.
//!
//! A decorator sees registrations, turns, events and notifies, because they pass through it. Who
//! waits, who is woken, timers and sleeping threads are the core's affairs; without this, a picture
//! of them could only be guessed.
//!
//! Deliberately absent: what can be derived. The thread that is in `turn` drives; a driver's sleep
//! is its turn; a timer fires when one that is due expires.

use std::time::Instant;

use crate::io_object::Direction;
use crate::source::Source;

/// Something that the core did, on the current thread; see
/// [`GlobalReactor::observe`](crate::GlobalReactor::observe).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Observation<'a> {
    /// A waker was stored: a task waits for this source.
    Waits {
        /// What is waited for.
        source: &'a Source,
        /// In which direction.
        direction: Direction,
    },
    /// An event of this source calls so many wakers, once all events of the turn are looked at.
    Wakes {
        /// What the event was of.
        source: &'a Source,
        /// How many; zero if nobody waited.
        wakers: usize,
    },
    /// A timer was set.
    TimerSet {
        /// Names the timer until it expires or is dropped; later ones may have the same name.
        timer: u64,
        /// When it is due.
        at: Instant,
    },
    /// A timer that had not expired was dropped or moved.
    TimerDropped {
        /// Its name.
        timer: u64,
    },
    /// So many timers, the earliest ones, were due and call their wakers.
    TimersExpire {
        /// How many; never zero.
        timers: usize,
    },
    /// This thread goes to sleep on a futex, because another one drives.
    Parks,
    /// It is awake again.
    Unparks {
        /// Whether the driver that left sent it to drive; else something woke it.
        to_drive: bool,
    },
}
