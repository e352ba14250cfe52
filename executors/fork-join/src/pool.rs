//! What the threads of a pool share: who they are, who is hungry, and the queues of what belongs
//! to nobody yet.
//!
//! Jobs of joins and scopes are normally handed over from one worker to another and never lie here.
//! The exceptions are jobs *made public*: a worker that goes to sleep while it still has unshared
//! jobs further down its stack puts them into `public` first, and so does a thread that spawns into
//! a scope of which it has no frame.
//!
//! The other two queues are for what comes from outside: `calls` are closures, which may take long
//! and are run only by a worker that has nothing else on its stack to go back to; `tasks` are
//! futures that were woken, which any worker polls between two jobs.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::task::Waker;

use async_task::Runnable;
use mini_reactor::Handle;

use crate::contain::contained;
use crate::demand::{Call, Demand, TASKS, is_wanted};
use crate::job::JobRef;
use crate::looks::Looks;
use crate::patience::Patience;
use crate::presence::Presence;
use crate::queue::{Queue, Task};
use crate::region::RegionRef;
use crate::shared::Shared;
use crate::sync::{AtomicU64, Mutex, MutexGuard, PoisonError};
use crate::tracking::Tracking;

/// Calls its argument inside a guard.
pub(crate) type PollHook = dyn Fn(&mut dyn FnMut()) + Send + Sync;
/// Gets what a spawned closure panicked with.
pub(crate) type PanicHandler = dyn Fn(Box<dyn Any + Send>) + Send + Sync;

/// What is chosen when a pool is made.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) reactor: Option<Handle>,
    pub(crate) hook: Option<Arc<PollHook>>,
    pub(crate) panic_handler: Option<Arc<PanicHandler>>,
    /// Whether tasks are polled by workers that compute.
    pub(crate) serves: bool,
}

impl Config {
    pub(crate) const fn new() -> Config {
        Config { reactor: None, hook: None, panic_handler: None, serves: true }
    }
}

/// The shared part of a `ThreadPool`.
pub(crate) struct Pool {
    pub(crate) demand: Demand<JobRef, RegionRef>,
    pub(crate) public: Queue<JobRef>,
    pub(crate) calls: Queue<Runnable>,
    pub(crate) tasks: Queue<Task>,
    pub(crate) tracking: Tracking,
    pub(crate) config: Config,
    /// How long a worker waits between giving two jobs away, in nanoseconds (`give.rs`).
    pub(crate) pace_ns: AtomicU64,
    pub(crate) looks: Looks,
    /// The threads that are lent, by number.
    workers: Mutex<Vec<Option<Arc<Shared>>>>,
    pub(crate) presence: Presence,
    /// That of the threads that wait outside.
    pub(crate) patience: Patience,
}

impl Pool {
    pub(crate) fn new(config: Config) -> Pool {
        Pool {
            demand: Demand::new(),
            public: Queue::new(),
            calls: Queue::new(),
            tasks: Queue::new(),
            tracking: Tracking::new(),
            config,
            pace_ns: AtomicU64::new(0),
            looks: Looks::new(),
            workers: Mutex::new(Vec::new()),
            presence: Presence::new(),
            patience: Patience::new(),
        }
    }

    /// How many threads are lent now.
    #[inline]
    pub(crate) fn lent(&self) -> usize {
        self.presence.lent()
    }

    /// Gives each worker a call of its own, and returns them. A worker that goes runs what it has
    /// got by then, and gets no more.
    pub(crate) fn add_to_each(
        &self,
        make: &mut dyn FnMut(usize, usize) -> Runnable,
    ) -> Vec<Arc<Shared>> {
        let workers = self.lock();
        let present: Vec<_> = workers.iter().flatten().cloned().collect();
        for (index, worker) in present.iter().enumerate() {
            drop(worker.calls.push(make(index, present.len()))); // never closed
        }
        present
    }

    /// Adds a worker, and gives it a number.
    pub(crate) fn add(&self, worker: &Arc<Shared>) {
        let mut workers = self.lock();
        let free = workers.iter().position(Option::is_none);
        let index = free.unwrap_or_else(|| {
            workers.push(None);
            workers.len() - 1
        });
        worker.set_index(index);
        workers[index] = Some(worker.clone());
        self.presence.comes();
    }

    /// Takes a worker out. If it was the last, those who wait outside have to help themselves.
    pub(crate) fn remove(&self, worker: &Arc<Shared>) {
        let mut workers = self.lock();
        workers[worker.index()] = None;
        while let Some(None) = workers.last() {
            workers.pop();
        }
        drop(workers);
        self.presence.goes().into_iter().for_each(wake);
    }

    /// Whether there is something in one of the queues.
    pub(crate) fn has_work(&self) -> bool {
        !self.tasks.is_empty() || !self.calls.is_empty() || !self.public.is_empty()
    }

    /// Adds a closure for some worker to run.
    ///
    /// # Errors
    ///
    /// Gives it back if the pool is closed.
    pub(crate) fn add_call(&self, call: Runnable) -> Result<(), Runnable> {
        self.calls.push(call)?;
        if let Some(waker) = self.demand.call(Call::Anything, 0) {
            wake(waker);
        }
        Ok(())
    }

    /// Adds a task for some worker to poll.
    ///
    /// # Errors
    ///
    /// Gives it back if the pool is closed.
    pub(crate) fn add_task(&self, task: Task) -> Result<(), Task> {
        self.tasks.push(task)?;
        self.call_for_tasks();
        Ok(())
    }

    /// Wakes somebody to poll tasks, or has those who compute do it.
    pub(crate) fn call_for_tasks(&self) {
        if let Some(waker) = self.demand.call(Call::Tasks, TASKS) {
            wake(waker);
        }
    }

    /// Wakes somebody to poll tasks that a worker has too many of.
    pub(crate) fn call_if_asleep(&self) {
        if is_wanted(self.demand.word()) {
            if let Some(waker) = self.demand.call(Call::Tasks, 0) {
                wake(waker);
            }
        }
    }

    /// Wakes everybody, to look at all queues.
    pub(crate) fn call_all(&self) {
        self.demand.call_all().into_iter().for_each(wake);
    }

    /// Adds a job for whoever may run it: `parent` is what it is part of, which is alive.
    #[expect(unsafe_code, reason = "regions are named by pointers")]
    pub(crate) fn make_public(&self, job: JobRef, parent: RegionRef) {
        // A closed queue gives it back; but while there are jobs, the pool is borrowed.
        self.public.push(job).expect("a pool with jobs is not closed");
        // SAFETY: `parent` is alive, says the caller, so those above it are.
        let waker = self.demand.call_for(|region| unsafe { parent.is_within(region) });
        waker.into_iter().for_each(wake);
    }

    /// Takes the older half of the spare tasks of a worker, looking at those after `index` first.
    pub(crate) fn steal_tasks(&self, index: usize) -> impl Iterator<Item = Task> + use<> {
        let workers = self.lock();
        let (before, after) = workers.split_at(workers.len().min(index + 1));
        let mut others =
            after.iter().chain(before).flatten().filter(|worker| worker.index() != index);
        // Only this one is counted: every worker that runs dry comes by here.
        let victim = others.find(|worker| worker.has_spare_tasks()).cloned();
        drop(workers);
        victim.map(|victim| victim.tasks.take_half()).unwrap_or_default().into_iter()
    }

    /// Whether `steal_tasks` would find something.
    pub(crate) fn has_spare_tasks(&self, index: usize) -> bool {
        let workers = self.lock();
        let mut others = workers.iter().flatten().filter(|worker| worker.index() != index);
        others.any(|worker| worker.has_spare_tasks())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Arc<Shared>>>> {
        lock(&self.workers)
    }
}

/// Calls a waker that may be anybody's: a panic in it is not for the caller to suffer.
pub(crate) fn wake(waker: Waker) {
    contained(|| waker.wake());
}

/// Nothing panics under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool")
            .field("lent", &self.lent())
            .field("unfinished", &self.tracking.live())
            .field("calls", &self.calls.len())
            .finish_non_exhaustive()
    }
}
