//! A worker: somebody who runs tasks out of queues of its own. A `run` that is under way is one,
//! and so is a `block_on`.

use std::sync::Arc;
use std::task::Waker;

use crate::current::{self, Current};
use crate::home::Home;
use crate::local::Local;
use crate::shared::Shared;
use crate::sync::Unparker;

/// A worker, for as long as it exists. Its own half is not here while it is the current one of a
/// thread.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    local: Option<Box<Local>>,
    /// Whether it counts as running. It does while it is on its thread, and when it has left that
    /// with tasks in its queue: if it is not polled soon, somebody has to look after those.
    runs: bool,
    /// Under which it is registered with those who wait, if it ever did.
    key: Option<u64>,
}

/// Somebody who polls a task now and then, and has no queue: a `tick`.
pub(crate) struct Ticker<'s> {
    shared: &'s Shared,
    key: Option<u64>,
}

impl<'s> Ticker<'s> {
    pub(crate) fn new(shared: &'s Shared) -> Self {
        Ticker { shared, key: None }
    }

    /// Has `waker` called when there is work; false means that there is some.
    pub(crate) fn wait(&mut self, waker: &Waker) -> bool {
        self.shared.crew.wait(&mut self.key, waker);
        !self.shared.has_any()
    }
}

impl Drop for Ticker<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            leave(self.shared, key);
        }
    }
}

/// A worker on its thread.
pub(crate) struct OnThread<'w> {
    shared: &'w Arc<Shared>,
    runs: &'w mut bool,
    _current: Current<'w>,
}

impl Worker {
    pub(crate) fn new(shared: &Arc<Shared>) -> Worker {
        let local = Local::new(Home::new(shared.clone()));
        Worker { shared: shared.clone(), local: Some(local), runs: false, key: None }
    }

    pub(crate) fn number(&self) -> usize {
        self.local.as_ref().expect("not entered").number
    }

    /// From now on it can be found asleep and be woken by this.
    pub(crate) fn can_be_woken(&self, unparker: Unparker) {
        self.shared.crew.slots.get(self.number()).set_unparker(Some(unparker));
    }

    /// Makes it the current one of this thread, until the guard is dropped.
    pub(crate) fn enter(&mut self) -> OnThread<'_> {
        if !self.runs {
            self.shared.crew.begin();
            self.runs = true;
        }
        let _current = current::enter(&mut self.local);
        OnThread { shared: &self.shared, runs: &mut self.runs, _current }
    }

    /// Has `waker` called when there is work; false means that there is some.
    pub(crate) fn wait(&mut self, waker: &Waker) -> bool {
        self.shared.crew.wait(&mut self.key, waker);
        !self.shared.has_work()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(local) = self.local.take() {
            local.slot.set_unparker(None);
            (*local).leave();
        }
        if self.runs {
            self.shared.crew.end();
        }
        if let Some(key) = self.key {
            leave(&self.shared, key);
        }
    }
}

/// Ends a registration; if it was used up, and there is work, another is woken for that.
pub(crate) fn leave(shared: &Shared, key: u64) {
    if shared.crew.leave(key) && shared.has_any() {
        shared.crew.wake_one();
    }
}

impl Drop for OnThread<'_> {
    fn drop(&mut self) {
        // What is left in the queue others may take; what is to run next they could not.
        if current::worker(|local| local.flush()) == 0 {
            self.shared.crew.end();
            *self.runs = false;
        }
    }
}
