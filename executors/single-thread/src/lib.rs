//! An executor for one thread.
//!
//! [`LocalExecutor`] runs tasks that need not be [`Send`]. It has the names and the shape of
//! `async-executor`'s: [`spawn`](LocalExecutor::spawn) gives a [`Task`], which cancels when
//! dropped, and tasks make progress while some thread is inside [`run`](LocalExecutor::run),
//! [`tick`](LocalExecutor::tick), [`try_tick`](LocalExecutor::try_tick) or
//! [`block_on`](LocalExecutor::block_on). The first three work under any other `block_on`; the last
//! also drives the reactor, and is the fast way.
//!
//! ```
//! use mini_executor_single_thread::LocalExecutor;
//! use std::{cell::Cell, rc::Rc};
//!
//! let executor = LocalExecutor::new();
//! let count = Rc::new(Cell::new(0)); // not `Send`
//! executor.block_on(async {
//!     let tasks: Vec<_> = (0..10)
//!         .map(|n| {
//!             let count = count.clone();
//!             executor.spawn(async move { count.set(count.get() + n) })
//!         })
//!         .collect();
//!     for task in tasks {
//!         task.await;
//!     }
//! });
//! assert_eq!(count.get(), 45);
//! ```
//!
//! # Why another one
//!
//! An executor that stays on one thread needs no atomics and no locks in its queue, and a task that
//! is woken by its neighbour should not pass through either. What remains atomic here is the task
//! itself, because a [`Waker`] may go anywhere. Wake-ups from other threads have an
//! inbox of their own.
//!
//! Deliberately absent: threads of its own, priorities (use an executor each), and a way to spawn
//! from another thread (send the executor's thread a message instead).
//!
//! # Fairness
//!
//! Tasks run in the order in which they were woken. `run` and `block_on` poll their own future
//! after at most 61 tasks, and `block_on` looks for I/O events and timers as often; where few tasks
//! are queued, `block_on` treats its future as one of them. There is no slot that lets a task jump
//! the queue.

mod block_on;
mod close;
mod current;
mod inbox;
mod local;
mod runner;
mod sync;
mod task;

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

#[doc(no_inline)]
pub use async_task::{FallibleTask, Task};
use mini_reactor::Handle;

use crate::current::Current;
use crate::local::Local;
use crate::runner::Runner;

/// How many polls may pass before a runner looks at something other than its queue.
const TURN: usize = 61;

/// Calls its argument inside a guard.
type PollHook<'a> = dyn Fn(&mut dyn FnMut()) + 'a;

/// An executor for tasks that stay on the thread that made it.
///
/// `'a` is how long tasks may borrow: `LocalExecutor<'static>` takes only futures that borrow
/// nothing, a shorter one may borrow what was declared before it.
///
/// # Dropping
///
/// Drops all tasks that have not finished, on this thread, in no stated order. If another thread is
/// in the middle of waking one of them, this waits for it, for about a second; should that thread
/// be stopped for longer, the task is leaked rather than dropped on the wrong thread. A task that
/// panics while it is dropped does not keep the others from being dropped.
///
/// # Examples
///
/// Without a reactor, under somebody else's `block_on`:
///
/// ```
/// # use mini_executor_single_thread::LocalExecutor;
/// let words = vec!["to", "wait"]; // before the executor, so that tasks may borrow it
/// let executor = LocalExecutor::new();
/// let task = executor.spawn(async { words.join(" ") });
/// assert_eq!(futures_lite::future::block_on(executor.run(task)), "to wait");
/// ```
pub struct LocalExecutor<'a> {
    /// Made at first use, so that `new` can be `const`.
    local: OnceCell<Rc<Local>>,
    reactor: Option<Handle>,
    hook: Option<Box<PollHook<'a>>>,
    /// Invariant: were it covariant, a task could be spawned that borrows for less than `'a`.
    tasks: PhantomData<Cell<&'a ()>>,
}

impl UnwindSafe for LocalExecutor<'_> {}
impl RefUnwindSafe for LocalExecutor<'_> {}

impl<'a> LocalExecutor<'a> {
    /// Creates an executor.
    ///
    /// Its [`block_on`](Self::block_on) drives the reactor that the thread has entered, or else the
    /// program's.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_single_thread::LocalExecutor;
    /// thread_local! {
    ///     static EXECUTOR: LocalExecutor<'static> = const { LocalExecutor::new() };
    /// }
    /// EXECUTOR.with(|executor| executor.spawn(async {}).detach());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        LocalExecutor { local: OnceCell::new(), reactor: None, hook: None, tasks: PhantomData }
    }

    /// Creates an executor whose [`block_on`](Self::block_on) drives the given reactor.
    #[must_use]
    pub fn new_in(reactor: impl Into<Handle>) -> Self {
        let mut executor = Self::new();
        executor.reactor = Some(reactor.into());
        executor
    }

    /// Has `hook` called before each poll, and its result dropped after it.
    ///
    /// The result is a guard for whatever context the polled code expects to find on its thread,
    /// another runtime's for example. It also encloses the dropping of tasks, and the polls of the
    /// futures given to [`run`](Self::run) and [`block_on`](Self::block_on). Without a hook, a poll
    /// costs one predicted branch more.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_single_thread::LocalExecutor;
    /// let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// let executor = LocalExecutor::new().with_poll_hook(|| tokio.enter());
    /// let task = executor.spawn(async { tokio::runtime::Handle::try_current().is_ok() });
    /// assert!(executor.block_on(task));
    /// ```
    #[must_use]
    pub fn with_poll_hook<G>(mut self, hook: impl Fn() -> G + 'a) -> Self {
        self.hook = Some(Box::new(move |body| {
            let _guard = hook();
            body();
        }));
        self
    }

    /// Returns `true` if there are no unfinished tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_single_thread::LocalExecutor;
    /// let executor = LocalExecutor::new();
    /// assert!(executor.is_empty());
    /// let task = executor.spawn(async {});
    /// assert!(!executor.is_empty());
    /// assert!(executor.try_tick());
    /// assert!(executor.is_empty());
    /// # drop(task);
    /// ```
    pub fn is_empty(&self) -> bool {
        self.local.get().is_none_or(|local| local.live() == 0)
    }

    /// Spawns a task.
    ///
    /// It is queued, and polled for the first time when its turn comes. Dropping the [`Task`]
    /// cancels it; [`Task::detach`] lets it run in the background. If `future` panics, the panic
    /// resurfaces where the task is awaited.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_single_thread::LocalExecutor;
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(async { 1 + 2 });
    /// assert_eq!(executor.block_on(task), 3);
    /// ```
    pub fn spawn<T: 'a>(&self, future: impl Future<Output = T> + 'a) -> Task<T> {
        self.make_task(future)
    }

    /// Spawns a task for each of `futures` and adds the tasks to `handles`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_single_thread::LocalExecutor;
    /// let executor = LocalExecutor::new();
    /// let mut tasks = Vec::new();
    /// executor.spawn_many([1, 2].map(|n| async move { n * n }), &mut tasks);
    /// let sum = executor.block_on(async {
    ///     let mut sum = 0;
    ///     for task in tasks {
    ///         sum += task.await;
    ///     }
    ///     sum
    /// });
    /// assert_eq!(sum, 5);
    /// ```
    pub fn spawn_many<T: 'a, F: Future<Output = T> + 'a>(
        &self,
        futures: impl IntoIterator<Item = F>,
        handles: &mut impl Extend<Task<T>>,
    ) {
        handles.extend(futures.into_iter().map(|future| self.spawn(future)));
    }

    /// Polls one task, if any is ready to be polled; returns whether there was one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_single_thread::LocalExecutor;
    /// let executor = LocalExecutor::new();
    /// assert!(!executor.try_tick());
    /// executor.spawn(async {}).detach();
    /// assert!(executor.try_tick());
    /// ```
    pub fn try_tick(&self) -> bool {
        let Some(local) = self.local.get() else { return false };
        let _current = current::enter(local);
        self.run_tasks(1) == 1
    }

    /// Polls one task, waiting for one to be ready if need be.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is ready, it has polled no task.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_single_thread::LocalExecutor;
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(async { println!("polled") });
    /// futures_lite::future::block_on(executor.tick());
    /// assert!(task.is_finished());
    /// ```
    pub async fn tick(&self) {
        let local = self.local();
        let mut runner = Runner::new(local);
        poll_fn(|cx| self.poll_tasks(current::enter(local), &mut runner, 1, cx.waker())).await;
    }

    /// Runs tasks until `future` is ready, and returns its output.
    ///
    /// Any `block_on` will do to wait for it; it need not know of the reactor, but then somebody
    /// else has to drive that. Several `run`s of one executor may be under way on its thread; each
    /// runs any task.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `future`; tasks stay, and go on when the executor is run again.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_single_thread::LocalExecutor;
    /// let executor = LocalExecutor::new();
    /// let task = executor.spawn(async { 1 + 2 });
    /// let sum = futures_lite::future::block_on(executor.run(async { task.await + 4 }));
    /// assert_eq!(sum, 7);
    /// ```
    pub async fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let local = self.local();
        let mut runner = Runner::new(local);
        let mut future = pin!(future);
        poll_fn(|cx| {
            let current = current::enter(local);
            if let Poll::Ready(output) = self.poll_in_turn(|| future.as_mut().poll(cx)) {
                return Poll::Ready(output);
            }
            if self.poll_tasks(current, &mut runner, TURN, cx.waker()).is_ready() {
                cx.waker().wake_by_ref(); // there may be more
            }
            Poll::Pending
        })
        .await
    }

    /// Runs tasks and drives the reactor on this thread until `future` is ready, and returns its
    /// output.
    ///
    /// The reactor is the one given to [`new_in`](Self::new_in), else the one that the thread has
    /// entered, else the program's; the thread enters it for the duration. If another thread is
    /// already driving it, this one sleeps until it has something to run, and drives when its turn
    /// comes.
    ///
    /// # Panics
    ///
    /// If `future` panics, or if the reactor fails to wait for events.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_single_thread::LocalExecutor;
    /// let executor = LocalExecutor::new();
    /// let sum = executor.block_on(async {
    ///     let task = executor.spawn(async { 1 + 2 });
    ///     task.await + 4
    /// });
    /// assert_eq!(sum, 7);
    /// ```
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let reactor = self.reactor.clone().unwrap_or_else(Handle::current);
        let _entered = reactor.enter();
        self.drive(&reactor, future)
    }

    fn local(&self) -> &Rc<Local> {
        self.local.get_or_init(Rc::default)
    }

    /// Polls `budget` tasks, or sends the runner to sleep for lack of them.
    fn poll_tasks(
        &self,
        current: Current<'_>,
        runner: &mut Runner<'_>,
        mut budget: usize,
        waker: &Waker,
    ) -> Poll<()> {
        loop {
            budget -= self.run_tasks(budget);
            if budget == 0 {
                return Poll::Ready(());
            }
            if runner.sleep(waker) {
                current.sleep();
                return Poll::Pending;
            }
        }
    }

    /// Polls up to `limit` tasks and returns how many there were.
    fn run_tasks(&self, limit: usize) -> usize {
        let local = self.local();
        for done in 0..limit {
            let Some(runnable) = local.pop() else { return done };
            self.poll_in_turn(|| runnable.run());
        }
        limit
    }

    /// Calls `poll`, with the hook, on behalf of a runner that goes on afterwards: it attends to
    /// the queue again, even if `poll` contained another runner and left that asleep.
    fn poll_in_turn<R>(&self, poll: impl FnOnce() -> R) -> R {
        let result = self.hooked(poll);
        self.local().attend(true);
        result
    }

    /// Calls `body` inside the poll hook's guard, if there is a hook.
    fn hooked<R>(&self, body: impl FnOnce() -> R) -> R {
        let Some(hook) = &self.hook else { return body() };
        let mut body = Some(body);
        let mut result = None;
        hook(&mut || result = body.take().map(|body| body()));
        result.expect("the hook calls the body")
    }
}

impl Default for LocalExecutor<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LocalExecutor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.local.get();
        f.debug_struct("LocalExecutor")
            .field("unfinished", &local.map_or(0, |local| local.live()))
            .field("queued", &local.map_or(0, |local| local.queued()))
            .finish_non_exhaustive()
    }
}
