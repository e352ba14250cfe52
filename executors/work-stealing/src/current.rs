//! Which executor runs on this thread at the moment, and its worker if it is one.
//!
//! A wake-up arrives in a closure that may be called on any thread and knows only whose task it is.
//! If a worker of that executor is the one running on the calling thread, the task goes to its
//! queues; in every other case it goes to the injector. The answer is in a thread-local slot, set
//! while tasks are polled or dropped (not across the `await`s of a `run`) and restored by a guard,
//! so that executors nest.
//!
//! The slot has no destructor, so it is there as long as the thread; the guards leave it empty.

use std::cell::RefCell;
use std::mem::{self, ManuallyDrop};
use std::sync::Arc;

use crate::books::{Books, OUTSIDE};
use crate::local::Local;
use crate::shared::Shared;

enum Context {
    Nobody,
    /// Somebody who runs or drops tasks and has no queues.
    Visitor(Arc<Shared>),
    Worker(Box<Local>),
}

thread_local! {
    static CURRENT: RefCell<ManuallyDrop<Context>> =
        const { RefCell::new(ManuallyDrop::new(Context::Nobody)) };
}

/// While this lives, its executor is the current one of this thread.
pub(crate) struct Current<'p> {
    previous: Context,
    /// Where a worker's own half came from, and goes back to.
    place: Option<&'p mut Option<Box<Local>>>,
}

/// Makes a worker the current one until the guard is dropped.
pub(crate) fn enter(place: &mut Option<Box<Local>>) -> Current<'_> {
    let local = place.take().expect("a worker is on one thread at a time");
    Current { previous: replace(Context::Worker(local)), place: Some(place) }
}

/// Makes an executor the current one, without a worker.
pub(crate) fn visit(shared: &Arc<Shared>) -> Current<'static> {
    Current { previous: replace(Context::Visitor(shared.clone())), place: None }
}

fn replace(context: Context) -> Context {
    CURRENT.with_borrow_mut(|current| mem::replace(&mut **current, context))
}

impl Drop for Current<'_> {
    fn drop(&mut self) {
        let own = replace(mem::replace(&mut self.previous, Context::Nobody));
        match (own, &mut self.place) {
            (Context::Worker(local), Some(place)) => **place = Some(local),
            (other, _) => drop(other), // the executor is borrowed: this is not the last reference
        }
    }
}

/// Calls `f` with the worker on this thread, if it is one of this executor.
#[inline]
pub(crate) fn local<R>(shared: &Arc<Shared>, f: impl FnOnce(&Local) -> R) -> Option<R> {
    CURRENT.with_borrow(|current| match &**current {
        Context::Worker(local) if Arc::ptr_eq(&local.home.shared, shared) => Some(f(local)),
        _ => None,
    })
}

/// The worker on this thread, which is the one that was entered last.
#[inline]
pub(crate) fn worker<R>(f: impl FnOnce(&Local) -> R) -> R {
    CURRENT.with_borrow(|current| match &**current {
        Context::Worker(local) => f(local),
        _ => unreachable!("a guard of this thread says that there is one"),
    })
}

/// Calls `f` with the books in which to write down what happens to a task just now: their number,
/// and whether they are this thread's alone. Only while a task is polled or dropped.
#[inline]
pub(crate) fn books<R>(f: impl FnOnce(&Shared, u32, &Books, bool) -> R) -> R {
    CURRENT.with_borrow(|current| match &**current {
        Context::Worker(local) => {
            f(&local.home.shared, local.number as u32, &local.slot.books, true)
        }
        Context::Visitor(shared) => f(shared, OUTSIDE, &shared.outside, false),
        Context::Nobody => unreachable!("tasks are polled and dropped inside of a guard"),
    })
}
