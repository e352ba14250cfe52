//! The watch: a sleeper that looks, now and then, whether something is stuck behind a long poll.
//!
//! `crew.rs` says when there is a watcher. This is what it does. It sleeps for a [`PERIOD`] at
//! most, and then compares how far every worker is with what it was at the last look:
//!
//! - A worker that is still at the same poll, and has tasks queued, is relieved of them: the
//!   watcher takes what would run next, and half of the queue.
//! - One that goes on, but had several tasks queued the last time as well, is relieved of half of
//!   the queue.
//! - If no worker was in the reactor, the watcher parks and so becomes the driver, unless somebody
//!   is in there just now. As long as they come by, it sleeps beside: they are back soon.
//!
//! So a task that was woken waits two periods at most behind the poll of another task, and so does
//! an event or a timer, while a thread sleeps in `block_on`.
//!
//! The watch ends when all workers sleep, or when nothing has moved: then all that run are in long
//! polls with nothing behind them, and somebody drives. An idle program has no watcher.

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

/// What the watcher knows from the last look. Kept from sleep to sleep, for its memory.
pub(crate) struct Watch {
    duty: Duty,
    /// Whether to leave the role of the driver alone.
    beside: bool,
    last: Instant,
    /// When the last watch ended.
    ended: Instant,
    /// By slot, with the length of the queue; empty before the first look.
    polls: Vec<(u32, usize)>,
    turns: u32,
}

impl Watch {
    pub(crate) fn new() -> Watch {
        let now = Instant::now();
        let polls = Vec::new();
        Watch { duty: Duty::Off, beside: false, last: now, ended: now, polls, turns: 0 }
    }

    /// This worker has just fallen asleep, while others run.
    pub(crate) fn begin(&mut self) {
        self.duty = Duty::On;
        self.last = Instant::now();
        self.polls.clear();
    }

    /// This worker was told to watch, while it slept; `drove`: as the driver.
    pub(crate) fn begin_as_told(&mut self, shared: &Shared, drove: bool) {
        self.begin();
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
        ((self.duty != Duty::Off).then_some(PERIOD), self.beside)
    }

    /// Looks, if it is time to. True: there are tasks now that were stuck. `drove`: this worker has
    /// been the driver since the last look.
    pub(crate) fn look(&mut self, shared: &Shared, local: &Local, drove: bool) -> bool {
        if self.duty == Duty::Off || self.last.elapsed() < PERIOD {
            return false;
        }
        self.last = Instant::now();
        let first = self.polls.is_empty();
        let (mut moved, mut relieved, mut turns) = (first, false, 0_u32);
        for (number, slot) in shared.crew.slots.iter().enumerate() {
            let now = (slot.pace.polls(), slot.queue.len());
            turns = turns.wrapping_add(slot.pace.turns());
            let Some(place) = self.polls.get_mut(number) else {
                self.polls.push(now);
                moved = true;
                continue;
            };
            let before = std::mem::replace(place, now);
            moved |= before.0 != now.0;
            if number == local.number {
                continue;
            }
            if before.0 == now.0 {
                let next = steal(|| slot.next.steal()).map(|job| local.push(job));
                relieved |= next.is_some() | rob(&slot.queue, local);
            } else if before.1.min(now.1) > 1 {
                relieved |= rob(&slot.queue, local);
            }
        }
        let turned = std::mem::replace(&mut self.turns, turns) != turns || first;
        self.beside = turned && !drove;
        let quiet = !moved && !turned && !relieved;
        match self.duty {
            Duty::On if quiet || shared.crew.all_asleep() => self.retire(shared),
            Duty::Ends => self.end(shared, quiet),
            Duty::On | Duty::Off => {}
        }
        relieved
    }
}
