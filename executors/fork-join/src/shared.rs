//! What the other threads of a pool may touch of a worker.

use std::sync::{Arc, OnceLock};
use std::task::Waker;

use async_task::Runnable;

use crate::demand::Place;
use crate::job::JobRef;
use crate::queue::{Queue, Task};
use crate::sync::{AtomicBool, AtomicUsize, Ordering};

/// The part of a worker that is not its own.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Where jobs are left for it while it sleeps.
    pub(crate) place: Arc<Place<JobRef>>,
    /// Tasks that were woken on it. Others take from here.
    pub(crate) tasks: Queue<Task>,
    /// What it alone is to run: its part of a broadcast.
    pub(crate) calls: Queue<Runnable>,
    /// Whether it is in a closure rather than in a task: then a task behind it may have to wait.
    pub(crate) computing: AtomicBool,
    /// Its number in the pool.
    index: AtomicUsize,
    waker: OnceLock<Waker>,
}

impl Shared {
    pub(crate) fn new() -> Shared {
        Shared {
            place: Arc::new(Place::new()),
            tasks: Queue::new(),
            calls: Queue::new(),
            computing: AtomicBool::new(true), // until it is in its loop
            index: AtomicUsize::new(0),
            waker: OnceLock::new(),
        }
    }

    pub(crate) fn index(&self) -> usize {
        self.index.load(Ordering::Relaxed)
    }

    pub(crate) fn set_index(&self, index: usize) {
        self.index.store(index, Ordering::Relaxed);
    }

    pub(crate) fn set_waker(&self, waker: &Waker) {
        self.waker.get_or_init(|| waker.clone());
    }

    /// What wakes it. It is there before anything of this worker's can be waited for elsewhere.
    pub(crate) fn waker(&self) -> Waker {
        self.waker.get().expect("a worker has a waker before it gives anything away").clone()
    }

    /// Whether there are tasks that another worker should take: those that this one will not come
    /// to after the poll it is in.
    pub(crate) fn has_spare_tasks(&self) -> bool {
        let len = self.tasks.len();
        len > 1 || len == 1 && self.computing.load(Ordering::Relaxed)
    }
}
