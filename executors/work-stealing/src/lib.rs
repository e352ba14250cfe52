//! An executor whose threads are lent, and share their tasks.
//!
//! [`Executor`] runs tasks that are [`Send`], on any number of threads. It has the names and the
//! shape of `async-executor`'s: [`spawn`](Executor::spawn) gives a [`Task`], which cancels when
//! dropped, and tasks make progress while threads are inside [`run`](Executor::run),
//! [`tick`](Executor::tick), [`try_tick`](Executor::try_tick) or
//! [`block_on`](Executor::block_on). The first three work under any other `block_on`; the last also
//! drives the reactor, and is the fast way.
//!
//! ```
//! use mini_executor_work_stealing::Executor;
//!
//! let executor = Executor::new();
//! let sum = executor.block_on(async {
//!     let tasks: Vec<_> = (0..10).map(|n| executor.spawn(async move { n * n })).collect();
//!     let mut sum = 0;
//!     for task in tasks {
//!         sum += task.await;
//!     }
//!     sum
//! });
//! assert_eq!(sum, 285);
//! ```
//!
//! No thread is started: each thread that is inside one of the above is a worker for as long. (Who
//! would rather have threads started says so: [`StartThreads`].)
//!
//! ```
//! use mini_executor_work_stealing::Executor;
//! use std::future::pending;
//! use std::thread;
//!
//! static EXECUTOR: Executor<'_> = Executor::new();
//!
//! thread::spawn(|| EXECUTOR.block_on(pending::<()>())); // lends a thread for ever
//! assert_eq!(EXECUTOR.block_on(EXECUTOR.spawn(async { 1 + 2 })), 3);
//! ```
//!
//! # Why another one
//!
//! A task that is spawned or woken on a worker stays there, in a queue that only this thread
//! writes; the others come and take half of it when they have run dry. Work from outside has a
//! queue of its own. Nothing that is shared by all is written for a task. Workers sleep in the
//! reactor, one as its driver and the others on a futex, and which of them is woken for what is
//! decided with one word.
//!
//! Deliberately absent: threads of its own, and priorities (use an executor each).
//!
//! # Fairness
//!
//! Tasks of a worker run in the order in which they came to its queue; but one that another task
//! wakes runs next, three times in a row at most. A task that yields goes to the end. `run` and
//! `block_on` poll their own future after at most 61 tasks, and `block_on` looks for I/O events and
//! timers as often, and fetches work that came from outside.
//!
//! A poll that takes long delays nobody else for more than 2 ms (and what the system adds) as long
//! as another thread sleeps in `block_on`: one of the sleepers watches, takes the tasks that are
//! queued behind that poll, and drives the reactor. If the watcher is woken for other work, the one
//! that watches next begins with what it saw itself last, so that the bound counts from there. The
//! same goes for tasks that a `run` has left in its queue, when it gave its thread back after 61
//! polls and is not polled again.
//!
//! # Under another `block_on`
//!
//! A foreign `block_on` (of `futures`, of `pollster`) runs what is given to it, an
//! [`Executor::run`] for example, and sleeps without driving the reactor. Some other thread has to:
//! one that is in this crate's or in `mini_reactor`'s `block_on`, or that is lent by
//! `mini_reactor::Reactor::drive`.

mod block_on;
mod books;
mod close;
mod crew;
mod current;
mod home;
mod info;
mod local;
mod queue;
mod run;
mod shared;
mod slots;
mod sync;
mod task;
mod threads;
mod watch;
mod worker;

use std::any::type_name;
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, OnceLock};

#[doc(no_inline)]
pub use async_task::{FallibleTask, Task};
use mini_reactor::Handle;

use crate::books::Known;
use crate::home::Home;
use crate::info::Label;
pub use crate::info::TaskInfo;
use crate::shared::Shared;
use crate::task::Named;
pub use crate::threads::{StartThreads, Threads};

/// How many polls may pass before a worker looks at something other than its queue.
const TURN: usize = 61;

/// Calls its argument inside a guard.
type PollHook<'a> = dyn Fn(&mut dyn FnMut()) + Send + Sync + 'a;

/// An executor for tasks that may run on any thread.
///
/// `'a` is how long tasks may borrow: `Executor<'static>` takes only futures that borrow nothing, a
/// shorter one may borrow what was declared before it.
///
/// # Dropping
///
/// Drops all tasks that have not finished, on this thread, in no stated order. If another thread is
/// in the middle of waking one of them, this waits for it, for about a second; should that thread
/// be stopped for longer, the task is leaked. A task that panics while it is dropped does not keep
/// the others from being dropped. Wakers may outlive the executor, and do nothing then.
///
/// # Examples
///
/// Without a reactor, under somebody else's `block_on`:
///
/// ```
/// # use mini_executor_work_stealing::Executor;
/// let words = vec!["to", "wait"]; // before the executor, so that tasks may borrow it
/// let executor = Executor::new();
/// let task = executor.spawn(async { words.join(" ") });
/// assert_eq!(futures_lite::future::block_on(executor.run(task)), "to wait");
/// ```
pub struct Executor<'a> {
    /// What tasks hold that are spawned by threads that are no workers. Made at first use, so that
    /// `new` can be `const`.
    home: OnceLock<Arc<Home>>,
    reactor: Option<Handle>,
    hook: Option<Box<PollHook<'a>>>,
    /// Invariant: were it covariant, a task could be spawned that borrows for less than `'a`.
    tasks: PhantomData<fn(&'a ()) -> &'a ()>,
}

impl UnwindSafe for Executor<'_> {}
impl RefUnwindSafe for Executor<'_> {}

impl<'a> Executor<'a> {
    /// Creates an executor.
    ///
    /// Its [`block_on`](Self::block_on) drives the reactor that the thread has entered, or else the
    /// program's.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_work_stealing::Executor;
    /// static EXECUTOR: Executor<'_> = Executor::new();
    /// EXECUTOR.spawn(async {}).detach();
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Executor { home: OnceLock::new(), reactor: None, hook: None, tasks: PhantomData }
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
    /// # use mini_executor_work_stealing::Executor;
    /// let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// let executor = Executor::new().with_poll_hook(|| tokio.enter());
    /// let task = executor.spawn(async { tokio::runtime::Handle::try_current().is_ok() });
    /// assert!(executor.block_on(task));
    /// ```
    #[must_use]
    pub fn with_poll_hook<G>(mut self, hook: impl Fn() -> G + Send + Sync + 'a) -> Self {
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
    /// # use mini_executor_work_stealing::Executor;
    /// let executor = Executor::new();
    /// assert!(executor.is_empty());
    /// let task = executor.spawn(async {});
    /// assert!(!executor.is_empty());
    /// assert!(executor.try_tick());
    /// assert!(executor.is_empty());
    /// # drop(task);
    /// ```
    pub fn is_empty(&self) -> bool {
        self.home.get().is_none_or(|home| home.shared.is_empty())
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
    /// # use mini_executor_work_stealing::Executor;
    /// let executor = Executor::new();
    /// let task = executor.spawn(async { 1 + 2 });
    /// assert_eq!(executor.block_on(task), 3);
    /// ```
    pub fn spawn<T: Send + 'a>(&self, future: impl Future<Output = T> + Send + 'a) -> Task<T> {
        self.make_task(future, None)
    }

    /// Spawns a task for each of `futures` and adds the tasks to `handles`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_work_stealing::Executor;
    /// let executor = Executor::new();
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
    pub fn spawn_many<T: Send + 'a, F: Future<Output = T> + Send + 'a>(
        &self,
        futures: impl IntoIterator<Item = F>,
        handles: &mut impl Extend<Task<T>>,
    ) {
        handles.extend(futures.into_iter().map(|future| self.spawn(future)));
    }

    /// Spawns a task that has a name, for [`for_each_task`](Self::for_each_task).
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_work_stealing::Executor;
    /// let executor = Executor::new();
    /// let n = 7;
    /// executor.spawn_named(format!("connection {n}"), async {}).detach();
    /// ```
    #[track_caller]
    pub fn spawn_named<T: Send + 'a, F: Future<Output = T> + Send + 'a>(
        &self,
        name: impl Into<Cow<'static, str>>,
        future: F,
    ) -> Task<T> {
        let label = Label::new(name.into(), Location::caller());
        let known = Known { waker: None, future: type_name::<F>, label: Some(label.clone()) };
        let shared = &self.home().shared;
        let place = current::local(shared, |local| local.number as u32).unwrap_or(books::OUTSIDE);
        let key = shared.books(place).insert(known);
        self.make_task(Named { future, label }, Some((place, key)))
    }

    /// Calls `f` for each task that waits, or has waited before, or has a name.
    ///
    /// For finding out what a program is waiting for. The list is that of one moment; tasks may
    /// end while `f` is called. Tasks without a name that have not been polled, or not returned
    /// from their first poll, are not in it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_work_stealing::Executor;
    /// let executor = Executor::new();
    /// let task = executor.spawn_named("the one", std::future::pending::<()>());
    /// while executor.try_tick() {}
    /// executor.for_each_task(|task| {
    ///     assert_eq!(task.name(), Some("the one"));
    ///     println!("{task}"); // the one: core::future::pending::Pending<()>, spawned at …
    /// });
    /// # drop(task);
    /// ```
    pub fn for_each_task(&self, f: impl FnMut(&TaskInfo)) {
        let Some(home) = self.home.get() else { return };
        let info =
            |known: &Known| TaskInfo { future: (known.future)(), label: known.label.clone() };
        home.shared.known(info).iter().for_each(f);
    }

    /// Polls one task, if any is ready to be polled; returns whether there was one.
    ///
    /// It finds tasks wherever they are: those of a worker that sleeps or is busy as well.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_work_stealing::Executor;
    /// let executor = Executor::new();
    /// assert!(!executor.try_tick());
    /// executor.spawn(async {}).detach();
    /// assert!(executor.try_tick());
    /// ```
    pub fn try_tick(&self) -> bool {
        self.run_one()
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
    /// # use mini_executor_work_stealing::Executor;
    /// let executor = Executor::new();
    /// let task = executor.spawn(async { println!("polled") });
    /// futures_lite::future::block_on(executor.tick());
    /// assert!(task.is_finished());
    /// ```
    pub async fn tick(&self) {
        self.wait_and_run_one().await;
    }

    /// Runs tasks until `future` is ready, and returns its output.
    ///
    /// Any `block_on` will do to wait for it; it need not know of the reactor, but then somebody
    /// else has to drive that. Any number of `run`s may be under way, on one thread or on several;
    /// each runs any task.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `future`; tasks stay, and go on when the executor is run again.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_work_stealing::Executor;
    /// let executor = Executor::new();
    /// let task = executor.spawn(async { 1 + 2 });
    /// let sum = futures_lite::future::block_on(executor.run(async { task.await + 4 }));
    /// assert_eq!(sum, 7);
    /// ```
    pub async fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.run_until(future).await
    }

    /// Runs tasks and drives the reactor on this thread until `future` is ready, and returns its
    /// output.
    ///
    /// The reactor is the one given to [`new_in`](Self::new_in), else the one that the thread has
    /// entered, else the program's; the thread enters it for the duration. If another thread is
    /// driving it, this one waits beside it. Any number of threads may be inside.
    ///
    /// # Panics
    ///
    /// If the reactor fails to wait for events, or if called from within a waker that a reactor
    /// calls.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_work_stealing::Executor;
    /// let executor = Executor::new();
    /// let task = executor.spawn(async { "done" });
    /// assert_eq!(executor.block_on(task), "done");
    /// ```
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let reactor = self.reactor.clone().unwrap_or_else(Handle::current);
        let _entered = reactor.enter();
        self.drive(&reactor, future)
    }

    fn home(&self) -> &Arc<Home> {
        self.home.get_or_init(|| Home::new(Arc::new(Shared::default())))
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

impl Default for Executor<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Executor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut report = f.debug_struct("Executor");
        report.field("is_empty", &self.is_empty());
        if let Some(home) = self.home.get() {
            home.shared.report(&mut report);
        }
        report.finish_non_exhaustive()
    }
}

/// The guide's program, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/choosing-an-executor.md")]
struct Guide;
