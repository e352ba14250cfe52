//! Which worker this thread is at the moment.
//!
//! A thread that is lent to a pool, and within that to another one, is a worker of both; the
//! innermost is the current one, and the others are found behind it. Kept in a thread-local without
//! a destructor, so it is there to the very end of a thread.

use std::cell::Cell;
use std::ptr;
use std::sync::Arc;

use crate::pool::Pool;
use crate::worker::Worker;

thread_local! {
    static CURRENT: Cell<*const Worker> = const { Cell::new(ptr::null()) };
}

/// Calls `f` with `worker` as the current one of this thread.
pub(crate) fn enter<R>(worker: &Worker, f: impl FnOnce() -> R) -> R {
    struct Back(*const Worker);
    impl Drop for Back {
        fn drop(&mut self) {
            CURRENT.set(self.0);
        }
    }
    let outer = CURRENT.replace(worker);
    worker.set_outer(outer);
    let _back = Back(outer);
    f()
}

/// Calls `f` with the current worker.
#[expect(unsafe_code, reason = "a worker lives on its thread's stack")]
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(Option<&Worker>) -> R) -> R {
    let current = CURRENT.get();
    // SAFETY: null, or set by an `enter` further down this thread's stack, which borrows it, and
    // resets this before it ends. `f` is done by then.
    f(unsafe { current.as_ref() })
}

/// Calls `f` with each worker that this thread is, the current one first.
#[expect(unsafe_code, reason = "a worker lives on its thread's stack")]
pub(crate) fn each(mut f: impl FnMut(&Worker)) {
    let mut at = CURRENT.get();
    // SAFETY: as in `with`; and one that is current encloses its `outer`.
    while let Some(worker) = unsafe { at.as_ref() } {
        f(worker);
        at = worker.outer();
    }
}

/// Calls `f` with the worker that this thread is in `pool`, if it is one.
#[expect(unsafe_code, reason = "a worker lives on its thread's stack")]
#[inline]
pub(crate) fn with_worker_of<R>(pool: &Arc<Pool>, f: impl FnOnce(Option<&Worker>) -> R) -> R {
    let mut at = CURRENT.get();
    // SAFETY: as in `with`; and one that is current encloses its `outer`.
    while let Some(worker) = unsafe { at.as_ref() } {
        if Arc::ptr_eq(worker.pool(), pool) {
            return f(Some(worker));
        }
        at = worker.outer();
    }
    f(None)
}
