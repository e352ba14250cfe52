//! Queues as `queue.rs` has them, in a few lines: what is pushed can be taken once. Whether there
//! is anything is seen as late as the order of things allows, for nothing but what else the threads
//! do orders a look after a push; or until some time has passed, because a store is not hidden for
//! ever.

use std::collections::VecDeque;
use std::sync::Arc;

use async_task::Runnable;
use loom::sync::Mutex;

use crate::sync::{self, Length, Ordering::Relaxed};

pub(crate) type Job = Runnable;

pub(crate) enum Steal<T> {
    Success(T),
    Empty,
    #[expect(dead_code, reason = "these do not disturb each other")]
    Retry,
}

struct Queue<T> {
    tasks: Mutex<VecDeque<T>>,
    length: Length,
}

impl<T> Queue<T> {
    fn new() -> Arc<Self> {
        Arc::new(Queue { tasks: Mutex::new(VecDeque::new()), length: Length::new(0) })
    }

    fn change<R>(&self, change: impl FnOnce(&mut VecDeque<T>) -> R) -> R {
        let mut tasks = self.tasks.lock().expect("nothing panics under it");
        let result = change(&mut tasks);
        self.length.store(tasks.len(), Relaxed);
        result
    }

    fn len(&self) -> usize {
        self.length.load(Relaxed)
    }

    fn steal(&self) -> Steal<T> {
        if self.len() == 0 {
            return Steal::Empty;
        }
        self.change(VecDeque::pop_front).map_or(Steal::Empty, Steal::Success)
    }

    fn steal_batch(&self, to: &Queue<T>, limit: usize) -> Steal<()> {
        if self.len() == 0 {
            return Steal::Empty;
        }
        let taken: Vec<T> = self.change(|tasks| {
            let half = tasks.len().div_ceil(2).min(limit);
            tasks.drain(..half).collect()
        });
        if taken.is_empty() {
            return Steal::Empty;
        }
        to.change(|tasks| tasks.extend(taken));
        Steal::Success(())
    }
}

pub(crate) struct Worker<T>(Arc<Queue<T>>);
pub(crate) struct Stealer<T>(Arc<Queue<T>>);
pub(crate) struct Injector<T>(Arc<Queue<T>>);

impl<T> Worker<T> {
    pub(crate) fn new_fifo() -> Self {
        Worker(Queue::new())
    }
    pub(crate) fn stealer(&self) -> Stealer<T> {
        Stealer(self.0.clone())
    }
    pub(crate) fn push(&self, task: T) {
        self.0.change(|tasks| tasks.push_back(task));
    }
    pub(crate) fn pop(&self) -> Option<T> {
        sync::has_worked();
        match self.0.steal() {
            Steal::Success(task) => Some(task),
            _ => None,
        }
    }
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Stealer<T> {
    pub(crate) fn steal(&self) -> Steal<T> {
        self.0.steal()
    }
    pub(crate) fn steal_batch_with_limit(&self, to: &Worker<T>, limit: usize) -> Steal<()> {
        self.0.steal_batch(&to.0, limit)
    }
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Default for Injector<T> {
    fn default() -> Self {
        Injector(Queue::new())
    }
}

impl<T> Injector<T> {
    pub(crate) fn push(&self, task: T) {
        self.0.change(|tasks| tasks.push_back(task));
    }
    pub(crate) fn steal(&self) -> Steal<T> {
        self.0.steal()
    }
    pub(crate) fn steal_batch_with_limit(&self, to: &Worker<T>, limit: usize) -> Steal<()> {
        self.0.steal_batch(&to.0, limit)
    }
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
