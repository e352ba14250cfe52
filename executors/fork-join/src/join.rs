//! `join`: two calls, the second of which another worker may have taken meanwhile.
//!
//! Both halves are called by this thread, one after the other, unless somebody was hungry in
//! between. Three ways, by what it costs:
//!
//! 1. In the [window](crate::window): two calls, behind a counter.
//! 2. Full: the second half goes into the frame's list, the first is called, the second is taken
//!    out again and called.
//! 3. Given away: the first half is called, then this worker waits for the second. While it waits,
//!    it runs other parts of that second half, if there are any (`wait.rs`).
//!
//! # Why `join` is not inlined
//!
//! The compiler does not inline a function that calls itself. If `join` were inlined into the
//! function that calls it, the recursion would be that function's, and each of its calls a call,
//! down to the leaves, which are half of them. As it is, the recursion goes through `join`: the
//! function and its closures are inlined here, as far as they are small, and a leaf costs a
//! counter. Measured in turns: a call of `fib` 0.8 ns instead of 1.4, where plain recursion takes
//! 0.7; a node of the sum over a tree in the nearest caches 1.9 ns instead of 2.2, where it takes
//! 1.4. How the linker happens to align it makes a tenth of a difference; and closures had better
//! take a number along than a reference to it, which then goes through memory.
//!
//! # Nothing unwinds past a half that is away
//!
//! The second half lies in this frame, and another thread may be using it. So from the moment it is
//! in the list on, everything that may panic runs inside `catch_unwind`: the first half, and the
//! handing over as well. Afterwards it is either taken back, or waited for, and waiting does not
//! unwind (`wait.rs`). Only then a panic goes on: the first half's if both have panicked.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use crate::contain::discard;
use crate::current;
use crate::job::StackJob;
use crate::worker::Worker;

impl Worker {
    /// Calls `a` and `b`, possibly in parallel, and returns what they return.
    ///
    /// `a` is called on this thread. `b` is too, after `a`, unless another worker has taken it.
    /// Each gets the worker on which it runs, to be passed on to joins within it.
    ///
    /// While this waits for another worker to finish `b`, it runs only what is part of `b`. So
    /// locks may be held across a join, as long as neither half wants them.
    ///
    /// # Panics
    ///
    /// If `a` or `b` does; once both are over. If both do, with what `a` panicked with. If `a`
    /// panics, `b` may never be called.
    ///
    /// # Examples
    ///
    /// ```
    /// use mini_executor_fork_join::{ThreadPool, Worker};
    ///
    /// fn fib(worker: &Worker, n: u32) -> u64 {
    ///     if n < 2 {
    ///         return n.into();
    ///     }
    ///     // `move`: a number is passed on faster than a reference to it.
    ///     let (a, b) =
    ///         worker.join(move |worker| fib(worker, n - 1), move |worker| fib(worker, n - 2));
    ///     a + b
    /// }
    ///
    /// assert_eq!(ThreadPool::new().lend(|worker| fib(worker, 20)), 6765);
    /// ```
    #[inline(never)] // so a recursion goes through here, and what calls this is inlined below
    pub fn join<A, B, RA, RB>(&self, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(&Worker) -> RA + Send,
        B: FnOnce(&Worker) -> RB + Send,
        RA: Send,
        RB: Send,
    {
        if self.window.counts() {
            let a = a(self);
            let b = b(self);
            (a, b)
        } else {
            self.full_join(a, b)
        }
    }

    /// A full join that tells the closures whether they have moved; the first one has if `came`.
    pub(crate) fn join_context<A, B, RA, RB>(&self, came: bool, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(FnContext) -> RA + Send,
        B: FnOnce(FnContext) -> RB + Send,
        RA: Send,
        RB: Send,
    {
        let here = self.index();
        self.full_join(
            |_| a(FnContext { migrated: came }),
            |worker| b(FnContext { migrated: came || worker.index() != here }),
        )
    }

    /// A join whose second half can be shared.
    #[expect(unsafe_code, reason = "the job is on this stack")]
    #[cold]
    #[inline(never)]
    pub(crate) fn full_join<A, B, RA, RB>(&self, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(&Worker) -> RA,
        B: FnOnce(&Worker) -> RB + Send,
        RB: Send,
    {
        let list = &self.frames.last().list;
        let job = StackJob::new(self.shared(), b);
        // SAFETY:
        // - It is new, so it is in no list.
        // - It stays where it is until it has been taken out: below, by this thread, if it is still
        //   in the list when `a` is over; otherwise it was given away, and `wait` returns when it
        //   has run. Nothing in between unwinds, or returns.
        // - The list is this thread's.
        unsafe { list.push(job.as_job()) };
        let a = catch_unwind(AssertUnwindSafe(|| {
            self.attend();
            self.window.open(list.len());
            let result = a(self);
            self.attend(); // this very job may be wanted
            result
        }));
        if !job.is_listed() {
            self.window.keep(list.len());
            self.wait_for(job.region(), true, &|| job.latch().is_set());
            // SAFETY: the latch is set, and this is the only place that takes it.
            return both(a, unsafe { job.take_result() });
        }
        // SAFETY: it is in the list, and it was put into no other.
        unsafe { list.remove(job.as_job()) };
        self.window.keep(list.len());
        // SAFETY: it was in the list until now, and this is the only place that takes it.
        let b = unsafe { job.take_back() };
        match a {
            Ok(a) => {
                let b = b(self);
                (a, b)
            }
            Err(payload) => {
                drop(b);
                resume_unwind(payload)
            }
        }
    }
}

/// What the halves returned, or the first panic.
#[cold]
fn both<RA, RB>(a: thread::Result<RA>, b: thread::Result<RB>) -> (RA, RB) {
    match (a, b) {
        (Ok(a), Ok(b)) => (a, b),
        (Err(payload), b) => {
            match b {
                Ok(b) => drop(b),
                Err(other) => discard(other),
            }
            resume_unwind(payload)
        }
        (Ok(a), Err(payload)) => {
            drop(a);
            resume_unwind(payload)
        }
    }
}

/// Calls `a` and `b`, possibly in parallel if this thread is a worker of a pool: [`Worker::join`]
/// on the one that it is; else one after the other.
///
/// # Panics
///
/// If one of them does, once both are over.
///
/// # Examples
///
/// ```
/// assert_eq!(mini_executor_fork_join::join(|| 1, || 2), (1, 2));
/// ```
pub fn join<A, B, RA, RB>(a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA + Send,
    B: FnOnce() -> RB + Send,
    RA: Send,
    RB: Send,
{
    current::with(|worker| match worker {
        Some(worker) => worker.join(|_| a(), |_| b()),
        None => (a(), b()),
    })
}

/// What the halves of a [`ThreadPool::join_context`](crate::ThreadPool::join_context) are told.
#[derive(Debug)]
pub struct FnContext {
    migrated: bool,
}

impl FnContext {
    /// Whether the closure runs on another thread than the one that called `join_context`.
    pub fn migrated(&self) -> bool {
        self.migrated
    }
}
