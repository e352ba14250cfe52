//! Which job is part of which: the tree of what waits for what.
//!
//! A *region* is something that a worker may wait for: the half of a join that was given away, or a
//! scope. Its address is its name, and it knows its parent, the region that it was begun in. A
//! worker that waits for a region runs only jobs that lie *within* it: jobs of that region and of
//! those below it. Every one of them has to be done before the wait can end, so to run them is
//! never a detour; and whatever lock the waiting worker holds, a job that wants the same one would
//! have kept the wait from ending in any event. (rayon's workers run anything while they wait, and
//! so can deadlock on a lock of their own, or be away on a long job when what they wait for is
//! done.)
//!
//! A region lives as long as somebody waits for it, and its parent outlives it: the half of a join
//! on the stack of the worker that called `join`, a scope on the stack of the worker that opened
//! it. So the chain upwards can be walked from any job that is not done.

use std::cell::Cell;
use std::ptr;

/// A place in the tree. Whose it is, and when it ends, is for the owner to know.
#[derive(Debug)]
pub(crate) struct Region {
    /// Set before the region is shared with another thread, and constant from then on.
    parent: Cell<RegionRef>,
}

/// The name of a region: its address, or none for what nobody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RegionRef(*const Region);

impl Region {
    pub(crate) const fn new(parent: RegionRef) -> Region {
        Region { parent: Cell::new(parent) }
    }

    pub(crate) fn name(&self) -> RegionRef {
        RegionRef(self)
    }

    pub(crate) fn parent(&self) -> RegionRef {
        self.parent.get()
    }

    /// To be called by the owner, before any other thread knows of the region.
    pub(crate) fn set_parent(&self, parent: RegionRef) {
        self.parent.set(parent);
    }
}

impl RegionRef {
    /// What nobody waits for.
    pub(crate) const NONE: RegionRef = RegionRef(ptr::null());

    /// The next one up.
    ///
    /// # Safety
    ///
    /// The region is alive, and this is not `NONE`.
    #[expect(unsafe_code, reason = "a region is named by its address")]
    pub(crate) unsafe fn up(self) -> RegionRef {
        debug_assert!(self != RegionRef::NONE);
        // SAFETY: the region is alive, says the caller; its parent is constant once it is shared.
        unsafe { &*self.0 }.parent()
    }

    /// Whether this region is `other` or lies below it.
    ///
    /// # Safety
    ///
    /// This region is alive, and so are all above it. (`other` is only compared.)
    #[expect(unsafe_code, reason = "a region is named by its address")]
    pub(crate) unsafe fn is_within(self, other: RegionRef) -> bool {
        let mut at = self;
        while at != other {
            if at == RegionRef::NONE {
                return false;
            }
            // SAFETY: alive, as the caller says of this region and of all above it.
            at = unsafe { at.up() };
        }
        true
    }
}

#[expect(unsafe_code, reason = "a name is a number; what it names is reached by `unsafe` only")]
// SAFETY: the name alone gives access to nothing. Its methods that follow it are `unsafe`, and read
// only `parent`, which does not change while other threads know the region.
unsafe impl Send for RegionRef {}
