//! A stretch of a worker's stack within which all jobs are of one region, and the list of those
//! that are not shared.
//!
//! A worker's frames lie on its stack, each above the one it was called from: first that of the
//! thread as it was lent (no region), then, one for each job that it runs for others and for each
//! scope that it has open, one for that job or scope. Because a worker that waits runs only what is
//! within the region it waits for, the regions of its frames, from the first to the last, each lie
//! within the one before; so what is within a given region is always the jobs of the last few
//! frames, and the oldest of them is in the first of these that has any.

use std::cell::Cell;
use std::fmt;
use std::ptr;

use crate::job::JobRef;
use crate::list::List;
use crate::region::RegionRef;

/// One stretch.
pub(crate) struct Frame {
    pub(crate) list: List,
    region: RegionRef,
    /// The frame it was called from; null for the first.
    below: Cell<*const Frame>,
}

impl Frame {
    pub(crate) fn new(region: RegionRef) -> Frame {
        Frame { list: List::new(), region, below: Cell::new(ptr::null()) }
    }

    pub(crate) fn region(&self) -> RegionRef {
        self.region
    }
}

/// A worker's frames.
pub(crate) struct Frames {
    last: Cell<*const Frame>,
}

impl Frames {
    pub(crate) fn new() -> Frames {
        Frames { last: Cell::new(ptr::null()) }
    }

    /// Calls `f` with `frame` as the last one.
    pub(crate) fn with<R>(&self, frame: &Frame, f: impl FnOnce() -> R) -> R {
        struct Back<'a>(&'a Cell<*const Frame>, *const Frame);
        impl Drop for Back<'_> {
            fn drop(&mut self) {
                self.0.set(self.1);
            }
        }
        frame.list.place();
        let below = self.last.replace(frame);
        frame.below.set(below);
        let _back = Back(&self.last, below);
        f()
    }

    /// The last frame.
    #[expect(unsafe_code, reason = "frames are on the stack, and linked")]
    #[inline]
    pub(crate) fn last(&self) -> &Frame {
        let last = self.last.get();
        assert!(!last.is_null(), "a worker has a frame as long as its thread is lent");
        // SAFETY: `with` borrows it for as long as it is the last or one below. The reference ends
        // with that at the latest: the callers, all in this crate, use it within the call in which
        // they got it.
        unsafe { &*last }
    }

    /// The last frame of this region, if there is one.
    pub(crate) fn of(&self, region: RegionRef) -> Option<&Frame> {
        self.downwards().find(|frame| frame.region == region)
    }

    /// Whether there is an unshared job anywhere.
    pub(crate) fn any(&self) -> bool {
        self.downwards().any(|frame| !frame.list.is_empty())
    }

    /// Takes the oldest job, or the oldest of those within a region, out of its list, and makes it
    /// ready to change hands. Returns what it is part of, too, which is alive as long as the frames
    /// are as they are.
    #[expect(unsafe_code, reason = "jobs and regions are named by pointers")]
    pub(crate) fn take_oldest(&self, within: Option<RegionRef>) -> Option<(JobRef, RegionRef)> {
        let frame = match within {
            None => self.downwards().filter(|frame| !frame.list.is_empty()).last(),
            Some(region) => self.oldest_within(region),
        }?;
        let job = frame.list.pop_oldest()?;
        // SAFETY:
        // - Who puts a job into a list keeps it alive until it has run, or takes it back; the
        //   second is over, because it is in no list any more. The frame's region outlives the
        //   jobs that were listed in it.
        // - It was in one list, so there is no other `JobRef` of it.
        Some((unsafe { JobRef::new(job, frame.region) }, frame.region))
    }

    /// The first frame within a region that has jobs.
    #[expect(unsafe_code, reason = "regions are named by pointers")]
    fn oldest_within(&self, region: RegionRef) -> Option<&Frame> {
        let mut frames = self.downwards().peekable();
        let mut at = frames.peek()?.region;
        let mut found = None;
        loop {
            // The frames whose region has been reached on the way up.
            while let Some(frame) = frames.next_if(|frame| frame.region == at) {
                if !frame.list.is_empty() {
                    found = Some(frame);
                }
            }
            if at == region {
                return found;
            }
            if at == RegionRef::NONE {
                return None; // the last frame is not within the region, so none is
            }
            // SAFETY: the regions of frames are alive while these are on the stack, and so are all
            // above them.
            at = unsafe { at.up() };
        }
    }

    #[expect(unsafe_code, reason = "frames are on the stack, and linked")]
    fn downwards(&self) -> impl Iterator<Item = &Frame> {
        let mut next = self.last.get();
        std::iter::from_fn(move || {
            // SAFETY: null, or borrowed by a `with` that is under way, see `last`.
            let frame = unsafe { next.as_ref() }?;
            next = frame.below.get();
            Some(frame)
        })
    }
}

impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames").field("depth", &self.downwards().count()).finish()
    }
}
