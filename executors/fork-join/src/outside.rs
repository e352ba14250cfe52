//! Coming in from outside: a thread has the pool run closures that borrow from it, and waits.
//!
//! What is borrowed is there until the closures are over, so the thread must not go on before,
//! whatever happens: see [`Borrowing`]. A thread that is not lent sleeps on its own, without a
//! reactor: the threads that are lent drive that, and this one has nothing to do but to wait. It
//! stays awake for a moment first, if that has paid lately ([`patience`](crate::patience)). If the
//! last of them goes, it lends itself.

use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::slice;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker, ready};
use std::thread::{self, Thread};

use async_task::{Builder, Runnable, Task};

use crate::contain::AbortOnUnwind;
use crate::current;
use crate::pool::Pool;
use crate::region::{Region, RegionRef};
use crate::sync::{AtomicBool, Ordering};
use crate::worker::Worker;

/// A closure that borrows from the thread that makes it, and is run by another.
///
/// It is over when [`wait`] has returned; dropping this before ends the process.
pub(crate) struct Borrowing<R> {
    task: Task<thread::Result<R>>,
    result: Option<thread::Result<R>>,
    /// Armed until it is over.
    guard: Option<AbortOnUnwind>,
}

impl<R: Send> Borrowing<R> {
    /// Makes the closure ready to be queued: that is left to the caller.
    #[expect(unsafe_code, reason = "the closure borrows")]
    pub(crate) fn new<F, S>(call: F, schedule: S) -> (Runnable, Borrowing<R>)
    where
        F: FnOnce() -> R + Send,
        S: Fn(Runnable) + Send + Sync + 'static,
    {
        let guard = Some(AbortOnUnwind::new());
        let future = async move { catch_unwind(AssertUnwindSafe(call)) };
        // SAFETY: what `spawn_unchecked` asks for, one by one:
        // - The closure is not `'static`, and nor is what it returns. Both are gone from the task
        //   when its handle is ready with the result, and what is returned here is not dropped
        //   before, or the process ends (`guard`); it stays in this crate, and is not forgotten.
        // - The future is `Send`, since `F` and `R` are.
        // - `schedule` is `Send`, `Sync` and `'static`.
        let (runnable, task) =
            unsafe { Builder::new().spawn_unchecked(move |()| future, schedule) };
        (runnable, Borrowing { task, result: None, guard })
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.result.is_none() {
            self.result = Some(ready!(Pin::new(&mut self.task).poll(cx)));
            self.guard.take().into_iter().for_each(AbortOnUnwind::disarm);
        }
        Poll::Ready(())
    }

    /// What the closure returned or panicked with.
    fn result(self) -> thread::Result<R> {
        self.result.expect("it is over")
    }
}

/// Waits until all of these are over, and returns what they returned, in this order.
///
/// # Panics
///
/// With the first panic of a closure, in this order, once all are over.
pub(crate) fn wait_all<R: Send>(pool: &Arc<Pool>, mut calls: Vec<Borrowing<R>>) -> Vec<R> {
    wait(pool, &mut calls);
    let results: thread::Result<Vec<R>> = calls.into_iter().map(Borrowing::result).collect();
    results.unwrap_or_else(|payload| resume_unwind(payload))
}

/// Waits until all of these are over.
fn wait<R: Send>(pool: &Arc<Pool>, calls: &mut [Borrowing<R>]) {
    current::with_worker_of(pool, |worker| match worker {
        Some(worker) => wait_as(worker, calls),
        None => wait_outside(pool, calls),
    });
}

fn poll_all<R: Send>(calls: &mut [Borrowing<R>], cx: &mut Context<'_>) -> Poll<()> {
    let mut over = true;
    for call in calls {
        over &= call.poll(cx).is_ready();
    }
    if over { Poll::Ready(()) } else { Poll::Pending }
}

/// On a worker: as one waits for a region of which nothing is a part.
fn wait_as<R: Send>(worker: &Worker, calls: &mut [Borrowing<R>]) {
    let waker = worker.parker().waker();
    let region = Region::new(RegionRef::NONE);
    let calls = RefCell::new(calls);
    worker.wait_for(region.name(), true, &|| {
        poll_all(&mut calls.borrow_mut(), &mut Context::from_waker(waker)).is_ready()
    });
}

fn wait_outside<R: Send>(pool: &Arc<Pool>, calls: &mut [Borrowing<R>]) {
    // A worker of another pool that blocks here has no use for its unshared jobs.
    current::with(|worker| worker.into_iter().for_each(Worker::make_public));
    if pool.patience.is_left() {
        pool.patience.linger(|| !calls.iter().all(|call| call.task.is_finished()));
    }
    let sleeper = Arc::new(Sleeper { woken: AtomicBool::new(false), thread: thread::current() });
    let waker = Waker::from(sleeper.clone());
    let mut cx = Context::from_waker(&waker);
    if poll_all(calls, &mut cx).is_ready() {
        return;
    }
    loop {
        pool.presence.wait_outside(&waker);
        if pool.lent() == 0 {
            pool.enter(|worker| worker.block_on(std::future::poll_fn(|cx| poll_all(calls, cx))));
            break;
        }
        sleeper.sleep();
        if poll_all(calls, &mut cx).is_ready() {
            break;
        }
    }
    pool.presence.wait_no_more(&waker);
}

/// A thread that waits for a word.
struct Sleeper {
    woken: AtomicBool,
    thread: Thread,
}

impl Sleeper {
    /// Acquire: pairs with `wake_by_ref`.
    fn sleep(&self) {
        while !self.woken.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// Release: pairs with `sleep`.
    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::Release) {
            self.thread.unpark();
        }
    }
}

impl Pool {
    /// Runs `op` on a worker: this thread if it is one or if there is none, else another.
    pub(crate) fn install<R: Send>(self: &Arc<Pool>, op: impl FnOnce(&Worker) -> R + Send) -> R {
        let is_worker = current::with_worker_of(self, |worker| worker.is_some());
        if is_worker || self.lent() == 0 {
            return self.enter(op);
        }
        let pool = self.clone();
        let schedule = move |call| drop(pool.add_call(call)); // not closed: it is borrowed
        // `enter` finds the worker that runs it.
        let call = || {
            self.enter(|worker| {
                let result = op(worker);
                worker.expect_another(); // while nobody knows yet that it is over
                result
            })
        };
        let (runnable, mut call) = Borrowing::new(call, schedule);
        runnable.schedule();
        wait(self, slice::from_mut(&mut call));
        call.result().unwrap_or_else(|payload| resume_unwind(payload))
    }
}

impl<R> std::fmt::Debug for Borrowing<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Borrowing").field("task", &self.task).finish_non_exhaustive()
    }
}
