//! The pool as an executor: async-executor's names, so that a program switches by one line.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};

use async_task::Task;

use crate::demand::{Place, Wish};
use crate::job::JobRef;
use crate::pool::{Pool, wake};
use crate::thread_pool::ThreadPool;
use crate::worker::Worker;

/// Steps that `run` takes between two polls of its own future.
const STEPS: u32 = 61;

/// A view of a [`ThreadPool`]: [`ThreadPool::executor`].
///
/// Tasks make progress while some thread is inside [`run`](Executor::run),
/// [`tick`](Executor::tick), [`try_tick`](Executor::try_tick) or [`block_on`](Executor::block_on),
/// or is lent to the pool otherwise. The first three work under any other `block_on`; the last also
/// drives the reactor.
///
/// Whoever runs tasks here runs the pool's closures and jobs as well.
#[derive(Clone, Copy)]
pub struct Executor<'p> {
    pool: &'p ThreadPool,
}

impl<'p> Executor<'p> {
    pub(crate) fn new(pool: &'p ThreadPool) -> Executor<'p> {
        Executor { pool }
    }

    /// Spawns a task: [`ThreadPool::spawn_future`].
    pub fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        self.pool.spawn_future(future)
    }

    /// Spawns a task for each of `futures` and adds the tasks to `handles`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_fork_join::ThreadPool;
    /// let pool = ThreadPool::new();
    /// let mut tasks = Vec::new();
    /// pool.executor().spawn_many([1, 2].map(|n| async move { n * n }), &mut tasks);
    /// let sum = pool.executor().block_on(async {
    ///     let mut sum = 0;
    ///     for task in tasks {
    ///         sum += task.await;
    ///     }
    ///     sum
    /// });
    /// assert_eq!(sum, 5);
    /// ```
    pub fn spawn_many<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        futures: impl IntoIterator<Item = F>,
        handles: &mut impl Extend<Task<T>>,
    ) {
        handles.extend(futures.into_iter().map(|future| self.spawn(future)));
    }

    /// Returns `true` if there are no unfinished tasks.
    pub fn is_empty(&self) -> bool {
        self.pool.pool().tracking.live() == 0
    }

    /// Polls one task, or runs one closure or job, if any is ready; returns whether there was one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_fork_join::ThreadPool;
    /// let pool = ThreadPool::new();
    /// assert!(!pool.executor().try_tick());
    /// pool.executor().spawn(async {}).detach();
    /// assert!(pool.executor().try_tick());
    /// ```
    pub fn try_tick(&self) -> bool {
        self.pool.lend(|worker| worker.step(&mut 0))
    }

    /// Polls one task, or runs one closure or job, waiting for one to be ready if need be.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is ready, it has run nothing.
    pub async fn tick(&self) {
        let mut runner = Runner::new(self.pool.pool());
        poll_fn(|cx| {
            runner.poll(cx.waker(), |worker, runner| {
                if runner.step(worker) { Poll::Ready(()) } else { Poll::Pending }
            })
        })
        .await;
    }

    /// Runs tasks until `future` is ready, and returns its output.
    ///
    /// Any `block_on` will do to wait for it; it need not know of the reactor, but then somebody
    /// else has to drive that.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `future`; tasks stay, and go on when somebody else runs them.
    pub async fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut runner = Runner::new(self.pool.pool());
        let mut future = pin!(future);
        poll_fn(|cx| {
            runner.poll(cx.waker(), |worker, runner| {
                if let Poll::Ready(output) = worker.hooked(|| future.as_mut().poll(cx)) {
                    return Poll::Ready(output);
                }
                if (0..STEPS).all(|_| runner.step(worker)) {
                    cx.waker().wake_by_ref(); // there may be more
                }
                Poll::Pending
            })
        })
        .await
    }

    /// Runs tasks and drives the reactor on this thread until `future` is ready, and returns its
    /// output: [`ThreadPool::block_on`].
    ///
    /// # Panics
    ///
    /// If `future` does, or if the reactor fails to wait for events.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.pool.block_on(future)
    }
}

impl fmt::Debug for Executor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("pool", self.pool).finish()
    }
}

/// A `run` or `tick` that is under way: a worker during its polls, and a wish in between.
struct Runner {
    pool: Arc<Pool>,
    place: Arc<Place<JobRef>>,
    steps: u32,
}

impl Runner {
    fn new(pool: &Arc<Pool>) -> Runner {
        Runner { pool: pool.clone(), place: Arc::new(Place::new()), steps: 0 }
    }

    /// Calls `f` with this thread as a worker. If it is pending, sees to it that `waker` is called
    /// when there is something to do.
    fn poll<T>(
        &mut self,
        waker: &Waker,
        mut f: impl FnMut(&Worker, &mut Runner) -> Poll<T>,
    ) -> Poll<T> {
        let pool = self.pool.clone();
        pool.demand.withdraw(&self.place);
        pool.enter(|worker| {
            let poll = worker.in_loop(|| f(worker, self));
            if poll.is_pending() {
                worker.make_public();
                // Only called, because it may never be polled again: jobs are made public instead.
                let wish = Wish { within: None, tasks: true, jobs: false };
                pool.demand.ask(&self.place, waker.clone(), wish);
                if worker.has_something() {
                    wake(waker.clone());
                }
            }
            poll
        })
    }

    fn step(&mut self, worker: &Worker) -> bool {
        worker.step(&mut self.steps)
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.pool.demand.withdraw(&self.place);
        if self.pool.has_work() {
            self.pool.call_all(); // it may have been woken for that, and does not come to it
        }
    }
}
