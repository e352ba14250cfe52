//! The part of the executor that only its own thread touches: the queue, and the list of live
//! tasks.
//!
//! Nothing here is atomic and nothing is locked. Every `RefCell` is borrowed for the length of one
//! queue or table operation, never while somebody else's code runs: no poll, no wake of a foreign
//! waker, no destructor. So there is no borrow that a task could find taken.
//!
//! # Tracking
//!
//! When the executor is dropped it must drop every task that is left. Those in the queue are at
//! hand; those that wait are reached by waking them, so a waker of each is kept in a table. A task
//! enters the table the first time it returns `Pending`, not when it is spawned: one that finishes
//! at its first poll, as many do, never pays. Measured (`benches/peers.rs`, spawn and await, CPU
//! time):
//!
//! | tracked            | finishes at once | waits once |
//! |--------------------|-----------------:|-----------:|
//! | not at all         |          56.3 ns |    73.7 ns |
//! | at the first wait  |          57.5 ns |    82.1 ns |
//! | at spawn           |          67.7 ns |    86.3 ns |
//!
//! A list threaded through the tasks would save part of the 9 ns, at the price of `unsafe`.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use async_task::Runnable;
use slab::Slab;

use crate::inbox::Inbox;

/// What a `LocalExecutor` shares with its tasks on this thread.
#[derive(Default)]
pub(crate) struct Local {
    queue: RefCell<VecDeque<Runnable>>,
    /// Wakers of the tasks that have waited at least once.
    waiting: RefCell<Slab<Waker>>,
    /// Tasks whose future is not dropped yet.
    live: Cell<usize>,
    /// Whether a runner on this thread's stack will look at the queue before anybody sleeps.
    attended: Cell<bool>,
    inbox: Arc<Inbox<Runnable>>,
}

impl Local {
    pub(crate) fn inbox(&self) -> &Arc<Inbox<Runnable>> {
        &self.inbox
    }

    /// Queues a task. If the queue may be unattended, the caller goes on with
    /// [`pass_on`](Self::pass_on).
    #[inline]
    pub(crate) fn push(&self, runnable: Runnable) {
        self.queue.borrow_mut().push_back(runnable);
    }

    /// The next task, in the order in which they were woken as far as this thread can tell.
    #[inline]
    pub(crate) fn pop(&self) -> Option<Runnable> {
        if self.inbox.has_mail() {
            self.inbox.collect(&mut self.queue.borrow_mut());
        }
        self.queue.borrow_mut().pop_front()
    }

    /// How many tasks are in the queue, without those in the inbox.
    pub(crate) fn queued(&self) -> usize {
        self.queue.borrow().len()
    }

    /// Whether there is neither a task in the queue nor one in the inbox.
    pub(crate) fn is_idle(&self) -> bool {
        !self.inbox.has_mail() && self.queue.borrow().is_empty()
    }

    /// How many tasks have not finished.
    pub(crate) fn live(&self) -> usize {
        self.live.get()
    }

    /// Says whether a runner attends to the queue, and returns what was said before.
    #[inline]
    pub(crate) fn attend(&self, attended: bool) -> bool {
        self.attended.replace(attended)
    }

    pub(crate) fn is_attended(&self) -> bool {
        self.attended.get()
    }

    /// Wakes a sleeping runner if there is work that nobody attends to.
    pub(crate) fn pass_on(&self) {
        if !self.attended.get() && self.queued() > 0 {
            self.inbox.wake_one();
        }
    }

    /// Wakes every task that waits, so that each turns up in the queue or in the inbox.
    pub(crate) fn wake_all(&self) {
        let wakers: Vec<_> = self.waiting.borrow().iter().map(|(_, waker)| waker.clone()).collect();
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// A live task's place in the books. Dropped together with the task's future.
pub(crate) struct Entry {
    local: Rc<Local>,
    key: usize,
}

/// The key of a task that has not waited yet.
const UNTRACKED: usize = usize::MAX;

impl Entry {
    pub(crate) fn new(local: Rc<Local>) -> Self {
        local.live.set(local.live.get() + 1);
        Entry { local, key: UNTRACKED }
    }

    /// Says that the task waits. Only the first time costs anything.
    #[inline]
    pub(crate) fn track(&mut self, waker: &Waker) {
        if self.key == UNTRACKED {
            self.insert(waker.clone());
        }
    }

    fn insert(&mut self, waker: Waker) {
        self.key = self.local.waiting.borrow_mut().insert(waker);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.local.live.set(self.local.live.get() - 1);
        if self.key != UNTRACKED {
            let waker = self.local.waiting.borrow_mut().remove(self.key);
            drop(waker);
        }
    }
}
