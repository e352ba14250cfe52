//! Sockets and timers while the pool computes: tasks are polled, and the reactor is turned, between
//! two jobs.
//!
//! When all of them compute, nobody waits for events. Then each looks at the reactor from time to
//! time, at a join, a spawn, or between two jobs of a scope, and polls what was woken, on top of
//! whatever it is in the middle of.
//!
//! A worker that has run out of work could wait for events on behalf of all, and it does if nobody
//! has looked lately, or if all others sleep. But it would have to be woken for each of them, and
//! if there are more threads than processors, it might not get one for a while, because it has
//! computed as much as the others have; and all that time nobody else could look. So if those who
//! compute do look, it leaves that to them, and sleeps *beside* the reactor.
//!
//! # The bound
//!
//! While no worker waits for events, each that computes looks at the reactor at its first look
//! after [`TURN`] since somebody did so. A look is a full join, a spawn, or the end of a job; as
//! many of them are passed over as come in 10 µs (`give.rs`), and between two full joins there may
//! be 10 µs of others, if they are short (`window.rs`). So an event waits for some 40 µs, or for a
//! thread that comes by no such point to be done with its job, if all do. A thread whose last
//! [`VAIN`] looks found nothing looks less often ([`SELDOM`]): the first event after a silence
//! waits for 100 µs more. That is how often all of them look together, however many they are.
//!
//! A thread that sleeps beside does so for [`WATCH`] at most; then it waits for events itself,
//! unless somebody has looked at them [lately](crate::looks). Only one does so at a time. Those
//! that find one there already sleep for [`SAFELY`], in case it has been given something to
//! compute, and does not look. So while workers sleep, an event waits for 2 ms, and in that case
//! for 16.
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
use std::io;
use std::time::Duration;

use crate::contain::contained;
use crate::demand::{EVENTS, TASKS, is_driven};
use crate::queue::Task;
use crate::worker::Worker;

/// How often one of those that compute looks at the reactor, while events come.
const TURN: Duration = Duration::from_micros(20);
/// How often if none have come for a while.
const SELDOM: Duration = Duration::from_micros(100);
/// A while: so many looks that found nothing.
const VAIN: u32 = 64;
/// How often who sleeps beside makes sure that somebody looks.
const WATCH: Duration = Duration::from_millis(1);
/// How often if another does so already.
const SAFELY: Duration = Duration::from_millis(15);
/// Tasks that are polled in one go, before the computation gets on.
const POLLS: u32 = 61;

/// What a worker knows of its service.
#[derive(Debug)]
pub(crate) struct Service {
    /// Whether a task is being polled on top of a computation.
    serving: Cell<bool>,
    /// When it looked at the reactor last, or somebody else did: in the time of [`Looks`].
    looked_ns: Cell<u64>,
    /// Whether it has slept beside since somebody looked.
    relied: Cell<bool>,
    /// Looks at the reactor since one that found something.
    vain: Cell<u32>,
}

impl Service {
    pub(crate) const fn new() -> Service {
        Service {
            serving: Cell::new(false),
            looked_ns: Cell::new(0),
            relied: Cell::new(false),
            vain: Cell::new(0),
        }
    }
}

impl Worker {
    /// Whether it is for this worker, which goes to sleep, to wait for events.
    pub(crate) fn drives(&self) -> bool {
        let pool = self.pool();
        pool.demand.drives(&self.shared().place, pool.lent(), !self.may_rely())
    }

    /// Whether those who compute look at the reactor, or would.
    fn may_rely(&self) -> bool {
        if !self.pool().config.serves {
            return false; // they would have to wake this one to poll what they find
        }
        let looks = &self.pool().looks;
        if looks.lately(self.reactor(), false) {
            self.service.relied.set(false);
            return true;
        }
        // They are taken at their word once.
        !self.service.relied.get() && looks.lately(self.reactor(), true)
    }

    /// Sleeps while others look at the reactor, for a while.
    pub(crate) fn sleep_beside(&self, idle: &mut dyn FnMut() -> bool) -> io::Result<()> {
        self.note_events();
        self.service.relied.set(true);
        let watching = self.pool().looks.watch();
        let limit = if watching.is_some() { WATCH } else { SAFELY };
        self.parker().watch(limit, |_| idle()).map(drop)
    }

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
            again = self.turn_if_due(word);
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

    /// Turns the reactor if nobody has it, and it is time. True if it has to be done again.
    fn turn_if_due(&self, word: u64) -> bool {
        let (looks, service) = (&self.pool().looks, &self.service);
        let now_ns = looks.now_ns();
        let vain = service.vain.get();
        let pause = if vain < VAIN { TURN } else { SELDOM };
        let is_due = |last_ns| now_ns.saturating_sub(last_ns) >= pause.as_nanos() as u64;
        if is_due(service.looked_ns.get()) {
            service.looked_ns.set(looks.last_ns(self.reactor()));
        }
        if is_due(service.looked_ns.get()) {
            service.looked_ns.set(now_ns);
            let looked = match self.may_serve() {
                true => self.in_loop(|| self.turn()), // it polls what is woken right after
                false => self.turn(),
            };
            if looked || is_driven(word) {
                looks.note(self.reactor(), now_ns, !looked);
            }
            if looked {
                service.vain.set(if self.has_tasks() { 0 } else { (vain + 1).min(VAIN) });
            }
        }
        if !self.reactor().has_work() {
            self.pool().demand.unset(EVENTS);
            self.note_events(); // one came between the look and the unsetting
            return false;
        }
        true
    }

    /// Turns the reactor without waiting, unless somebody has it; true if this did. An error is
    /// left to who waits for events.
    pub(crate) fn turn(&self) -> bool {
        contained(|| self.parker().turn().unwrap_or(false)).unwrap_or(false)
    }

    /// Says that there are sources of events, if that is so.
    pub(crate) fn note_events(&self) {
        let demand = &self.pool().demand;
        if self.reactor().has_work() && demand.word() & EVENTS == 0 {
            demand.set(EVENTS);
        }
    }
}
