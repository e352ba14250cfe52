//! Another thread that drives, while the clause's own waits without driving (`Context::wait`).

use std::time::Duration;

use super::trial::Trial;
use crate::threads::{Thread, start};
use crate::waiting::Flag;

/// A thread that drives the reactor until this is dropped.
#[derive(Debug)]
pub(crate) struct Driver {
    stop: Flag,
    thread: Option<Thread<()>>,
    patience: Duration,
}

impl Driver {
    /// Ends it, and waits for that.
    pub(crate) fn stop(mut self) {
        self.stop.raise();
        if let Some(thread) = self.thread.take() {
            thread.join(self.patience);
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.stop.raise();
    }
}

impl Trial {
    /// Has another thread drive from now on.
    pub(crate) fn driven_elsewhere(&self) -> Driver {
        let (stop, reactor) = (Flag::default(), self.reactor.clone());
        let flag = stop.clone();
        let thread = start("a driver that was told to end", move || {
            reactor.block_on(flag.raised());
        });
        Driver { stop, thread: Some(thread), patience: self.patience() }
    }
}
