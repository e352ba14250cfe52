//! Calling somebody's code: each waker on its own, none under a lock.
//!
//! A waker is somebody's code. It may panic, wake others, register and drop things, or re-enter the
//! reactor; one that panics must not keep the others from being called.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Calls and removes every waker. A panic in one is contained here: the thread that happens to
/// drive is not the one to blame, and the panic hook has already reported it.
pub(crate) fn all(wakers: &mut Vec<Waker>) {
    wakers.drain(..).for_each(|waker| contained(|| waker.wake()));
}

/// Calls what may panic, on behalf of somebody who must not.
pub(crate) fn contained(call: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(call)) {
        // A payload may panic in its own drop; a second one in a row is leaked.
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            let _leaked = std::mem::ManuallyDrop::new(again);
        }
    }
}
