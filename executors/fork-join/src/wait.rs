//! Waiting: for a half of a join, for a scope, for anything.
//!
//! A worker that waits for a [region](crate::region) runs jobs within it, polls tasks if it may
//! ([`serve`](crate::serve)), and sleeps otherwise; asleep it waits for events as well, for all. It
//! does not unwind: other threads may be using its stack.
//!
//! # No wake-up is lost
//!
//! What ends a sleep, or makes work for the sleeper: the latch or count that it waits for, a job in
//! its place, a job made public, a task, its part of a broadcast. Each is first written and then
//! followed by a wake of its parker, or by a call of somebody whose wish is in the list; and the
//! sleeper looks at each of them in the `idle` that it gives to [`Parker::park`], after its wish is
//! in the list and the parker has published that it sleeps.
//!
//! [`Parker::park`]: mini_reactor::Parker::park

use std::hint;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::contain::{AbortOnUnwind, contained};
use crate::demand::Wish;
use crate::region::RegionRef;
use crate::worker::Worker;

/// Looks at the latch before going to sleep: halves of a join often end at about the same time, and
/// a sleep costs more than these.
const SPINS: u32 = 200;
/// How long a worker that has just run a job stays awake in case there is another: less than it
/// costs to sleep and to be woken.
const LINGER: Duration = Duration::from_micros(10);
/// Turns between two looks meanwhile.
const LINGER_SPINS: u32 = 20;
/// How often to look if this thread cannot sleep on the reactor.
const NAP: Duration = Duration::from_millis(1);

impl Worker {
    /// Returns when `done` says so. Meanwhile, runs what is within `region`. Does not unwind.
    #[cold]
    pub(crate) fn wait_for(&self, region: RegionRef, done: &dyn Fn() -> bool) {
        let guard = AbortOnUnwind::new();
        while let Some(job) = self.take_back(region) {
            self.run_job(job);
        }
        for _ in 0..SPINS {
            if done() {
                guard.disarm();
                return;
            }
            hint::spin_loop();
        }
        self.wait(region, done);
        if self.has_tasks() {
            self.pool().call_for_tasks(); // it may have been called for them, and leaves
        }
        guard.disarm();
    }

    fn wait(&self, region: RegionRef, done: &dyn Fn() -> bool) {
        let mut can_sleep = true;
        while !done() {
            if self.run_handed() || self.run_own_call() {
                continue;
            }
            let public = &self.pool().public;
            if let Some(job) = public.pop_if(|job| job.is_within(region)) {
                self.run_job(job);
                continue;
            }
            let serves = self.may_serve();
            if serves && self.has_tasks() && self.serve_tasks() {
                continue;
            }
            self.make_public();
            if can_sleep {
                let mut idle = || {
                    let something = done()
                        || !self.shared().calls.is_empty()
                        || public.any(|job| job.is_within(region))
                        || serves && self.has_tasks();
                    !something
                };
                let wish = Wish { within: Some(region), tasks: serves, jobs: true };
                can_sleep = self.sleep(wish, &mut idle).is_ok();
            } else {
                thread::sleep(NAP); // the reactor failed, or calls us from a waker
            }
        }
    }

    /// Sleeps until something of what is wished for is there, or `idle` is over, or for no reason.
    /// Does not unwind.
    ///
    /// # Errors
    ///
    /// What the reactor's turn returns, or says when it panics.
    pub(crate) fn sleep(
        &self,
        wish: Wish<RegionRef>,
        idle: &mut dyn FnMut() -> bool,
    ) -> io::Result<()> {
        let parker = self.parker();
        let place = &self.shared().place;
        self.pool().demand.ask(place, parker.waker().clone(), wish);
        let mut idle = || !place.is_full() && idle();
        let slept = contained(|| match self.linger(&mut idle) {
            true => parker.park(idle),
            false => Ok(()),
        });
        self.pool().demand.withdraw(place);
        self.look_anew();
        self.note_events();
        slept.unwrap_or_else(|| Err(io::Error::other("the reactor panicked")))
    }

    /// Looks around for a moment if it has run a job since it slept last, because jobs are short
    /// and come in numbers. Its wish is in the list already. True if there was nothing.
    fn linger(&self, idle: &mut dyn FnMut() -> bool) -> bool {
        if !self.ran_job.take() {
            return true;
        }
        let began = Instant::now();
        while idle() {
            if began.elapsed() > LINGER {
                return true;
            }
            (0..LINGER_SPINS).for_each(|_| hint::spin_loop());
        }
        false
    }

    /// Runs its part of a broadcast, if there is one.
    pub(crate) fn run_own_call(&self) -> bool {
        let Some(call) = self.shared().calls.pop() else { return false };
        self.run_call(call);
        true
    }
}
