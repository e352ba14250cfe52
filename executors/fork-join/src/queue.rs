//! A queue that any thread may use: tasks and closures that somebody is to run.
//!
//! A lock around a `VecDeque`, and its length beside it, so that a look costs no lock. Each worker
//! has one of its own for the tasks that are woken on it, so the lock is rarely contended; others
//! take from it when they have nothing. Lock-free deques were not tried: the executor of this
//! workspace that is about tasks is another.

use std::collections::VecDeque;
use std::sync::Arc;

use async_task::Runnable;

use crate::sync::{AtomicUsize, Mutex, MutexGuard, Ordering, PoisonError};

/// Something to be polled.
#[derive(Debug)]
pub(crate) enum Task {
    Own(Runnable),
    /// One of a scope's, if it has one: the worker that waits for the scope takes them from there
    /// as well, and may have been first.
    OfScope(Arc<Queue<Runnable>>),
}

impl Task {
    pub(crate) fn run(self) {
        match self {
            Task::Own(task) => {
                task.run();
            }
            Task::OfScope(tasks) => {
                if let Some(task) = tasks.pop() {
                    task.run();
                }
            }
        }
    }
}

impl From<Runnable> for Task {
    fn from(task: Runnable) -> Task {
        Task::Own(task)
    }
}

/// First in, first out.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    len: AtomicUsize,
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<T>,
    closed: bool,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Queue<T> {
        let state = State { items: VecDeque::new(), closed: false };
        Queue { len: AtomicUsize::new(0), state: Mutex::new(state) }
    }

    /// How many there are. May be late; who must not overlook one has locked something in common
    /// with who added it (`demand.rs`).
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds one at the end; returns how many there are now.
    ///
    /// # Errors
    ///
    /// Gives it back if the queue is closed.
    pub(crate) fn push(&self, item: T) -> Result<usize, T> {
        let mut state = self.lock();
        if state.closed {
            return Err(item);
        }
        state.items.push_back(item);
        let len = state.items.len();
        self.len.store(len, Ordering::Relaxed);
        Ok(len)
    }

    pub(crate) fn pop(&self) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        let mut state = self.lock();
        let item = state.items.pop_front();
        self.len.store(state.items.len(), Ordering::Relaxed);
        item
    }

    /// Takes out the first one that `wanted` says yes to.
    pub(crate) fn pop_if(&self, mut wanted: impl FnMut(&T) -> bool) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        let mut state = self.lock();
        let at = state.items.iter().position(&mut wanted)?;
        let item = state.items.remove(at);
        self.len.store(state.items.len(), Ordering::Relaxed);
        item
    }

    /// Whether there is one that `wanted` says yes to.
    pub(crate) fn any(&self, wanted: impl FnMut(&T) -> bool) -> bool {
        !self.is_empty() && self.lock().items.iter().any(wanted)
    }

    /// Takes out the older half, rounded up.
    pub(crate) fn take_half(&self) -> VecDeque<T> {
        if self.is_empty() {
            return VecDeque::new();
        }
        let mut state = self.lock();
        let older = state.items.len().div_ceil(2);
        let newer = state.items.split_off(older);
        self.len.store(newer.len(), Ordering::Relaxed);
        std::mem::replace(&mut state.items, newer)
    }

    /// Takes out everything.
    pub(crate) fn take_all(&self) -> VecDeque<T> {
        let mut state = self.lock();
        self.len.store(0, Ordering::Relaxed);
        std::mem::take(&mut state.items)
    }

    /// Refuses more, and returns what is left.
    pub(crate) fn close(&self) -> VecDeque<T> {
        self.lock().closed = true;
        self.take_all()
    }

    /// Nothing panics under the lock except the predicates, which change nothing.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
