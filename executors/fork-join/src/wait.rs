//! Waiting: for a half of a join, for a scope, for anything.
//!
//! A worker that waits for a [region](crate::region) runs jobs within it, polls tasks if it may
//! ([`serve`](crate::serve)), and sleeps otherwise; asleep it waits for events as well, for all,
//! unless others see to them. It does not unwind: other threads may be using its stack.
//!
//! # No wake-up is lost
//!
//! What ends a sleep, or makes work for the sleeper: the latch or count that it waits for, a job in
//! its place, a job made public, a task, its part of a broadcast. Each is first written and then
//! followed by a wake of its parker, or by a call of somebody whose wish is in the list; and the
//! sleeper looks at each of them in the `idle` that it gives to [`Parker::park`] or
//! [`Parker::watch`], after its wish is in the list and the parker has published that it sleeps.
//!
//! [`Parker::park`]: mini_reactor::Parker::park
//! [`Parker::watch`]: mini_reactor::Parker::watch

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::contain::{AbortOnUnwind, contained};
use crate::demand::Wish;
use crate::region::RegionRef;
use crate::worker::Worker;

/// How long a worker looks around for more before it sleeps, when it has run a job of somebody's
/// or waits for one: jobs come in numbers, and halves of a join often end at about the same time.
/// As long as the job took, so no more is wasted than was gained; but within these. To sleep and to
/// be woken costs some tens of microseconds.
const LINGER: (Duration, Duration) = (Duration::from_micros(10), Duration::from_micros(100));
/// Time between two looks at the reactor meanwhile.
const GLANCE: Duration = Duration::from_micros(5);
/// How often to look if this thread cannot sleep on the reactor.
const NAP: Duration = Duration::from_millis(1);

impl Worker {
    /// Returns when `done` says so. Meanwhile, runs what is within `region`. Does not unwind.
    /// `computed`: what it waits for is being computed, not for others to do.
    #[cold]
    pub(crate) fn wait_for(&self, region: RegionRef, computed: bool, done: &dyn Fn() -> bool) {
        let guard = AbortOnUnwind::new();
        while let Some(job) = self.take_back(region) {
            self.run_job(job);
        }
        if computed {
            self.linger_after(LINGER.1);
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
            false => Ok(()),
            true if self.drives() => parker.park(idle),
            true => self.sleep_beside(&mut idle),
        });
        self.pool().demand.withdraw(place);
        self.look_anew();
        self.note_events();
        slept.unwrap_or_else(|| Err(io::Error::other("the reactor panicked")))
    }

    /// Sets how long to look around before the next sleep, after a job that took so long.
    pub(crate) fn linger_after(&self, took: Duration) {
        let (least, most) = LINGER;
        self.linger.set(took.clamp(least, most));
    }

    /// Looks around for as long as is left of what was set. Its wish is in the list already. True
    /// if there was nothing.
    fn linger(&self, idle: &mut dyn FnMut() -> bool) -> bool {
        let limit = self.linger.take();
        if limit.is_zero() {
            return true;
        }
        let began = Instant::now();
        let mut glance = GLANCE;
        while idle() {
            let elapsed = began.elapsed();
            if elapsed > limit {
                return true;
            }
            if elapsed > glance {
                self.turn();
                glance = elapsed + GLANCE;
            }
            thread::yield_now(); // others may have a use for the processor
        }
        self.linger.set(limit.saturating_sub(began.elapsed()));
        false
    }

    /// Runs its part of a broadcast, if there is one.
    pub(crate) fn run_own_call(&self) -> bool {
        let Some(call) = self.shared().calls.pop() else { return false };
        self.run_call(call);
        true
    }
}
