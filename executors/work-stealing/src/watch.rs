//! The watch: a sleeper that looks, now and then, whether something is stuck behind a long poll.
//!
//! `crew.rs` says when there is a watcher. This is what it does. It sleeps for a [`PERIOD`] at
//! most, and then compares how far every worker is with what it was at the last look:
//!
//! - A worker that is still at the same poll, and has tasks queued, is relieved of them: the
//!   watcher takes what would run next, and half of the queue.
//! - One that goes on, but had several tasks queued the last time as well, is relieved of half of
//!   the queue.
//! - If no other worker was in the reactor, the watcher parks and so becomes the driver, unless
//!   somebody is in there just now. As long as they come by, it sleeps beside: they are back soon.
//!   (Who only looks for events in passing, between polls, does not count.)
//!
//! So a task that was woken waits two periods at most behind the poll of another task, and so does
//! an event or a timer, while a thread sleeps in `block_on`. What the last look has seen is kept
//! over the times between sleeps, and a look that is overdue is taken when the worker falls asleep:
//! a sleeper that is woken again and again, and never sleeps for a period, sees what is stuck all
//! the same.
//!
//! The watch ends when all workers sleep, or when nothing has moved: then all others that run are
//! in long polls with nothing behind them, and somebody drives, this worker perhaps. An idle
//! program has no watcher.

use std::time::Duration;

use crate::local::Local;
use crate::shared::{Shared, rob, steal};
use crate::sync::Instant;

/// The time between two looks.
pub(crate) const PERIOD: Duration = Duration::from_millis(1);

/// Who is told to watch again so soon had better keep watching, though all may be asleep by the
/// time it has woken up.
const DENSE: Duration = Duration::from_micros(200);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Duty {
    Off,
    On,
    /// The watch has ended, but for one more look.
    Ends,
}

/// What the watcher knows from the last look.
pub(crate) struct Watch {
    duty: Duty,
    /// Whether to leave the role of the driver alone.
    beside: bool,
    /// When it was, or when the watch was told to begin if that was later.
    last: Instant,
    /// When the last watch ended.
    ended: Instant,
    /// By slot, with the length of the queue; empty before the first look.
    polls: Vec<(u32, usize)>,
    /// How often others had been in the reactor.
    turns: u32,
}

/// What a look finds, compared with the last one.
struct Change {
    /// A worker has polled something.
    moved: bool,
    /// Another worker has been in the reactor.
    turned: bool,
    /// There are tasks now that were stuck.
    relieved: bool,
}

impl Watch {
    pub(crate) fn new() -> Watch {
        let now = Instant::now();
        let polls = Vec::new();
        Watch { duty: Duty::Off, beside: false, last: now, ended: now, polls, turns: 0 }
    }

    /// This worker has just fallen asleep, while others run. True: there are tasks now that were
    /// stuck.
    pub(crate) fn begin(&mut self, shared: &Shared, local: &Local) -> bool {
        self.duty = Duty::On;
        self.last.elapsed() >= PERIOD && self.compare(shared, local).relieved
    }

    /// This worker was told to watch, while it slept; `drove`: as the driver.
    pub(crate) fn begin_as_told(&mut self, shared: &Shared, drove: bool) {
        self.duty = Duty::On;
        self.last = Instant::now();
        self.beside = !drove;
        // A lone event: who took the role along is back before the one it woke.
        let lone = self.last.saturating_duration_since(self.ended) > DENSE;
        if lone && shared.crew.all_asleep() {
            self.retire(shared);
        }
    }

    fn retire(&mut self, shared: &Shared) {
        self.duty = if shared.crew.retire() { Duty::Off } else { Duty::Ends };
        self.beside = false;
        self.ended = self.last;
    }

    /// The one more look is over.
    fn end(&mut self, shared: &Shared, quiet: bool) {
        self.duty = if !quiet && shared.crew.resume() { Duty::On } else { Duty::Off };
    }

    pub(crate) fn off(&mut self) {
        self.duty = Duty::Off;
        self.beside = false;
    }

    /// Whether this worker is the one that the word speaks of.
    pub(crate) fn is_on(&self) -> bool {
        self.duty == Duty::On
    }

    /// Whether this worker would have looked once more.
    pub(crate) fn ends(&self) -> bool {
        self.duty == Duty::Ends
    }

    /// How long to sleep, and whether beside the driver.
    pub(crate) fn how(&self) -> (Option<Duration>, bool) {
        let limit = || PERIOD.saturating_sub(self.last.elapsed());
        ((self.duty != Duty::Off).then(limit), self.beside)
    }

    /// Looks, if it is time to. True: there are tasks now that were stuck. `drove`: this worker has
    /// been the driver since the last look.
    pub(crate) fn look(&mut self, shared: &Shared, local: &Local, drove: bool) -> bool {
        if self.duty == Duty::Off || self.last.elapsed() < PERIOD {
            return false;
        }
        let Change { moved, turned, relieved } = self.compare(shared, local);
        self.beside = turned && !drove;
        let quiet = !moved && !turned && !relieved;
        match self.duty {
            Duty::On if quiet || shared.crew.all_asleep() => self.retire(shared),
            Duty::Ends => self.end(shared, quiet),
            Duty::On | Duty::Off => {}
        }
        relieved
    }

    /// Compares how far the others are with the last look, and takes what is stuck.
    fn compare(&mut self, shared: &Shared, local: &Local) -> Change {
        self.last = Instant::now();
        let first = self.polls.is_empty();
        let (mut moved, mut relieved, mut turns) = (first, false, 0_u32);
        for (number, slot) in shared.crew.slots.iter().enumerate() {
            let now = (slot.pace.polls(), slot.queue.len());
            if number != local.number {
                turns = turns.wrapping_add(slot.pace.turns());
            }
            let Some(place) = self.polls.get_mut(number) else {
                self.polls.push(now);
                moved = true;
                continue;
            };
            let before = std::mem::replace(place, now);
            if number == local.number {
                continue;
            }
            moved |= before.0 != now.0;
            if before.0 == now.0 {
                let next = steal(|| slot.next.steal()).map(|job| local.push(job));
                relieved |= next.is_some() | rob(&slot.queue, local);
            } else if before.1.min(now.1) > 1 {
                relieved |= rob(&slot.queue, local);
            }
        }
        let turned = std::mem::replace(&mut self.turns, turns) != turns || first;
        Change { moved, turned, relieved }
    }
}
