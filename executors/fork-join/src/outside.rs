//! Coming in from outside: a thread has the pool run closures that borrow from it, and waits.
//!
//! What is borrowed is there until the closures are over, so the thread must not go on before,
//! whatever happens: see [`Borrowing`]. A thread that is not lent sleeps on its own, without a
//! reactor: the threads that are lent drive that, and this one has nothing to do but to wait. If
//! the last of them goes, it lends itself.

use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use async_task::{Builder, Runnable, Task};

use crate::contain::AbortOnUnwind;
use crate::current;
use crate::pool::Pool;
use crate::region::{Region, RegionRef};
use crate::sync::{AtomicBool, Ordering};
use crate::worker::Worker;

/// Closures that borrow from the thread that makes them, and are run by others.
///
/// They are over when [`wait`](Borrowing::wait) returns; dropping this before ends the process.
pub(crate) struct Borrowing<R> {
    tasks: Vec<Task<thread::Result<R>>>,
    results: Vec<Option<thread::Result<R>>>,
    /// Armed until all are over.
    guard: AbortOnUnwind,
}

impl<R: Send> Borrowing<R> {
    pub(crate) fn new() -> Borrowing<R> {
        Borrowing { tasks: Vec::new(), results: Vec::new(), guard: AbortOnUnwind::new() }
    }

    /// Makes a closure ready to be queued: that is left to the caller.
    #[expect(unsafe_code, reason = "the closure borrows")]
    pub(crate) fn add<F, S>(&mut self, call: F, schedule: S) -> Runnable
    where
        F: FnOnce() -> R + Send,
        S: Fn(Runnable) + Send + Sync + 'static,
    {
        let future = async move { catch_unwind(AssertUnwindSafe(call)) };
        // SAFETY: what `spawn_unchecked` asks for, one by one:
        // - The closure is not `'static`, and nor is what it returns. Both are gone from the task
        //   when its handle is ready with the result, and `self` is not dropped before, or the
        //   process ends (`guard`); `self` stays in this crate, and is not forgotten.
        // - The future is `Send`, since `F` and `R` are.
        // - `schedule` is `Send`, `Sync` and `'static`.
        let (runnable, task) =
            unsafe { Builder::new().spawn_unchecked(move |()| future, schedule) };
        self.tasks.push(task);
        self.results.push(None);
        runnable
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut over = true;
        for (task, result) in self.tasks.iter_mut().zip(&mut self.results) {
            if result.is_none() {
                match Pin::new(task).poll(cx) {
                    Poll::Ready(done) => *result = Some(done),
                    Poll::Pending => over = false,
                }
            }
        }
        if over { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Waits until all are over, and returns what they returned, in the order of `add`.
    ///
    /// # Panics
    ///
    /// With the first panic of a closure, in the order of `add`, once all are over.
    pub(crate) fn wait(mut self, pool: &Arc<Pool>) -> Vec<R> {
        current::with_worker_of(pool, |worker| match worker {
            Some(worker) => self.wait_as(worker),
            None => self.wait_outside(pool),
        });
        self.guard.disarm();
        let results = self.results.into_iter().map(|result| result.expect("all are over"));
        let results: thread::Result<Vec<R>> = results.collect();
        results.unwrap_or_else(|payload| resume_unwind(payload))
    }

    /// On a worker: as one waits for a region of which nothing is a part.
    fn wait_as(&mut self, worker: &Worker) {
        let waker = worker.parker().waker();
        let region = Region::new(RegionRef::NONE);
        let this = RefCell::new(self);
        worker.wait_for(region.name(), true, &|| {
            this.borrow_mut().poll(&mut Context::from_waker(waker)).is_ready()
        });
    }

    fn wait_outside(&mut self, pool: &Arc<Pool>) {
        // A worker of another pool that blocks here has no use for its unshared jobs.
        current::with(|worker| worker.into_iter().for_each(Worker::make_public));
        let sleeper =
            Arc::new(Sleeper { woken: AtomicBool::new(false), thread: thread::current() });
        let waker = Waker::from(sleeper.clone());
        let mut cx = Context::from_waker(&waker);
        while self.poll(&mut cx).is_pending() {
            pool.presence.wait_outside(&waker);
            if pool.lent() == 0 {
                pool.enter(|worker| worker.block_on(std::future::poll_fn(|cx| self.poll(cx))));
                break;
            }
            sleeper.sleep();
        }
        pool.presence.wait_no_more(&waker);
    }
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
        let mut borrowing = Borrowing::new();
        let pool = self.clone();
        let schedule = move |call| drop(pool.add_call(call)); // not closed: it is borrowed
        // `enter` finds the worker that runs it.
        borrowing.add(|| self.enter(op), schedule).schedule();
        borrowing.wait(self).pop().expect("one closure has one result")
    }
}

impl<R> std::fmt::Debug for Borrowing<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Borrowing").field("tasks", &self.tasks).finish_non_exhaustive()
    }
}
