//! `ThreadPool`: the public side of a pool.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use async_task::Task;
use mini_reactor::Handle;

use crate::broadcast::BroadcastContext;
use crate::builder::Started;
use crate::contain::contained;
use crate::current;
use crate::executor::Executor;
use crate::join::FnContext;
use crate::pool::{Config, Pool};
use crate::scope::{Core, Order};
use crate::scope_api::{Scope, ScopeFifo};
use crate::signal::Signal;
use crate::task::unattended;
use crate::work::Yield;
use crate::worker::Worker;

/// How often to look for tasks that other threads are about to queue, and how long to sleep in
/// between.
const PATIENCE: (u32, Duration) = (5_000, Duration::from_micros(100));

/// A pool of threads that are lent to it.
///
/// It has none of its own: threads work for it while they are in [`lend`](Self::lend),
/// [`run_until`](Self::run_until) or [`block_on`](Self::block_on), or in the `run` of its
/// [`executor`](Self::executor) view. (A [`ThreadPoolBuilder`](crate::ThreadPoolBuilder) starts
/// some, and says so.) Where no thread is lent, the methods that wait for a closure lend the
/// calling one for as long as it takes: everything works on one thread, too, and where there are
/// no threads.
///
/// # Dropping
///
/// Stops and joins the threads that a builder has started, after what they are in the middle of.
/// Drops all tasks that have not finished, and all closures that were not called. If another thread
/// is in the middle of waking a task, this waits for it, for about a second.
///
/// # Examples
///
/// ```
/// use mini_executor_fork_join::{Signal, ThreadPool};
///
/// static POOL: ThreadPool = ThreadPool::new();
///
/// let done = Signal::new();
/// std::thread::scope(|scope| {
///     scope.spawn(|| POOL.run_until(&done));
///     let (left, right) = POOL.join(|| 1 + 2, || 3 + 4);
///     assert_eq!((left, right), (3, 7));
///     done.give();
/// });
/// ```
pub struct ThreadPool {
    /// Made at first use, so that `new` can be `const`.
    pool: OnceLock<Arc<Pool>>,
    config: Config,
    started: Option<Started>,
}

/// What a pool shares between threads is locked only while nothing can panic.
impl UnwindSafe for ThreadPool {}
impl RefUnwindSafe for ThreadPool {}

impl ThreadPool {
    /// A pool without threads.
    ///
    /// A thread that is lent to it drives the reactor that it has entered, or else the program's.
    #[must_use]
    pub const fn new() -> ThreadPool {
        ThreadPool { pool: OnceLock::new(), config: Config::new(), started: None }
    }

    /// A pool without threads; those that are lent to it drive the given reactor.
    #[must_use]
    pub fn new_in(reactor: impl Into<Handle>) -> ThreadPool {
        let mut pool = ThreadPool::new();
        pool.config.reactor = Some(reactor.into());
        pool
    }

    /// Has `handler` called with what a closure panicked with that nobody waits for: those of
    /// [`spawn`](Self::spawn), [`spawn_fifo`](Self::spawn_fifo) and
    /// [`spawn_broadcast`](Self::spawn_broadcast). Without a handler, or if it panics itself, the
    /// process is aborted.
    ///
    /// # Panics
    ///
    /// If the pool has been used already.
    #[must_use]
    pub fn with_panic_handler(
        mut self,
        handler: impl Fn(Box<dyn Any + Send>) + Send + Sync + 'static,
    ) -> ThreadPool {
        self.fresh().panic_handler = Some(Arc::new(handler));
        self
    }

    /// Has `hook` called before each poll of a task, and its result dropped after it.
    ///
    /// The result is a guard for whatever context the polled code expects to find on its thread,
    /// another runtime's for example. It also encloses the dropping of tasks, and the polls of the
    /// futures given to [`block_on`](Self::block_on). Without a hook, a poll costs one predicted
    /// branch more.
    ///
    /// # Panics
    ///
    /// If the pool has been used already.
    #[must_use]
    pub fn with_poll_hook<G>(mut self, hook: impl Fn() -> G + Send + Sync + 'static) -> ThreadPool {
        self.fresh().hook = Some(Arc::new(move |body| {
            let _guard = hook();
            body();
        }));
        self
    }

    /// Has tasks polled only by workers that do nothing else: none on top of a computation.
    ///
    /// Otherwise a worker that computes polls the tasks that are ready at its joins and spawns; so
    /// a task must not wait for a lock that a computation holds across one. With this, tasks wait
    /// until a worker is free, for as long as that may take.
    ///
    /// # Panics
    ///
    /// If the pool has been used already.
    #[must_use]
    pub fn without_serving(mut self) -> ThreadPool {
        self.fresh().serves = false;
        self
    }

    fn fresh(&mut self) -> &mut Config {
        assert!(self.pool.get().is_none(), "a pool is configured before it is used: {self:?}");
        &mut self.config
    }

    pub(crate) fn pool(&self) -> &Arc<Pool> {
        self.pool.get_or_init(|| Arc::new(Pool::new(self.config.clone())))
    }

    pub(crate) fn set_started(&mut self, started: Started) {
        self.started = Some(started);
    }

    /// Lends this thread: calls `f` with it as a worker of the pool, and returns what `f` returns.
    ///
    /// Nothing is started, and nobody waits for anybody; joins within `f` are shared with the other
    /// threads that are lent, if some of them are hungry. If this thread is a worker of the pool
    /// already, it stays the same one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_fork_join::ThreadPool;
    /// let pool = ThreadPool::new();
    /// assert_eq!(pool.lend(|worker| worker.join(|_| 1, |_| 2)), (1, 2));
    /// ```
    pub fn lend<R>(&self, f: impl FnOnce(&Worker) -> R) -> R {
        self.pool().enter(f)
    }

    /// Lends this thread until the signal is given: it runs whatever there is, polls tasks, and
    /// drives the reactor.
    ///
    /// When the signal is given it finishes what it is in the middle of.
    ///
    /// # Panics
    ///
    /// If the reactor fails to wait for events.
    pub fn run_until(&self, stop: &Signal) {
        self.block_on(stop.given());
    }

    /// Lends this thread until `future` is ready, and returns its output.
    ///
    /// While the future waits, the thread runs whatever there is, polls tasks, and drives the
    /// reactor. So it may be in the middle of a long closure when the future could go on; what must
    /// not wait for that is better spawned as a task.
    ///
    /// # Panics
    ///
    /// If `future` does, or if the reactor fails to wait for events.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_fork_join::ThreadPool;
    /// let pool = ThreadPool::new();
    /// let task = pool.spawn_future(async { 1 + 2 });
    /// assert_eq!(pool.block_on(task), 3);
    /// ```
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.pool().enter(|worker| {
            let _entered = worker.reactor().enter();
            worker.block_on(future)
        })
    }

    /// Calls `op` on a thread that is lent, and waits for it. On a worker of the pool it is just
    /// called; without any it is called here, with this thread lent.
    ///
    /// A thread that waits does nothing else, be it a worker of another pool: two pools of which
    /// all threads wait for each other wait for ever.
    ///
    /// # Panics
    ///
    /// If `op` does.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_fork_join::ThreadPool;
    /// let pool = ThreadPool::new();
    /// assert!(pool.install(|| pool.current_thread_index().is_some()));
    /// ```
    pub fn install<OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce() -> R + Send,
        R: Send,
    {
        self.pool().install(|_| op())
    }

    /// Calls both closures, possibly in parallel, and returns what they return: [`Worker::join`]
    /// on a worker, after looking up which this thread is, or [installing](Self::install) it.
    ///
    /// # Panics
    ///
    /// If one of them does, once both are over.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_fork_join::ThreadPool;
    /// assert_eq!(ThreadPool::new().join(|| 1, || 2), (1, 2));
    /// ```
    pub fn join<A, B, RA, RB>(&self, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce() -> RA + Send,
        B: FnOnce() -> RB + Send,
        RA: Send,
        RB: Send,
    {
        self.pool().install(|worker| worker.join(|_| a(), |_| b()))
    }

    /// As [`join`](Self::join); the closures are told whether they run on another thread than the
    /// one that called this.
    ///
    /// # Panics
    ///
    /// As `join`.
    pub fn join_context<A, B, RA, RB>(&self, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce(FnContext) -> RA + Send,
        B: FnOnce(FnContext) -> RB + Send,
        RA: Send,
        RB: Send,
    {
        let came = self.current_thread_index().is_none();
        self.pool().install(|worker| worker.join_context(came, a, b))
    }

    /// Opens a scope, in which closures and futures may be spawned that borrow. Runs `op` on a
    /// worker, as [`install`](Self::install) does; ends when all of them are over.
    ///
    /// # Panics
    ///
    /// If `op` does, or else one of the closures, once all are over.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_fork_join::ThreadPool;
    /// let mut numbers = [1, 2, 3];
    /// ThreadPool::new().scope(|scope| {
    ///     for number in &mut numbers {
    ///         scope.spawn(move |_| *number *= 2);
    ///     }
    /// });
    /// assert_eq!(numbers, [2, 4, 6]);
    /// ```
    pub fn scope<'scope, OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce(&Scope<'scope>) -> R + Send,
        R: Send,
    {
        self.pool().install(|worker| worker.scope(op))
    }

    /// As [`scope`](Self::scope), except that closures which a thread runs itself are run in the
    /// order in which they were spawned.
    ///
    /// # Panics
    ///
    /// As `scope`.
    pub fn scope_fifo<'scope, OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce(&ScopeFifo<'scope>) -> R + Send,
        R: Send,
    {
        self.pool().install(|worker| worker.scope_fifo(op))
    }

    /// As [`scope`](Self::scope), but `op` runs on this thread, which is lent for as long as the
    /// scope is open. `op` and what it returns need not be `Send`.
    ///
    /// # Panics
    ///
    /// As `scope`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_fork_join::ThreadPool;
    /// let here = std::rc::Rc::new(2);
    /// let there = ThreadPool::new().in_place_scope(|scope| {
    ///     scope.spawn(|_| println!("possibly elsewhere"));
    ///     *here
    /// });
    /// assert_eq!(there, 2);
    /// ```
    pub fn in_place_scope<'scope, OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce(&Scope<'scope>) -> R,
    {
        self.pool().enter(|worker| worker.scope(op))
    }

    /// As [`in_place_scope`](Self::in_place_scope), in the order of
    /// [`scope_fifo`](Self::scope_fifo).
    ///
    /// # Panics
    ///
    /// As `scope`.
    pub fn in_place_scope_fifo<'scope, OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce(&ScopeFifo<'scope>) -> R,
    {
        self.pool().enter(|worker| worker.scope_fifo(op))
    }

    /// Has a thread that is lent call `op`, some time, and does not wait for it. Nobody calls it
    /// while no thread is lent.
    ///
    /// # Panics
    ///
    /// Does not. If `op` does, see [`with_panic_handler`](Self::with_panic_handler).
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_fork_join::{Signal, ThreadPool};
    /// # use std::sync::Arc;
    /// let pool = ThreadPool::new();
    /// let called = Arc::new(Signal::new());
    /// let signal = called.clone();
    /// pool.spawn(move || signal.give());
    /// pool.run_until(&called);
    /// ```
    pub fn spawn(&self, op: impl FnOnce() + Send + 'static) {
        let handler = self.config.panic_handler.clone();
        self.pool().spawn_call(move || unattended(handler.as_deref(), op)).detach();
    }

    /// As [`spawn`](Self::spawn), which is first in, first out anyway.
    ///
    /// # Panics
    ///
    /// As `spawn`.
    pub fn spawn_fifo(&self, op: impl FnOnce() + Send + 'static) {
        self.spawn(op);
    }

    /// Spawns a task.
    ///
    /// It is polled by threads that are lent. Dropping the [`Task`] cancels it; [`Task::detach`]
    /// lets it run in the background. If `future` panics, the panic resurfaces where the task is
    /// awaited.
    pub fn spawn_future<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        self.pool().spawn_future(future)
    }

    /// From async code to fork and join: has a thread that is lent call `op`, which may take long,
    /// and waits for it.
    ///
    /// # Cancel safety
    ///
    /// If this is dropped before `op` is called, it is not. If it is dropped meanwhile, `op` goes
    /// on, and what it returns is dropped.
    ///
    /// # Panics
    ///
    /// If `op` does.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_fork_join::ThreadPool;
    /// static POOL: ThreadPool = ThreadPool::new();
    /// let sum = POOL.block_on(async {
    ///     POOL.run(|| {
    ///         let (left, right) = POOL.join(|| 1 + 2, || 3 + 4);
    ///         left * right
    ///     })
    ///     .await
    /// });
    /// assert_eq!(sum, 21);
    /// ```
    pub async fn run<T: Send + 'static>(&self, op: impl FnOnce() -> T + Send + 'static) -> T {
        self.pool().spawn_call(op).await
    }

    /// Calls `op` once on each thread that is lent now, waits for it, and returns what it returned.
    /// Each thread does so when it is done with what it is in the middle of, or while it waits.
    ///
    /// # Panics
    ///
    /// If `op` does, once all are over.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_fork_join::ThreadPool;
    /// assert_eq!(ThreadPool::new().broadcast(|context| context.num_threads()), [1]);
    /// ```
    pub fn broadcast<OP, R>(&self, op: OP) -> Vec<R>
    where
        OP: Fn(BroadcastContext<'_>) -> R + Sync,
        R: Send,
    {
        self.pool().broadcast(op)
    }

    /// As [`broadcast`](Self::broadcast), without waiting.
    ///
    /// # Panics
    ///
    /// Does not. If `op` does, see [`with_panic_handler`](Self::with_panic_handler).
    pub fn spawn_broadcast<OP>(&self, op: OP)
    where
        OP: Fn(BroadcastContext<'_>) + Send + Sync + 'static,
    {
        self.pool().spawn_broadcast(op);
    }

    /// How many threads a computation can count on: those that are lent now, but at least one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_fork_join::ThreadPool;
    /// assert_eq!(ThreadPool::new().current_num_threads(), 1);
    /// ```
    pub fn current_num_threads(&self) -> usize {
        self.pool().lent().max(1)
    }

    /// The number of this thread among those that are lent, if it is one of them.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_fork_join::ThreadPool;
    /// let pool = ThreadPool::new();
    /// assert_eq!(pool.current_thread_index(), None);
    /// assert_eq!(pool.lend(|_| pool.current_thread_index()), Some(0));
    /// ```
    pub fn current_thread_index(&self) -> Option<usize> {
        current::with_worker_of(self.pool(), |worker| worker.map(Worker::index))
    }

    /// Whether this thread, if it is lent, has jobs that nobody has taken yet.
    pub fn current_thread_has_pending_tasks(&self) -> Option<bool> {
        current::with_worker_of(self.pool(), |worker| worker.map(|worker| worker.frames.any()))
    }

    /// [`Worker::yield_now`], if this thread is lent.
    pub fn yield_now(&self) -> Option<Yield> {
        current::with_worker_of(self.pool(), |worker| worker.map(Worker::yield_now))
    }

    /// [`Worker::yield_local`], if this thread is lent.
    pub fn yield_local(&self) -> Option<Yield> {
        current::with_worker_of(self.pool(), |worker| worker.map(Worker::yield_local))
    }

    /// The pool as an executor, with the names of async-executor: what switches with the other
    /// executors by one line.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_fork_join::ThreadPool;
    /// let pool = ThreadPool::new();
    /// let executor = pool.executor();
    /// let task = executor.spawn(async { 1 + 2 });
    /// assert_eq!(futures_lite::future::block_on(executor.run(task)), 3);
    /// ```
    pub fn executor(&self) -> Executor<'_> {
        Executor::new(self)
    }
}

impl Worker {
    /// As [`ThreadPool::in_place_scope`], on this worker.
    ///
    /// # Panics
    ///
    /// If `op` does, or else one of the closures, once all are over.
    pub fn scope<'scope, OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce(&Scope<'scope>) -> R,
    {
        Core::open(self, Order::NewestFirst, |core| op(Scope::of(core)))
    }

    /// As [`ThreadPool::in_place_scope_fifo`], on this worker.
    ///
    /// # Panics
    ///
    /// As [`scope`](Worker::scope).
    pub fn scope_fifo<'scope, OP, R>(&self, op: OP) -> R
    where
        OP: FnOnce(&ScopeFifo<'scope>) -> R,
    {
        Core::open(self, Order::OldestFirst, |core| op(ScopeFifo::of(core)))
    }
}

impl Default for ThreadPool {
    fn default() -> ThreadPool {
        ThreadPool::new()
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        drop(self.started.take());
        let Some(pool) = self.pool.get() else { return };
        pool.tracking.wake_all();
        pool.drop_queued();
        // What is left then is in the hands of threads that are just waking it.
        for _ in 0..PATIENCE.0 {
            if pool.tracking.live() == 0 {
                break;
            }
            thread::sleep(PATIENCE.1);
            pool.drop_queued();
        }
        // A task that comes later yet is dropped by who wakes it.
        let left = (pool.tasks.close(), pool.calls.close());
        contained(|| drop(left));
    }
}

impl Pool {
    /// Drops what is queued. To drop one task may wake others, and so on, until there are none.
    fn drop_queued(&self) {
        while let Some(task) = self.tasks.pop() {
            contained(|| drop(task));
        }
        while let Some(call) = self.calls.pop() {
            contained(|| drop(call));
        }
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pool.get() {
            Some(pool) => pool.fmt(f),
            None => f.debug_struct("ThreadPool").finish_non_exhaustive(),
        }
    }
}
