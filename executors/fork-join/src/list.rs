//! The private list of a frame: jobs that nobody else knows of yet, linked through themselves.
//!
//! Only the thread that runs the frame touches it, so it is plain memory: no atomics, no locks, and
//! no allocation, because the links are in the jobs. Newest and oldest are both at hand: the owner
//! takes from the end that it put to (or from the other one, for a scope that is first in first
//! out), and gives away from the beginning, where the greatest jobs are.

use std::cell::Cell;
use std::fmt;
use std::ptr::{self, NonNull};

use crate::job::Job;

/// A job's neighbours in the list that it is in; null if it is in none. First in every job.
#[derive(Debug)]
pub(crate) struct Links {
    older: Cell<*const Links>,
    newer: Cell<*const Links>,
}

impl Links {
    pub(crate) const fn new() -> Links {
        Links { older: Cell::new(ptr::null()), newer: Cell::new(ptr::null()) }
    }

    /// Whether the job is in a list. To be asked by the thread that put it there.
    #[inline]
    pub(crate) fn listed(&self) -> bool {
        !self.older.get().is_null()
    }
}

/// Jobs from the oldest to the newest, in a ring that is closed by the list itself.
pub(crate) struct List {
    /// Its `newer` is the oldest job, its `older` the newest.
    ends: Links,
    len: Cell<usize>,
}

impl List {
    /// A list that is to be [placed](List::place).
    pub(crate) const fn new() -> List {
        List { ends: Links::new(), len: Cell::new(0) }
    }

    /// Makes it ready for use. It must not be moved from now on until it is empty again.
    pub(crate) fn place(&self) {
        self.ends.older.set(&self.ends);
        self.ends.newer.set(&self.ends);
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len.get()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a job as the newest.
    ///
    /// # Safety
    ///
    /// - The list is placed, and has not been moved since.
    /// - The job is in no list. It stays alive and where it is, and is touched by no other thread,
    ///   until it is taken out of this one.
    #[expect(unsafe_code, reason = "the links are in the jobs")]
    #[inline]
    pub(crate) unsafe fn push(&self, job: NonNull<Job>) {
        let job: *const Links = job.as_ptr().cast_const().cast();
        let newest = self.ends.older.replace(job);
        // SAFETY: alive and ours, as the caller says; a job begins with its links.
        let links = unsafe { &*job };
        links.older.set(newest);
        links.newer.set(&self.ends);
        // SAFETY: a job in this list, so alive and ours; or the ends, which are in their place.
        unsafe { &*newest }.newer.set(job);
        self.len.set(self.len.get() + 1);
    }

    /// Takes a job out.
    ///
    /// # Safety
    ///
    /// The job is in this list.
    #[expect(unsafe_code, reason = "the links are in the jobs")]
    #[inline]
    pub(crate) unsafe fn remove(&self, job: NonNull<Job>) {
        let job: *const Links = job.as_ptr().cast_const().cast();
        // SAFETY: in this list, so alive and ours.
        let links = unsafe { &*job };
        debug_assert!(links.listed());
        let (older, newer) = (links.older.replace(ptr::null()), links.newer.get());
        // SAFETY: neighbours are jobs in this list, so alive and ours, or the ends.
        unsafe { &*older }.newer.set(newer);
        // SAFETY: as above.
        unsafe { &*newer }.older.set(older);
        self.len.set(self.len.get() - 1);
    }

    /// Takes the oldest job out.
    pub(crate) fn pop_oldest(&self) -> Option<NonNull<Job>> {
        self.pop(&self.ends.newer)
    }

    /// Takes the newest job out.
    pub(crate) fn pop_newest(&self) -> Option<NonNull<Job>> {
        self.pop(&self.ends.older)
    }

    #[expect(unsafe_code, reason = "the links are in the jobs")]
    fn pop(&self, end: &Cell<*const Links>) -> Option<NonNull<Job>> {
        if self.is_empty() {
            return None;
        }
        let job = NonNull::new(end.get().cast_mut())?.cast();
        // SAFETY: the list is not empty, so its ends link to jobs in it.
        unsafe { self.remove(job) };
        Some(job)
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").field("len", &self.len.get()).finish()
    }
}
