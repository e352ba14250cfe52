//! A worker's own half: its queues, and what to run next.
//!
//! # The order
//!
//! Tasks that are spawned, that yield, or that an event of the reactor wakes, go to the end of the
//! queue. One that another task wakes is run next: message and receiver are still in the cache. Of
//! those, three run in a row at most while others are queued, so two tasks that keep waking each
//! other do not keep the rest from running. What had been next before it goes to the queue.
//!
//! # When another worker is woken
//!
//! To wake a thread costs both sides tens of microseconds, and most polls take a few. So a worker
//! knows how long its polls take on average, and wakes another one when its queue holds more work
//! than a wake is [worth](WAKE): at the first queued task if polls are long, at hundreds if they
//! only yield. What is less, and lasts, the watcher takes (`watch.rs`).

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use crate::crew::Seen;
use crate::home::Home;
use crate::queue::{Job, Worker};
use crate::slots::{Queues, Slot};
use crate::sync::Instant;

/// How many tasks in a row run because another one woke them, while others are queued.
const IN_A_ROW: u8 = 3;

/// So much queued work is worth the wake of another worker.
const WAKE: Duration = Duration::from_micros(50);

pub(crate) struct Local {
    /// What the tasks that are spawned here hold.
    pub(crate) home: Arc<Home>,
    pub(crate) number: usize,
    pub(crate) slot: Arc<Slot>,
    queues: Queues,
    /// How many of `IN_A_ROW` there were.
    row: Cell<u8>,
    /// Whether the reactor is calling wakers.
    turning: Cell<bool>,
    random: Cell<u32>,
    /// When polls were last counted.
    since: Cell<Instant>,
    /// How long a poll takes on average, in nanoseconds.
    average: Cell<u64>,
    /// So many tasks in the queue are worth the wake of another worker.
    worth: Cell<usize>,
}

/// What to do about the tasks that are queued beside the one that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backlog {
    Nothing,
    /// Somebody should look that they do not wait for long.
    Some,
    /// Somebody should come and take a half.
    Much,
}

impl Local {
    pub(crate) fn new(home: Arc<Home>) -> Box<Self> {
        let (number, queues) = home.shared.crew.slots.acquire();
        let slot = home.shared.crew.slots.get(number).clone();
        let random = Cell::new(0x9E37_79B9 ^ (number as u32 + 1));
        let (row, turning) = (Cell::new(0), Cell::new(false));
        let (since, worth) = (Cell::new(Instant::now()), Cell::new(2));
        let average = Cell::new(WAKE.as_nanos() as u64 / 2);
        Box::new(Local { home, number, slot, queues, row, turning, random, since, average, worth })
    }

    pub(crate) fn queue(&self) -> &Worker<Job> {
        &self.queues.queue
    }

    /// How many tasks are queued here.
    #[inline]
    pub(crate) fn queued(&self) -> usize {
        self.queues.queue.len() + self.queues.next.len()
    }

    /// Queues a new task.
    #[inline]
    pub(crate) fn push(&self, job: Job) -> Backlog {
        self.queues.queue.push(job);
        self.backlog(0)
    }

    /// Queues a woken task where its turn is.
    #[inline]
    pub(crate) fn wake(&self, job: Job, yields: bool, seen: Seen) -> Backlog {
        if yields {
            let before = if seen.somebody() { self.backlog(0) } else { Backlog::Nothing };
            self.queues.queue.push(job); // not queued behind anything just now
            before
        } else if self.turning.get() {
            self.queues.queue.push(job);
            Backlog::Nothing // nobody runs yet
        } else if seen.only_waiting() {
            self.push(job) // where those who wait can find it
        } else {
            if let Some(before) = self.queues.next.pop() {
                self.queues.queue.push(before);
            }
            self.queues.next.push(job);
            self.backlog(0)
        }
    }

    /// What is queued here, but for some that are about to run.
    #[inline]
    pub(crate) fn backlog(&self, own: usize) -> Backlog {
        let queue = self.queues.queue.len().saturating_sub(own);
        if queue >= self.worth.get() {
            Backlog::Much
        } else if queue > 0 || !self.queues.next.is_empty() {
            Backlog::Some
        } else {
            Backlog::Nothing
        }
    }

    /// Counts polls from now on.
    pub(crate) fn begin_lap(&self) {
        self.since.set(Instant::now());
    }

    /// So many polls have taken place since then.
    pub(crate) fn end_lap(&self, polls: usize) {
        let now = Instant::now();
        if polls > 0 {
            let lap = now.saturating_duration_since(self.since.get()).as_nanos() as u64;
            let average = (3 * self.average.get() + lap / polls as u64) / 4;
            self.average.set(average);
            self.worth.set((WAKE.as_nanos() as u64 / average.max(1)).max(1) as usize);
        }
        self.since.set(now);
    }

    /// The next task to run, which counts as polled.
    #[inline]
    pub(crate) fn pop(&self) -> Option<Job> {
        self.slot.pace.polled();
        if self.row.get() < IN_A_ROW {
            if let Some(job) = self.queues.next.pop() {
                self.row.set(self.row.get() + 1);
                return Some(job);
            }
        }
        self.row.set(0);
        self.queues.queue.pop().or_else(|| self.queues.next.pop())
    }

    /// Says whether the reactor is calling wakers.
    pub(crate) fn turn(&self, turning: bool) {
        self.turning.set(turning);
    }

    /// Puts what is to run next where others find it, and returns how many tasks are there.
    pub(crate) fn flush(&self) -> usize {
        if let Some(job) = self.queues.next.pop() {
            self.queues.queue.push(job);
        }
        self.queues.queue.len()
    }

    /// A number below `bound`, or 0.
    pub(crate) fn random(&self, bound: usize) -> usize {
        let mut x = self.random.get(); // xorshift
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.random.set(x);
        x as usize % bound.max(1)
    }

    /// Ends the worker: whatever is queued goes to the others.
    pub(crate) fn leave(self) {
        let shared = self.home.shared.clone();
        while let Some(job) = self.pop() {
            shared.push(job);
        }
        self.slot.give_back(self.queues);
    }
}
