//! What a worker waits for: a flag, or a count that comes down to zero.
//!
//! A latch lies in the memory of who waits for it, and that memory may be gone the moment the latch
//! is set. So setting it is the last thing that is done to it, through a pointer, and whom to wake
//! is found out before. The wake comes after: the waiting worker looks at the latch after it has
//! published that it sleeps (`Parker::park`), so either it sees that the latch is set, or it is
//! woken. The model is
//! `tests/loom_pool/waiting.rs`.

use crate::sync::{AtomicBool, AtomicUsize, Ordering};

/// A flag, set once.
#[derive(Debug)]
pub(crate) struct Latch(AtomicBool);

impl Latch {
    pub(crate) fn new() -> Latch {
        Latch(AtomicBool::new(false))
    }

    /// Acquire: pairs with `set`.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Sets it. Release: pairs with `is_set`, so that what was written before is there.
    ///
    /// # Safety
    ///
    /// It is alive until it is set.
    #[expect(unsafe_code, reason = "it may be gone as soon as it is set")]
    pub(crate) unsafe fn set(this: *const Latch) {
        // SAFETY: alive until the store, as the caller says; nothing of it is touched later.
        unsafe { &(*this).0 }.store(true, Ordering::Release);
    }
}

/// How many are under way.
#[derive(Debug)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    pub(crate) fn new() -> Count {
        Count(AtomicUsize::new(0))
    }

    /// Acquire: pairs with `sub`.
    pub(crate) fn is_zero(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }

    /// One more. By somebody who knows that the count is kept from zero, or that nobody waits for
    /// it yet, so it orders nothing.
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// One less; true if that was the last. Release: pairs with `is_zero`. AcqRel, because the last
    /// one speaks for the others.
    ///
    /// # Safety
    ///
    /// It is alive until it has come down to zero.
    #[expect(unsafe_code, reason = "it may be gone as soon as it is zero")]
    pub(crate) unsafe fn sub(this: *const Count) -> bool {
        // SAFETY: this one counts, so it is not zero yet; nothing of it is touched later.
        unsafe { &(*this).0 }.fetch_sub(1, Ordering::AcqRel) == 1
    }
}
