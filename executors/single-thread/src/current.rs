//! Which executor runs on this thread at the moment.
//!
//! A wake-up arrives in a closure that may be called on any thread and knows only whose task it is.
//! If that executor is the one running on the calling thread, the task goes straight to its queue;
//! in every other case it goes to the inbox. The answer is in a thread-local slot, set while a
//! runner is being polled (not across its `await`s) and restored by a guard, so that executors
//! nest. One more bit, in the executor, says whether its queue is *attended*: whether the innermost
//! of its runners on the stack is awake, and will look at the queue before anybody sleeps.
//!
//! The slot holds a counted reference and lends it for the length of one push. A raw pointer would
//! save the count and nothing else: measured, the two are the same within a quarter of a
//! nanosecond.

use std::cell::RefCell;
use std::mem;
use std::rc::Rc;
use std::sync::Arc;

use async_task::Runnable;

use crate::inbox::Inbox;
use crate::local::Local;

thread_local! {
    static CURRENT: RefCell<Option<Rc<Local>>> = const { RefCell::new(None) };
}

/// While this lives, its executor is the current one of this thread.
pub(crate) struct Current<'l> {
    local: &'l Local,
    /// Who was current before, and whether this executor's queue was attended.
    previous: Option<Rc<Local>>,
    attended: bool,
}

/// Makes an executor the current one until the guard is dropped, on behalf of a runner.
///
/// On a thread that is exiting and has lost its slot this does nothing: wake-ups take the inbox.
pub(crate) fn enter(local: &Rc<Local>) -> Current<'_> {
    let attended = local.attend(true);
    let previous = CURRENT.try_with(|slot| slot.replace(Some(local.clone()))).unwrap_or(None);
    Current { local, previous, attended }
}

impl Current<'_> {
    /// Drops the guard of a runner that goes to sleep.
    ///
    /// There may be another runner further down the stack, in the middle of polling the task that
    /// contains this one. It must not count on seeing what is queued meanwhile: that task may be in
    /// a `block_on` of its own, which returns only when the sleeper has been woken.
    pub(crate) fn sleep(mut self) {
        self.attended = false;
    }
}

impl Drop for Current<'_> {
    fn drop(&mut self) {
        let previous = mem::take(&mut self.previous);
        let own = CURRENT.try_with(|slot| slot.replace(previous));
        drop(own); // the executor is borrowed: this is never the last reference
        self.local.attend(self.attended);
        self.local.pass_on();
    }
}

/// Whether the executor with this inbox is the current one.
pub(crate) fn is(inbox: &Arc<Inbox<Runnable>>) -> bool {
    with(inbox, |_| ()).is_some()
}

/// Puts a woken task where its executor will find it.
///
/// Once the executor is gone, nobody may run the task, and dropping it here could mean dropping a
/// future on a thread it was never sent to: it is leaked.
pub(crate) fn schedule(inbox: &Arc<Inbox<Runnable>>, runnable: Runnable) {
    let mut runnable = Some(runnable);
    with(inbox, |local| {
        if let Some(runnable) = runnable.take_if(|_| local.is_attended()) {
            local.push(runnable);
        }
    });
    if let Some(Err(runnable)) = runnable.map(|runnable| inbox.push(runnable)) {
        #[expect(clippy::mem_forget, reason = "the future may belong to another thread")]
        mem::forget(runnable);
    }
}

/// Calls `f` if the executor with this inbox is the current one.
fn with<R>(inbox: &Arc<Inbox<Runnable>>, f: impl FnOnce(&Local) -> R) -> Option<R> {
    let found = CURRENT.try_with(|slot| match &*slot.borrow() {
        Some(local) if Arc::ptr_eq(local.inbox(), inbox) => Some(f(local)),
        _ => None,
    });
    found.unwrap_or(None)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::poll_fn;
    use std::rc::Rc;
    use std::task::Poll;
    use std::thread;

    use super::schedule;
    use crate::LocalExecutor;

    struct SetOnDrop(Rc<Cell<bool>>);

    impl Drop for SetOnDrop {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }

    #[test]
    fn a_task_that_arrives_after_closing_is_leaked() {
        let dropped = Rc::new(Cell::new(false));
        let guard = SetOnDrop(dropped.clone());
        let executor = LocalExecutor::new();
        let pending = poll_fn(move |_| {
            let _guard = &guard;
            Poll::<()>::Pending
        });
        executor.spawn(pending).detach();
        // As if another thread had been stopped in the middle of waking the task.
        let inbox = executor.local().inbox().clone();
        let runnable = executor.local().pop().unwrap();
        drop(executor); // waits for it, in vain
        thread::spawn(move || schedule(&inbox, runnable)).join().unwrap();
        assert!(!dropped.get());
    }
}
