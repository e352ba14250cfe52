//! A piece of work that can change hands: one half of a join, or a closure spawned into a scope.
//!
//! A job knows how to run itself, and nothing else does. It is run exactly once or, if it never
//! left the list it was put into, taken back by who put it there. Its header is what lists and
//! places hold; what comes behind it depends on the kind.
//!
//! # Why a job on the stack may be given away
//!
//! The half of a join lies in the frame of the worker that called `join`, together with the latch.
//! That frame does not end before the job is either taken back unshared, or its latch is set:
//! between giving away and the latch nothing unwinds past it (`join.rs`). Who runs it reads all
//! that it needs for the wake first, sets the latch last, and touches nothing of the job
//! afterwards, for the owner may be gone at once.

use std::cell::UnsafeCell;
use std::fmt;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::thread;

use crate::contain::AbortOnUnwind;
use crate::frame::Frame;
use crate::latch::{Count, Latch};
use crate::list::Links;
use crate::pool::wake;
use crate::region::{Region, RegionRef};
use crate::shared::Shared;
use crate::worker::Worker;

/// Where a job is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Out of the list that it was put into.
    Here,
    /// By whoever it was given to.
    Away,
}

/// What all jobs begin with.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Job {
    links: Links,
    region: Region,
    /// Counts jobs that were given away, in the scope that it belongs to. Null for halves of joins.
    away: *const Count,
    run: unsafe fn(NonNull<Job>, &Worker, Place),
}

impl Job {
    /// A header. `run` gets a pointer to it, once.
    ///
    /// `away` is null, or alive for as long as the job is.
    #[inline(always)]
    pub(crate) fn new(run: unsafe fn(NonNull<Job>, &Worker, Place), away: *const Count) -> Job {
        Job { links: Links::new(), region: Region::new(RegionRef::NONE), away, run }
    }

    /// Runs a job that was never given away.
    ///
    /// # Safety
    ///
    /// It is alive, and in no list; it has not run; nobody else has it.
    #[expect(unsafe_code, reason = "a job is named by a pointer")]
    pub(crate) unsafe fn run_here(job: NonNull<Job>, worker: &Worker) {
        // SAFETY: alive, as the caller says.
        let run = unsafe { job.as_ref() }.run;
        // SAFETY: once, as the caller says.
        unsafe { run(job, worker, Place::Here) }
    }
}

/// A job in transit between threads: the right, and the duty, to run it once.
pub(crate) struct JobRef(NonNull<Job>);

impl JobRef {
    /// Makes a job ready to change hands: it is part of `parent` from now on, and counted as away.
    ///
    /// # Safety
    ///
    /// - The job is alive until it has run, and `parent` until then at least.
    /// - It is in no list, and this is the only `JobRef` of it.
    #[expect(unsafe_code, reason = "a job is named by a pointer")]
    pub(crate) unsafe fn new(job: NonNull<Job>, parent: RegionRef) -> JobRef {
        // SAFETY: alive, and in no list, so nobody else touches it.
        let header = unsafe { job.as_ref() };
        header.region.set_parent(parent);
        // SAFETY: null, or alive (`Job::new`).
        if let Some(away) = unsafe { header.away.as_ref() } {
            away.add();
        }
        JobRef(job)
    }

    /// Whether it lies within a region.
    #[expect(unsafe_code, reason = "a job is named by a pointer")]
    pub(crate) fn is_within(&self, region: RegionRef) -> bool {
        // SAFETY: it has not run, so it is alive (`new`).
        let own = unsafe { self.0.as_ref() }.region.name();
        // SAFETY: its own region is alive, and those above outlive it (`new`).
        unsafe { own.is_within(region) }
    }

    /// Runs it.
    #[expect(unsafe_code, reason = "a job is named by a pointer")]
    pub(crate) fn run(self, worker: &Worker) {
        // SAFETY: alive, and not yet run (`new`).
        let run = unsafe { self.0.as_ref() }.run;
        // SAFETY: this is the only `JobRef`, and it is used up: `run` is called once.
        unsafe { run(self.0, worker, Place::Away) }
    }
}

#[expect(unsafe_code, reason = "a job is named by a pointer")]
// SAFETY: what a job does when it is run is `Send` (the bounds of `StackJob::new`, `HeapJob::new`),
// and its header is touched by one thread at a time: who has the `JobRef`.
unsafe impl Send for JobRef {}

impl fmt::Debug for JobRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JobRef").field(&self.0).finish()
    }
}

/// The second half of a join, on the stack of who called it.
///
/// Dropping it drops nothing: the closure is taken out in every event, and the result once there is
/// one.
#[repr(C)]
pub(crate) struct StackJob<'w, F, R> {
    job: Job,
    owner: &'w Shared,
    call: UnsafeCell<MaybeUninit<F>>,
    result: UnsafeCell<MaybeUninit<thread::Result<R>>>,
    latch: Latch,
}

impl<'w, F, R> StackJob<'w, F, R>
where
    F: FnOnce(&Worker) -> R + Send,
    R: Send,
{
    #[inline]
    pub(crate) fn new(owner: &'w Shared, call: F) -> StackJob<'w, F, R> {
        StackJob {
            job: Job::new(Self::run, ptr::null()),
            owner,
            call: UnsafeCell::new(MaybeUninit::new(call)),
            result: UnsafeCell::new(MaybeUninit::uninit()),
            latch: Latch::new(),
        }
    }

    /// The pointer to it as a job, which is good for all of it.
    #[inline]
    pub(crate) fn as_job(&self) -> NonNull<Job> {
        NonNull::from(self).cast()
    }

    /// Whether it is still in the list. For the owner.
    #[inline]
    pub(crate) fn is_listed(&self) -> bool {
        self.job.links.listed()
    }

    pub(crate) fn latch(&self) -> &Latch {
        &self.latch
    }

    pub(crate) fn region(&self) -> RegionRef {
        self.job.region.name()
    }

    /// Takes the closure out.
    ///
    /// # Safety
    ///
    /// The job never left the list it was put into, and is out of it now; this is called once.
    #[expect(unsafe_code, reason = "a closure that may be taken out by another thread")]
    #[inline]
    pub(crate) unsafe fn take_back(&self) -> F {
        // SAFETY: it was there from the beginning, and nobody else had the job.
        unsafe { self.call.get().cast::<F>().read() }
    }

    /// What it returned, or panicked with.
    ///
    /// # Safety
    ///
    /// The job was given away, and its latch is set; this is called once.
    #[expect(unsafe_code, reason = "a result that is written by another thread")]
    pub(crate) unsafe fn take_result(&self) -> thread::Result<R> {
        debug_assert!(self.latch.is_set());
        // SAFETY: written before the latch was set, and nobody else reads it.
        unsafe { self.result.get().cast::<thread::Result<R>>().read() }
    }

    /// # Safety
    ///
    /// `job` is `as_job` of a job that was given away, and this is called once.
    #[expect(unsafe_code, reason = "a job on another thread's stack")]
    unsafe fn run(job: NonNull<Job>, worker: &Worker, place: Place) {
        debug_assert!(place == Place::Away, "its owner takes it back instead");
        let guard = AbortOnUnwind::new(); // until the latch is set
        // SAFETY: `as_job` points to all of it, and it lives until the latch is set, below; after
        // that, this reference is not used.
        let this = unsafe { job.cast::<Self>().as_ref() };
        // SAFETY: given away, so the owner does not take the closure, and nobody else runs it.
        let call = unsafe { this.call.get().cast::<F>().read() };
        let frame = Frame::new(this.job.region.name());
        let result = worker.in_frame(&frame, || catch_unwind(AssertUnwindSafe(|| call(worker))));
        debug_assert!(frame.list.is_empty(), "joins take back what they put there");
        // SAFETY: as for the closure; the owner reads it after the latch is set.
        unsafe { this.result.get().cast::<thread::Result<R>>().write(result) };
        let waker = this.owner.waker(); // before the latch: the owner may be gone at once
        // SAFETY: alive until now; not touched afterwards.
        unsafe { Latch::set(&raw const this.latch) };
        guard.disarm();
        wake(waker);
    }
}
