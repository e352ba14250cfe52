//! Tasks: the wrapper around a future, and where a woken one goes.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_task::{Builder, Runnable, Task};
use pin_project_lite::pin_project;

use crate::contain::contained;
use crate::current;
use crate::pool::{PanicHandler, Pool};
use crate::queue;
use crate::sync::Ordering;
use crate::tracking::Key;
use crate::worker::Worker;

/// A task's place among those that have not finished. Dropped after its future.
struct Entry {
    pool: Arc<Pool>,
    key: Option<Key>,
}

impl Entry {
    fn new(pool: Arc<Pool>) -> Entry {
        pool.tracking.begins();
        Entry { pool, key: None }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.pool.tracking.ends(self.key);
    }
}

pin_project! {
    /// A future, polled inside the pool's hook, and dropped as soon as it is ready: a panic from
    /// its destructor resurfaces where the task is awaited. A panic while a cancelled future is
    /// dropped has nobody to go to, and ends here (async-task would abort).
    struct Tracked<F> {
        #[pin]
        future: Option<F>,
        entry: Entry,
    }

    impl<F> PinnedDrop for Tracked<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let mut future = this.future;
            if future.is_some() {
                let hook = this.entry.pool.config.hook.clone();
                contained(|| hooked(hook.as_deref(), || future.set(None)));
            }
        }
    }
}

impl<F: Future> Future for Tracked<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let (mut slot, entry) = (this.future, this.entry);
        let poll = hooked(entry.pool.config.hook.as_deref(), || {
            let future = slot.as_mut().as_pin_mut();
            let poll = future.expect("async-task does not poll a finished future").poll(cx);
            if poll.is_ready() {
                slot.set(None);
            }
            poll
        });
        if poll.is_pending() && entry.key.is_none() {
            entry.key = Some(entry.pool.tracking.waits(cx.waker().clone()));
        }
        poll
    }
}

/// Calls `body` inside the hook's guard, if there is a hook.
pub(crate) fn hooked<R>(hook: Option<&crate::pool::PollHook>, body: impl FnOnce() -> R) -> R {
    let Some(hook) = hook else { return body() };
    let mut body = Some(body);
    let mut result = None;
    hook(&mut || result = body.take().map(|body| body()));
    result.expect("the hook calls the body")
}

impl Worker {
    /// Calls `body` inside the pool's hook, if it has one.
    pub(crate) fn hooked<R>(&self, body: impl FnOnce() -> R) -> R {
        hooked(self.pool().config.hook.as_deref(), body)
    }
}

impl Pool {
    /// Makes a task of `future`, and queues it.
    pub(crate) fn spawn_future<T: Send + 'static>(
        self: &Arc<Pool>,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        let future = Tracked { future: Some(future), entry: Entry::new(self.clone()) };
        let pool = self.clone();
        let schedule = move |task: Runnable| schedule(&pool, task.into());
        let (task, handle) = Builder::new().propagate_panic(true).spawn(move |()| future, schedule);
        task.schedule();
        handle
    }

    /// Makes a task of a closure, to be run by a worker that has nothing else on its stack.
    pub(crate) fn spawn_call<T: Send + 'static>(
        self: &Arc<Pool>,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Task<T> {
        let pool = self.clone();
        let mut call = Call(Some(call));
        let schedule = move |call| drop(pool.add_call(call)); // dropped if the pool is closed
        let (call, handle) = Builder::new()
            .propagate_panic(true)
            .spawn(move |()| async move { call.take()() }, schedule);
        call.schedule();
        handle
    }
}

/// Queues a task that is to be polled.
///
/// On a thread that is a worker of the pool it goes to that worker's own queue. If the worker will
/// not come to it after the poll it is in, because there are others before it or because it is in
/// a closure, somebody else is called.
pub(crate) fn schedule(pool: &Arc<Pool>, task: queue::Task) {
    let task = current::with(|worker| match worker {
        Some(worker) if Arc::ptr_eq(worker.pool(), pool) => worker.schedule(task),
        _ => Some(task),
    });
    if let Some(task) = task {
        drop(pool.add_task(task)); // gives it back if the pool is closed: its future is dropped
    }
}

impl Worker {
    /// Gives the task back if this worker would not come to it soon.
    fn schedule(&self, task: queue::Task) -> Option<queue::Task> {
        let shared = self.shared();
        if shared.computing.load(Ordering::Relaxed) && !self.may_serve() {
            return Some(task);
        }
        if let Err(task) = shared.tasks.push(task) {
            return Some(task);
        }
        self.look_anew();
        if shared.has_spare_tasks() {
            self.pool().call_if_asleep();
        }
        None
    }
}

/// A closure that may never be called. Then a panic from its destructor has nobody to go to, and
/// ends here, as that of a future does.
struct Call<F>(Option<F>);

impl<F> Call<F> {
    fn take(&mut self) -> F {
        self.0.take().expect("it is called once")
    }
}

impl<F> Drop for Call<F> {
    fn drop(&mut self) {
        contained(|| drop(self.0.take()));
    }
}

/// What becomes of a panic in a closure that nobody waits for.
pub(crate) fn unattended(handler: Option<&PanicHandler>, call: impl FnOnce()) {
    let Err(payload) = catch_unwind(AssertUnwindSafe(call)) else { return };
    let handled = handler.is_some_and(|handler| contained(|| handler(payload)).is_some());
    if !handled {
        eprintln!("mini-executor-fork-join: a spawned closure panicked, and nobody handles it");
        std::process::abort();
    }
}
