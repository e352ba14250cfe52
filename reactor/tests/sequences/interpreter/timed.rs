//! The steps that have to do with time.

use std::task::Context;
use std::time::Duration;

use mini_reactor::{Deadline, GlobalReactor};

use super::kernel::Kernel;
use super::ops::Op;
use super::world::World;

impl World<'_> {
    pub(super) fn execute_of_time(&mut self, op: Op) {
        match op {
            Op::TimerNew { timer, after } => {
                let duration = Duration::from_nanos(after);
                self.timers[timer] = Some(Deadline::after_in(duration, &self.reactor));
                self.model.set_timer(timer, self.model.kernel.now + after);
            }
            Op::TimerAt { timer, at } => {
                let instant = self.backend.instant(at);
                self.timers[timer] = Some(Deadline::new_in(instant, &self.reactor));
                self.model.set_timer(timer, at);
            }
            Op::TimerPoll { timer, task } => {
                if let Some(deadline) = &mut self.timers[timer] {
                    let waker = self.tasks[task].waker();
                    let polled = deadline.poll(&mut Context::from_waker(&waker));
                    assert_eq!(polled, self.model.poll_timer(timer, task));
                    let now = self.backend.now();
                    let due = deadline.at().is_some_and(|at| at <= now);
                    assert!(polled.is_pending() || due, "early");
                }
            }
            Op::TimerReset { timer, at } => {
                if let Some(deadline) = &mut self.timers[timer] {
                    deadline.reset(at.map(|at| self.backend.instant(at)));
                    self.model.reset_timer(timer, at);
                }
            }
            Op::TimerDrop { timer } => {
                self.timers[timer] = None;
                self.model.timers[timer] = None;
            }
            Op::Advance { by } => self.both(|kernel| kernel.now += by),
            Op::Sleep { duration } => self.sleep(duration),
            Op::External { begins } => {
                let guard = self.external.take();
                self.external =
                    begins.then(|| guard.unwrap_or_else(|| self.core.drive_externally()));
                self.model.external = begins;
            }
            _ => unreachable!("executed before"),
        }
    }

    fn sleep(&mut self, duration: u64) {
        // It would panic with another error of a turn.
        let tolerated = self.model.kernel.tolerates_turns();
        if !tolerated {
            self.both(Kernel::refuse_nothing);
        }
        let mut deadline = Deadline::after_in(Duration::from_nanos(duration), &self.reactor);
        self.reactor.block_on(std::future::poll_fn(|cx| deadline.poll(cx)));
        self.model.sleep(duration);
    }
}
