//! Where a task belongs: what its wakers hold.
//!
//! A waker may outlive the executor, so it counts a reference. If all tasks counted references of
//! one thing, every spawn and every end of a task would change one word on all threads. So each
//! worker makes a home, and the tasks that are spawned there hold that; a task that ends elsewhere
//! changes its home's word all the same, and those of other homes are left alone. The count and the
//! rest are on different cache lines: the rest is read at every wake, and never written.

use std::sync::Arc;

use async_task::{Runnable, ScheduleInfo};

use crate::current;
use crate::shared::Shared;

#[repr(align(128))]
pub(crate) struct Home {
    pub(crate) shared: Arc<Shared>,
}

impl Home {
    pub(crate) fn new(shared: Arc<Shared>) -> Arc<Home> {
        Arc::new(Home { shared })
    }

    /// Puts a woken task where it will be found.
    pub(crate) fn schedule(&self, job: Runnable, info: ScheduleInfo) {
        let crew = &self.shared.crew;
        let seen = crew.seen();
        let mut job = Some(job);
        let backlog = current::local(&self.shared, |local| {
            Some(local.wake(job.take()?, info.woken_while_running, seen))
        });
        match (backlog.flatten(), job) {
            (Some(backlog), _) => crew.queued(seen, backlog),
            (None, Some(job)) => self.shared.push(job),
            (None, None) => unreachable!("it is taken where there is a backlog"),
        }
    }
}
