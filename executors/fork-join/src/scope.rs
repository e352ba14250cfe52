//! Scopes: closures and futures that may borrow, because the scope does not end before them.
//!
//! A scope is opened on a worker, and closed by it: the closure that gets the scope may return as
//! it likes, but `scope` itself waits until everything spawned into it is over. Nothing of that
//! rests on a destructor that could be forgotten.
//!
//! # Where the jobs are
//!
//! The worker that opened the scope has a [frame](crate::frame) for it; closures that it spawns go
//! into that frame's list, unshared. A worker that was given one of them has a frame for the scope
//! as well, and what is spawned into the scope there goes to that one. From any other thread, a job
//! is made public at once. So spawning takes no lock as a rule, and the closures cost an allocation
//! each and nothing else.
//!
//! # When it is over
//!
//! `away` counts what is out of the owner's hands: jobs that were given away or made public, and
//! futures. A worker that was given a job counts as one until its own list for the scope is empty;
//! a job that it gives away in turn is counted before that. So the scope is over when the owner's
//! list is empty and `away` is zero, and both stay so once they are.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::{self, NonNull};
use std::sync::{Arc, OnceLock};

use async_task::Runnable;

use crate::block;
use crate::contain::{AbortOnUnwind, discard};
use crate::current;
use crate::frame::Frame;
use crate::job::{Job, JobRef, Place};
use crate::latch::Count;
use crate::list::List;
use crate::pool::{Pool, wake};
use crate::queue::Queue;
use crate::region::{Region, RegionRef};
use crate::shared::Shared;
use crate::sync::{Mutex, PoisonError};
use crate::worker::Worker;

/// So many jobs are worth a look at the clock.
const MANY: usize = 16;

/// In which order a worker runs those closures of a scope that nobody has taken from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    NewestFirst,
    OldestFirst,
}

/// What both kinds of scopes are.
pub(crate) struct Core {
    /// Of the worker that opened it, which is there as long as the scope is.
    pool: NonNull<Arc<Pool>>,
    owner: NonNull<Shared>,
    region: Region,
    /// The owner's frame for it.
    frame: Frame,
    away: Count,
    order: Order,
    /// Futures of the scope that were woken. Kept alive by their wakers, too.
    tasks: OnceLock<Arc<Queue<Runnable>>>,
    /// The first panic.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

#[expect(unsafe_code, reason = "a scope is shared, and has a part that is not")]
// SAFETY: `region` is constant once the scope is shared; of `frame`, only the owner's thread uses
// anything (`list_of` asks which thread it is on); the pointers are constant, and what they point
// to is `Sync`, as the rest is.
unsafe impl Sync for Core {}

/// A closure spawned into a scope.
#[repr(C)]
struct HeapJob<F> {
    job: Job,
    scope: *const Core,
    body: F,
}

impl Core {
    /// Opens a scope on `worker`, calls `body`, and waits until the scope is over.
    pub(crate) fn open<R>(worker: &Worker, order: Order, body: impl FnOnce(&Core) -> R) -> R {
        worker.parker(); // so that others can wake this worker
        let mut core = Core {
            pool: NonNull::from(worker.pool()),
            owner: NonNull::from(worker.shared()),
            region: Region::new(worker.frames.last().region()),
            frame: Frame::new(RegionRef::NONE),
            away: Count::new(),
            order,
            tasks: OnceLock::new(),
            panic: Mutex::new(None),
        };
        core.frame = Frame::new(core.region.name()); // it is in its place now
        let result = worker.in_frame(&core.frame, || {
            let result = catch_unwind(AssertUnwindSafe(|| body(&core)));
            core.complete(worker);
            result
        });
        let panic = core.panic.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        match (result, panic) {
            (Ok(result), None) => result,
            (Ok(result), Some(payload)) => {
                drop(result);
                resume_unwind(payload)
            }
            (Err(payload), panic) => {
                panic.into_iter().for_each(discard);
                resume_unwind(payload)
            }
        }
    }

    #[expect(unsafe_code, reason = "a reference that costs no counting")]
    pub(crate) fn pool(&self) -> &Arc<Pool> {
        // SAFETY: of the worker that opened the scope, and is borrowed until it is closed.
        unsafe { self.pool.as_ref() }
    }

    #[expect(unsafe_code, reason = "a reference that costs no counting")]
    pub(crate) fn owner(&self) -> &Shared {
        // SAFETY: as for `pool`.
        unsafe { self.owner.as_ref() }
    }

    pub(crate) fn tasks(&self) -> &Arc<Queue<Runnable>> {
        self.tasks.get_or_init(|| Arc::new(Queue::new()))
    }

    /// Something of the scope's is out of the owner's hands, until [`Core::leave`].
    pub(crate) fn enter(&self) {
        self.away.add();
    }

    /// The opposite of [`Core::enter`], or of a job's being given away.
    ///
    /// # Safety
    ///
    /// This is owed, and the caller does not touch the scope afterwards.
    #[expect(unsafe_code, reason = "the scope may be gone at once")]
    pub(crate) unsafe fn leave(this: *const Core) {
        // SAFETY: `away` counts the caller, so the scope is not over; and this reference is not
        // used after the counting down.
        let scope = unsafe { &*this };
        let waker = scope.owner().waker(); // before: the owner may be gone at once
        // SAFETY: alive until now; not touched afterwards.
        if unsafe { Count::sub(&raw const scope.away) } {
            wake(waker);
        }
    }

    /// Keeps the first panic, to be thrown where the scope ends.
    pub(crate) fn panicked(&self, payload: Box<dyn Any + Send>) {
        let mut panic = self.panic.lock().unwrap_or_else(PoisonError::into_inner);
        let other = if panic.is_none() { panic.replace(payload) } else { Some(payload) };
        drop(panic);
        other.into_iter().for_each(discard);
    }

    /// Adds a closure.
    #[inline]
    pub(crate) fn spawn<F: FnOnce(&Core) + Send>(&self, body: F) {
        current::with(|worker| match worker {
            Some(worker) if ptr::eq(worker.shared(), self.owner()) => {
                self.list(worker, &self.frame.list, body);
            }
            _ => self.spawn_elsewhere(worker, body),
        });
    }

    /// Adds a closure on a thread that did not open the scope.
    #[cold]
    #[inline(never)]
    #[expect(unsafe_code, reason = "a job is named by a pointer")]
    fn spawn_elsewhere<F: FnOnce(&Core) + Send>(&self, worker: Option<&Worker>, body: F) {
        let region = self.region.name();
        let same_pool = worker.filter(|worker| Arc::ptr_eq(worker.pool(), self.pool()));
        if let Some(worker) = same_pool {
            if let Some(frame) = worker.frames.of(region) {
                return self.list(worker, &frame.list, body);
            }
        }
        let job = block::put_in(None, HeapJob::new(self, body));
        // SAFETY: it is new, so in no list, and this is the only `JobRef`; it stays there until it
        // has run, and the scope, of which it is part, waits for it.
        let job = unsafe { JobRef::new(job.cast(), region) };
        self.pool().make_public(job, region);
    }

    /// Adds a closure to one of this thread's lists.
    #[inline]
    #[expect(unsafe_code, reason = "a list holds pointers")]
    fn list<F: FnOnce(&Core) + Send>(&self, worker: &Worker, list: &List, body: F) {
        let job = block::put_in(Some(&worker.blocks), HeapJob::new(self, body));
        // SAFETY: it is new, so in no list; it stays there until it has run, which it does before
        // the scope is over; nobody else knows of it; and the list is this thread's, and in its
        // place.
        unsafe { list.push(job.cast()) };
        worker.attend();
    }

    /// Runs the owner's jobs, and waits for those that are away. Does not unwind.
    fn complete(&self, worker: &Worker) {
        let guard = AbortOnUnwind::new();
        loop {
            // First what was handed over while it waited: it is part of the scope, and must not be
            // run on top of something that is not part of it.
            if worker.run_handed() {
                continue;
            }
            self.drain(&self.frame.list, worker);
            if let Some(task) = self.tasks.get().and_then(|tasks| tasks.pop()) {
                worker.poll_task(task.into());
                continue;
            }
            if self.away.is_zero() && self.frame.list.is_empty() {
                break;
            }
            let computed = self.tasks.get().is_none(); // no futures, which may wait for events
            worker.wait_for(self.region.name(), computed, &|| {
                self.away.is_zero()
                    || !self.frame.list.is_empty()
                    || self.tasks.get().is_some_and(|tasks| !tasks.is_empty())
            });
        }
        guard.disarm();
    }

    /// Runs all jobs of a list. Does not unwind.
    #[expect(unsafe_code, reason = "a list holds pointers")]
    fn drain(&self, list: &List, worker: &Worker) {
        if list.len() > MANY {
            worker.pace.learn_anew(); // to spawn is quick; to run what was spawned need not be
        }
        loop {
            worker.attend();
            let job = match self.order {
                Order::NewestFirst => list.pop_newest(),
                Order::OldestFirst => list.pop_oldest(),
            };
            let Some(job) = job else { return };
            // SAFETY: it was in the list, so it is alive, has not run, and nobody else has it.
            unsafe { Job::run_here(job, worker) };
        }
    }

    /// Calls a closure of the scope's. Does not unwind.
    fn call(&self, body: impl FnOnce(&Core)) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| body(self))) {
            self.panicked(payload);
        }
    }
}

impl<F: FnOnce(&Core) + Send> HeapJob<F> {
    #[inline(always)] // written where it is to be, rather than moved there
    fn new(scope: &Core, body: F) -> HeapJob<F> {
        HeapJob { job: Job::new(Self::run, &raw const scope.away), scope, body }
    }

    /// # Safety
    ///
    /// `job` was made by `Core::spawn`, and this is called once. If the place is `Away`, the job
    /// counts as away.
    #[expect(unsafe_code, reason = "a job is named by a pointer")]
    unsafe fn run(job: NonNull<Job>, worker: &Worker, place: Place) {
        // SAFETY: `spawn` put a value of this type there, whose address is that of its first field.
        let job = unsafe { block::take_out(&worker.blocks, job.cast::<HeapJob<F>>()) };
        let HeapJob { scope: this, body, .. } = job;
        // SAFETY: the scope waits for this job: it is in the owner's list, or counts as away.
        let scope = unsafe { &*this };
        match place {
            Place::Here => scope.call(body),
            Place::Away => {
                let guard = AbortOnUnwind::new();
                let frame = Frame::new(scope.region.name());
                worker.in_frame(&frame, || {
                    scope.call(body);
                    scope.drain(&frame.list, worker);
                });
                // SAFETY: the job was counted when it was given away.
                unsafe { Core::leave(this) };
                guard.disarm();
            }
        }
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("away", &self.away).finish_non_exhaustive()
    }
}
