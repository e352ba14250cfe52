//! A thread as a worker of a pool: entering, leaving, and the small things that the other files
//! need of it.

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_task::Runnable;
use mini_reactor::{Handle, Parker};

use crate::block::Blocks;
use crate::contain::contained;
use crate::current;
use crate::expect::Expects;
use crate::frame::{Frame, Frames};
use crate::give::Pace;
use crate::job::JobRef;
use crate::pool::Pool;
use crate::region::RegionRef;
use crate::serve::Service;
use crate::shared::Shared;
use crate::sync::Ordering;
use crate::window::Window;

/// No value of the demand's word: whoever compares with it looks around.
pub(crate) const LOOK: u64 = u64::MAX;

/// A thread that is lent to a [`ThreadPool`](crate::ThreadPool): where a computation can be shared.
///
/// A closure that the pool runs gets its worker from [`ThreadPool::lend`](crate::ThreadPool::lend)
/// or from [`Worker::join`] itself; passing it on saves looking it up, which is most of what a
/// small `join` costs.
///
/// # Examples
///
/// ```
/// use mini_executor_fork_join::{ThreadPool, Worker};
///
/// fn sum(worker: &Worker, numbers: &[u64]) -> u64 {
///     match numbers {
///         [] => 0,
///         [number] => *number,
///         _ => {
///             let (a, b) = numbers.split_at(numbers.len() / 2);
///             let (a, b) = worker.join(|worker| sum(worker, a), |worker| sum(worker, b));
///             a + b
///         }
///     }
/// }
///
/// let pool = ThreadPool::new();
/// let numbers: Vec<u64> = (0..1000).collect();
/// assert_eq!(pool.lend(|worker| sum(worker, &numbers)), 499_500);
/// ```
pub struct Worker {
    pub(crate) window: Window,
    /// The demand's word as it was when this worker had nothing for it.
    pub(crate) seen: Cell<u64>,
    /// For how long to look around before it sleeps (`wait.rs`).
    pub(crate) linger: Cell<Duration>,
    /// Whether it expects another closure (`expect.rs`).
    pub(crate) expects: Expects,
    shared: Arc<Shared>,
    pool: Arc<Pool>,
    pub(crate) frames: Frames,
    pub(crate) pace: Pace,
    pub(crate) service: Service,
    pub(crate) blocks: Blocks,
    reactor: OnceCell<Handle>,
    parker: OnceCell<Parker>,
    /// The worker that this thread is of another pool, further down the stack.
    outer: Cell<*const Worker>,
    /// It belongs to its thread.
    _thread: PhantomData<*const ()>,
}

impl Pool {
    /// Calls `f` with this thread as a worker, for which it is lent if it is not one already.
    pub(crate) fn enter<R>(self: &Arc<Pool>, f: impl FnOnce(&Worker) -> R) -> R {
        current::with_worker_of(self, |worker| match worker {
            Some(worker) => f(worker),
            None => self.lend(f),
        })
    }

    #[inline(never)]
    fn lend<R>(self: &Arc<Pool>, f: impl FnOnce(&Worker) -> R) -> R {
        let entered = self.config.reactor.as_ref().map(Handle::enter);
        let worker = Worker::new(self.clone());
        let lent = Lent::new(&worker);
        let root = Frame::new(RegionRef::NONE);
        let result = current::enter(&worker, || worker.frames.with(&root, || f(&worker)));
        drop(lent);
        drop(worker);
        drop(entered);
        result
    }
}

/// While this lives, the worker is one of the pool's.
struct Lent<'w>(&'w Worker);

impl<'w> Lent<'w> {
    fn new(worker: &'w Worker) -> Lent<'w> {
        worker.pool.add(&worker.shared);
        Lent(worker)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let Worker { pool, shared, .. } = self.0;
        pool.remove(shared);
        self.0.pass_on();
        // Nobody adds to these any more: who does has found the worker in the pool, or is it.
        for call in shared.calls.take_all() {
            contained(|| call.run());
        }
        for task in shared.tasks.take_all() {
            drop(pool.add_task(task)); // gives it back if the pool is closed
        }
    }
}

impl Worker {
    fn new(pool: Arc<Pool>) -> Worker {
        Worker {
            shared: Arc::new(Shared::new()),
            pool,
            frames: Frames::new(),
            seen: Cell::new(0),
            linger: Cell::new(Duration::ZERO),
            expects: Expects::new(),
            window: Window::new(),
            pace: Pace::new(),
            service: Service::new(),
            blocks: Blocks::new(),
            reactor: OnceCell::new(),
            parker: OnceCell::new(),
            outer: Cell::new(ptr::null()),
            _thread: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    #[inline]
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn outer(&self) -> *const Worker {
        self.outer.get()
    }

    pub(crate) fn set_outer(&self, outer: *const Worker) {
        self.outer.set(outer);
    }

    /// The reactor that this thread drives: the pool's, else the one it had entered, else the
    /// program's.
    pub(crate) fn reactor(&self) -> &Handle {
        self.reactor
            .get_or_init(|| self.pool.config.reactor.clone().unwrap_or_else(Handle::current))
    }

    /// Where this thread sleeps. Made when it is first needed: many threads are lent for a moment
    /// and never sleep.
    #[inline]
    pub(crate) fn parker(&self) -> &Parker {
        self.parker.get_or_init(|| {
            let parker = Parker::new(self.reactor());
            self.shared.set_waker(parker.waker());
            parker
        })
    }

    /// Calls `f` in a frame of its own.
    pub(crate) fn in_frame<R>(&self, frame: &Frame, f: impl FnOnce() -> R) -> R {
        struct Look<'a>(&'a Worker);
        impl Drop for Look<'_> {
            fn drop(&mut self) {
                self.0.look_anew();
            }
        }
        self.look_anew();
        let _after = Look(self);
        self.frames.with(frame, f)
    }

    /// What this worker could not help with before it may be able to help with now. If nothing is
    /// wanted there is nothing to look for: the word is another one as soon as there is. Nor is
    /// there if a look is owed anyway.
    #[inline]
    pub(crate) fn look_anew(&self) {
        let word = self.pool.demand.word();
        let known = word == 0 || word == self.seen.get() && self.pace.owes();
        self.seen.set(if known && self.shared.tasks.is_empty() { word } else { LOOK });
        self.window.close_anew();
    }

    /// Calls `f`, which is a closure of somebody's and may take long, and says so meanwhile.
    pub(crate) fn computing<R>(&self, f: impl FnOnce() -> R) -> R {
        self.note_events();
        let before = self.shared.computing.swap(true, Ordering::Relaxed);
        let result = f();
        self.shared.computing.store(before, Ordering::Relaxed);
        result
    }

    /// Runs a job that was given away, made public or taken back; returns how long it took.
    pub(crate) fn run_job(&self, job: JobRef) -> Duration {
        let began = Instant::now();
        self.computing(|| job.run(self));
        let took = began.elapsed();
        self.linger_after(took);
        took
    }

    /// Runs a closure that was added to the pool.
    pub(crate) fn run_call(&self, call: Runnable) {
        self.computing(|| contained(|| call.run()));
    }

    /// The number of this worker: at least 0, less than there were workers at some time. No two
    /// that are lent at the same time have the same.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_fork_join::ThreadPool;
    /// let pool = ThreadPool::new();
    /// assert_eq!(pool.lend(|worker| worker.index()), 0);
    /// ```
    pub fn index(&self) -> usize {
        self.shared.index()
    }

    /// How many threads are lent to the pool now, this one included.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_fork_join::ThreadPool;
    /// let pool = ThreadPool::new();
    /// assert_eq!(pool.lend(|worker| worker.num_threads()), 1);
    /// ```
    pub fn num_threads(&self) -> usize {
        self.pool.lent()
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("index", &self.index())
            .field("frames", &self.frames)
            .finish_non_exhaustive()
    }
}
