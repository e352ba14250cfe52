//! The loop of a thread that is lent: run what there is, else sleep.
//!
//! In this order: a job that was handed over; this worker's part of a broadcast; tasks; jobs that
//! were made public; closures; tasks of others. Every 61 steps it is the other way round for once,
//! and the reactor is looked at, so that nothing has to wait for ever.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::demand::Wish;
use crate::worker::Worker;

/// Steps after which the order is turned round, and the reactor looked at.
const ROUND: u32 = 61;

/// Whether there was something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yield {
    /// Something was run.
    Executed,
    /// There was nothing.
    Idle,
}

impl Yield {
    fn of(ran: bool) -> Yield {
        if ran { Yield::Executed } else { Yield::Idle }
    }
}

/// Whom to tell that the future of a `block_on` wants to be polled.
struct Main {
    woken: AtomicBool,
    parker: Waker,
}

impl Wake for Main {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Release pairs with the Acquire in `Worker::block_on`: the poll sees what preceded the
        // wake.
        if !self.woken.swap(true, Ordering::Release) {
            self.parker.wake_by_ref();
        }
    }
}

/// A worker in its loop, which comes to its tasks after each poll; and what it owes when it leaves
/// that, by whatever way: it may have been woken for something that it does not come to.
struct Leaving<'w> {
    worker: &'w Worker,
    computed: bool,
}

impl<'w> Leaving<'w> {
    fn new(worker: &'w Worker) -> Leaving<'w> {
        let computed = worker.shared().computing.swap(false, Ordering::Relaxed);
        Leaving { worker, computed }
    }
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.worker.shared().computing.store(self.computed, Ordering::Relaxed);
        self.worker.pass_on();
    }
}

impl Worker {
    /// Calls `f`, which comes to this worker's tasks after each poll.
    pub(crate) fn in_loop<R>(&self, f: impl FnOnce() -> R) -> R {
        let before = self.shared().computing.swap(false, Ordering::Relaxed);
        let result = f();
        self.shared().computing.store(before, Ordering::Relaxed);
        result
    }

    /// Has others do what this worker was woken for.
    pub(crate) fn pass_on(&self) {
        let (pool, shared) = (self.pool(), self.shared());
        if let Some(job) = shared.place.take() {
            drop(pool.public.push(job)); // never closed
        }
        if pool.has_work() {
            pool.call_all();
        }
        if !shared.tasks.is_empty() {
            pool.call_for_tasks();
        }
    }

    /// Runs whatever there is until `future` is ready.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let parker = self.parker().waker().clone();
        let main = Arc::new(Main { woken: AtomicBool::new(true), parker });
        let waker = Waker::from(main.clone());
        let mut cx = Context::from_waker(&waker);
        let mut future = pin!(future);
        let mut steps = 0;
        let _leaving = Leaving::new(self);
        loop {
            // Acquire pairs with the Release in `Main::wake_by_ref`.
            if main.woken.load(Ordering::Relaxed) && main.woken.swap(false, Ordering::Acquire) {
                if let Poll::Ready(output) = self.hooked(|| future.as_mut().poll(&mut cx)) {
                    return output;
                }
                self.hurry();
            }
            if self.expecting(true, || self.one_step(&mut steps)) {
                self.look_out(&mut || !main.woken.load(Ordering::Relaxed));
                continue;
            }
            let slept = self.sleep_free(&mut || !main.woken.load(Ordering::Relaxed));
            slept.expect("the reactor failed to wait for events");
        }
    }

    /// Looks if another worker is hungry, and gives it the oldest job that is not shared yet; looks
    /// after tasks and events, too, if nobody else does.
    ///
    /// Joins and spawns do so by themselves. For a long stretch without any, and for one that waits
    /// for what another job has to do.
    ///
    /// # Examples
    ///
    /// ```
    /// # use mini_executor_fork_join::ThreadPool;
    /// ThreadPool::new().lend(|worker| {
    ///     worker.join(
    ///         |worker| (0..100).for_each(|_| worker.share()), // something long in between
    ///         |_| {},                                         // may be called elsewhere meanwhile
    ///     );
    /// });
    /// ```
    pub fn share(&self) {
        self.attend();
    }

    /// Runs one thing of whatever there is for the pool to do: a task, a closure, a job.
    ///
    /// It is run on top of what this thread is doing, which waits for it, however long it takes.
    pub fn yield_now(&self) -> Yield {
        Yield::of(self.step(&mut 0))
    }

    /// Runs the oldest job of this worker that nobody has taken: half of a join that it is in the
    /// middle of, or a closure that it spawned into a scope.
    pub fn yield_local(&self) -> Yield {
        self.parker(); // what is run so wakes this worker as if it had been away
        let job = self.frames.take_oldest(None);
        Yield::of(job.map(|(job, _)| self.run_job(job)).is_some())
    }

    /// One thing of whatever there is. False if there was nothing.
    pub(crate) fn step(&self, steps: &mut u32) -> bool {
        self.expecting(false, || self.one_step(steps)) // the caller has something else to do
    }

    /// The same, in what says whether another closure is expected after this.
    fn one_step(&self, steps: &mut u32) -> bool {
        *steps += 1;
        if *steps >= ROUND {
            *steps = 0;
            self.turn();
            if self.run_handed() || self.run_foreign() {
                return true;
            }
        }
        if self.run_handed() || self.run_own_call() {
            return true;
        }
        if let Some(task) = self.next_task() {
            self.poll_task(task);
            self.hurry();
            return true;
        }
        self.run_foreign() || self.steal_tasks()
    }

    /// After a poll: if there is more behind it than this worker will come to next, somebody else
    /// should have it.
    fn hurry(&self) {
        if self.shared().has_spare_tasks() {
            self.pool().call_if_asleep();
        }
    }

    /// Runs a job that was made public, or a closure.
    fn run_foreign(&self) -> bool {
        if let Some(job) = self.pool().public.pop() {
            self.run_job(job);
            return true;
        }
        if let Some(call) = self.pool().calls.pop() {
            self.run_call(call);
            return true;
        }
        false
    }

    /// Takes over tasks from a worker that has too many.
    fn steal_tasks(&self) -> bool {
        let mut tasks = self.pool().steal_tasks(self.index());
        let Some(first) = tasks.next() else { return false };
        for task in tasks {
            drop(self.shared().tasks.push(task)); // never closed
        }
        self.hurry();
        self.poll_task(first);
        true
    }

    /// Sleeps until there may be something, or `idle` is over. There was nothing just now.
    ///
    /// # Errors
    ///
    /// What the reactor's turn returns.
    pub(crate) fn sleep_free(&self, idle: &mut dyn FnMut() -> bool) -> io::Result<()> {
        self.make_public();
        let wish = Wish { within: None, tasks: true, jobs: true };
        self.sleep(wish, &mut || idle() && !self.has_something())
    }

    /// Whether `step` would find something, the place left out.
    pub(crate) fn has_something(&self) -> bool {
        let pool = self.pool();
        !self.shared().calls.is_empty()
            || !self.shared().tasks.is_empty()
            || pool.has_work()
            || pool.has_spare_tasks(self.index())
    }
}
