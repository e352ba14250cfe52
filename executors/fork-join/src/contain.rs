//! Where a panic must not pass.

use std::any::Any;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls somebody's code whose panic concerns nobody here: the panic hook has reported it, and it
/// ends. `None` if it panicked.
pub(crate) fn contained<R>(f: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(result) => Some(result),
        Err(payload) => {
            discard(payload);
            None
        }
    }
}

/// Drops what somebody panicked with. It may panic in its own drop; a second one in a row is
/// leaked.
pub(crate) fn discard(payload: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        let _leaked = ManuallyDrop::new(again);
    }
}

/// Ends the process if it is dropped while a panic passes.
///
/// For stretches during which another thread may be using this one's stack. What is called there
/// contains its own panics; this is for the one that nobody thought of.
#[derive(Debug)]
pub(crate) struct AbortOnUnwind(());

impl AbortOnUnwind {
    pub(crate) fn new() -> AbortOnUnwind {
        AbortOnUnwind(())
    }

    pub(crate) fn disarm(self) {
        let _not_dropped = ManuallyDrop::new(self);
    }
}

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        eprintln!("mini-executor-fork-join: a panic where another thread uses this stack: abort");
        std::process::abort();
    }
}
