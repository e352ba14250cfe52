//! The report, in debug builds, that something waits on a reactor which nobody drives.
//!
//! Without a driver nothing is delivered, and the program stands still without a word. The usual
//! cause is a `block_on` of another crate, which parks its thread and does not drive. So whenever a
//! wait begins, this looks whether the previous ones have been left alone for too long: something
//! was registered or set all the time, no thread had a [`Parker`](crate::Parker) or said that it
//! drives from outside, and there was no turn.
//!
//! Deliberately absent: a thread that watches. A program whose only wait is its first one gets no
//! report. In release builds none of this is looked at.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::report::report;

/// So long may waits be outstanding while nobody drives.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Undriven {
    /// How many parkers are in use. Relaxed: a wrong look costs or saves a report.
    lent: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Driven,
    /// Since then something waits, and nobody drives.
    Alone(Instant),
    /// Said once is enough.
    Reported,
}

impl Undriven {
    pub(crate) const fn new() -> Undriven {
        Undriven { lent: AtomicUsize::new(0), state: Mutex::new(State::Driven) }
    }

    /// A thread lends itself by a parker, or ends that.
    pub(crate) fn lend(&self, begins: bool) {
        if cfg!(debug_assertions) {
            match begins {
                true => self.lent.fetch_add(1, Relaxed),
                false => self.lent.fetch_sub(1, Relaxed),
            };
        }
    }

    /// There is a turn.
    pub(crate) fn driven(&self) {
        if cfg!(debug_assertions) {
            self.set(State::Driven);
        }
    }

    /// A wait begins, in a debug build. `heard`: somebody drives now; `waiting`: others wait.
    pub(crate) fn wait_begins(&self, heard: impl Fn() -> bool, waiting: impl Fn() -> bool) {
        if self.lent.load(Relaxed) != 0 || heard() {
            return self.set(State::Driven);
        }
        let now = Instant::now();
        let alone = {
            let Ok(mut state) = self.state.lock() else { return };
            match *state {
                State::Reported => return,
                State::Alone(since) if waiting() => {
                    let alone = now.saturating_duration_since(since);
                    if alone < PATIENCE {
                        return;
                    }
                    *state = State::Reported;
                    alone
                }
                State::Alone(_) | State::Driven => {
                    *state = State::Alone(now);
                    return;
                }
            }
        };
        report(format_args!(
            "for {alone:.1?} something has been waiting on a reactor that nobody \
             drives. A `block_on` of another crate does not drive: use `mini_reactor::block_on` or \
             that of an executor made for it, lend a thread with `Reactor::drive`, or call \
             `Reactor::poll_once` from your own loop, under `Reactor::drive_externally`. (Debug \
             builds say this, once for each reactor.)"
        ));
    }

    fn set(&self, new: State) {
        let Ok(mut state) = self.state.lock() else { return };
        if !matches!(*state, State::Reported) {
            *state = new;
        }
    }
}
