//! Sockets and timers while the pool computes: tasks are polled, and the reactor is turned, between
//! two jobs.
//!
//! As long as one worker sleeps, it waits for events on behalf of all, and polls the tasks that
//! they wake. When all of them compute, nobody does. Then each of them looks at the reactor from
//! time to time, at a join, a spawn, or between two jobs of a scope, and polls what was woken, on
//! top of whatever it is in the middle of.
//!
//! # The bound
//!
//! While all lent threads compute, each of them looks at the reactor at its first look after
//! [`TURN`] since it did so last, at most 32 looks late if these follow each other quickly: if the
//! last 32 took less than 33 µs. A look is a full join, a spawn, or the end of a job; between two
//! full joins there may be 128 others, if joins are short (`window.rs`). So an event waits for
//! 25 µs and 32 looks, or for a thread that comes by no such point to be done with its job, if all
//! do. A thread whose last [`VAIN`] looks found nothing looks less often ([`SELDOM`]): the first
//! event after a silence waits for 100 µs instead.
//!
//! A thread that is woken keeps the reactor until it runs, so if others keep it from the processor,
//! events wait for that as well.
//!
//! # What a task must not do
//!
//! A task may be polled on top of any computation of the pool. If that holds a lock across a join
//! and the task wants the same lock, this thread waits for itself. As in async code generally: what
//! is held across such a point must not be waited for elsewhere. A pool can be told to poll no task
//! there ([`ThreadPool::without_serving`]); then one thread more has to be lent than compute. Tasks
//! are polled one at a time on a thread: while one is being polled on top of a computation, its own
//! joins do not poll others.
//!
//! [`ThreadPool::without_serving`]: crate::ThreadPool::without_serving

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::contain::contained;
use crate::demand::{EVENTS, TASKS, is_wanted};
use crate::queue::Task;
use crate::worker::Worker;

/// How often a computing worker looks at the reactor if nobody sleeps there, while events come.
const TURN: Duration = Duration::from_micros(25);
/// How often if none have come for a while.
const SELDOM: Duration = Duration::from_micros(100);
/// A while: so many looks that found nothing.
const VAIN: u32 = 64;
/// Tasks that are polled in one go, before the computation gets on.
const POLLS: u32 = 61;

/// What a worker knows of its service.
#[derive(Debug)]
pub(crate) struct Service {
    /// Whether a task is being polled on top of a computation.
    serving: Cell<bool>,
    turned: Cell<Option<Instant>>,
    /// Looks at the reactor since one that found something.
    vain: Cell<u32>,
}

impl Service {
    pub(crate) const fn new() -> Service {
        Service { serving: Cell::new(false), turned: Cell::new(None), vain: Cell::new(0) }
    }
}

impl Worker {
    /// Whether tasks may be polled here, on top of a computation.
    pub(crate) fn may_serve(&self) -> bool {
        self.pool().config.serves && !self.service.serving.get()
    }

    /// Whether there are tasks that this worker could poll.
    pub(crate) fn has_tasks(&self) -> bool {
        !self.shared().tasks.is_empty() || !self.pool().tasks.is_empty()
    }

    /// Looks at the reactor if it is time, and polls tasks. True if it should come back with the
    /// same word.
    pub(crate) fn serve(&self, word: u64) -> bool {
        let mut again = false;
        if word & EVENTS != 0 {
            again = self.turn_if_due();
        }
        if self.has_tasks() || word & TASKS != 0 {
            if self.may_serve() {
                self.serve_tasks();
                again |= self.has_tasks();
            } else if !self.shared().tasks.is_empty() {
                self.pool().call_for_tasks();
            }
        }
        again
    }

    /// Polls some tasks on top of what this thread is doing. True if there was one.
    pub(crate) fn serve_tasks(&self) -> bool {
        self.service.serving.set(true);
        let mut polls = 0;
        while polls < POLLS {
            let Some(task) = self.next_task() else { break };
            self.poll_task(task);
            polls += 1;
        }
        self.service.serving.set(false);
        self.note_events(); // they may have brought the first
        if self.pool().demand.word() & TASKS != 0 && self.pool().tasks.is_empty() {
            self.pool().demand.unset(TASKS);
            if !self.pool().tasks.is_empty() {
                self.pool().call_for_tasks(); // one came between the look and the unsetting
            }
        }
        polls > 0
    }

    /// The next task from this worker's queue, or from the pool's.
    pub(crate) fn next_task(&self) -> Option<Task> {
        self.shared().tasks.pop().or_else(|| self.pool().tasks.pop())
    }

    /// Polls a task. Does not unwind: what a task panics with goes to who awaits it, and what a
    /// waker panics with to nobody.
    pub(crate) fn poll_task(&self, task: Task) {
        contained(|| task.run());
    }

    /// Turns the reactor if nobody sleeps there, and it is time. True if it has to be done again.
    fn turn_if_due(&self) -> bool {
        let now = Instant::now();
        let turned = self.service.turned.get();
        let vain = self.service.vain.get();
        let pause = if vain < VAIN { TURN } else { SELDOM };
        if turned.is_none_or(|turned| now - turned >= pause) {
            self.service.turned.set(Some(now));
            self.turn();
            self.service.vain.set(if self.has_tasks() { 0 } else { (vain + 1).min(VAIN) });
        }
        if !self.reactor().has_work() {
            self.pool().demand.unset(EVENTS);
            return false;
        }
        true
    }

    /// Turns the reactor without waiting. An error is left to who waits for events.
    pub(crate) fn turn(&self) {
        contained(|| self.parker().turn().ok());
    }

    /// Says that events are waited for by nobody, if that is so.
    pub(crate) fn note_events(&self) {
        let demand = &self.pool().demand;
        let attended = |word| is_wanted(word) || word & EVENTS != 0;
        if self.reactor().has_work() && !attended(demand.word()) {
            demand.unattended();
        }
    }
}
