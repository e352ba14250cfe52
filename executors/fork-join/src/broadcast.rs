//! `broadcast`: the same closure on every thread that is lent.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use async_task::Runnable;

use crate::outside::{Borrowing, wait_all};
use crate::pool::{Pool, wake};
use crate::task::unattended;

/// Which of the calls of a broadcast this is.
///
/// # Examples
///
/// ```
/// # use mini_executor_fork_join::ThreadPool;
/// let pool = ThreadPool::new();
/// let indices = pool.lend(|_| pool.broadcast(|context| context.index()));
/// assert_eq!(indices, [0]);
/// ```
pub struct BroadcastContext<'a> {
    index: usize,
    threads: usize,
    /// rayon's has a lifetime, so this one has.
    marker: PhantomData<&'a ()>,
}

impl BroadcastContext<'_> {
    fn new(index: usize, threads: usize) -> Self {
        BroadcastContext { index, threads, marker: PhantomData }
    }

    /// The number of this call: from 0 up, less than [`num_threads`](Self::num_threads).
    pub fn index(&self) -> usize {
        self.index
    }

    /// How many calls there are: one for each thread that was lent when the broadcast began.
    pub fn num_threads(&self) -> usize {
        self.threads
    }
}

impl fmt::Debug for BroadcastContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BroadcastContext")
            .field("index", &self.index)
            .field("threads", &self.threads)
            .finish()
    }
}

impl Pool {
    /// Calls `op` on every worker, and waits.
    pub(crate) fn broadcast<R: Send>(
        self: &Arc<Pool>,
        op: impl Fn(BroadcastContext<'_>) -> R + Sync,
    ) -> Vec<R> {
        if self.lent() == 0 {
            return self.enter(|_| vec![op(BroadcastContext::new(0, 1))]);
        }
        let mut calls = Vec::new();
        let op = &op;
        self.to_each(|index, threads| {
            let call = move || op(BroadcastContext::new(index, threads));
            let (runnable, call) = Borrowing::new(call, never_woken);
            calls.push(call);
            runnable
        });
        let results = wait_all(self, calls);
        if results.is_empty() {
            // The last worker went in between.
            return self.enter(|_| vec![op(BroadcastContext::new(0, 1))]);
        }
        results
    }

    /// Calls `op` on every worker, and does not wait.
    pub(crate) fn spawn_broadcast(
        self: &Arc<Pool>,
        op: impl Fn(BroadcastContext<'_>) + Send + Sync + 'static,
    ) {
        let op = Arc::new(op);
        self.to_each(|index, threads| {
            let (op, handler) = (op.clone(), self.config.panic_handler.clone());
            let call = async move {
                unattended(handler.as_deref(), || op(BroadcastContext::new(index, threads)));
            };
            let (call, task) = async_task::spawn(call, never_woken);
            task.detach();
            call
        });
    }

    /// Queues a call for each worker that there is; `make` gets its number among them, and how many
    /// there are.
    fn to_each(&self, mut make: impl FnMut(usize, usize) -> Runnable) {
        for worker in self.add_to_each(&mut make) {
            // One that sleeps is woken. This thread, if it is one of them, comes to it.
            self.demand.call_at(&worker.place).into_iter().for_each(wake);
        }
    }
}

/// Such a call returns at its first poll, and has no waker before, so it is not woken.
fn never_woken(call: Runnable) {
    drop(call);
}
