//! Futures in a scope.
//!
//! Such a future may borrow what the scope may borrow, and lives in a task on the heap, which may
//! live longer: somebody may keep a waker of it. So nothing that borrows may be left in the task
//! when the scope ends. The future is dropped with the poll that finishes it, or when it is
//! cancelled; its output goes into a slot that is shared with the [`ScopedTask`] and nobody else;
//! and only then, as the last thing, the scope is told ([`Ticket`]). A waker that is called later
//! finds a finished task, and touches its header only. A `ScopedTask` that is forgotten changes
//! nothing: the scope waits until the future is over.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use async_task::{Builder, Runnable, Task};
use pin_project_lite::pin_project;

use crate::contain::contained;
use crate::pool::wake;
use crate::queue;
use crate::scope::Core;
use crate::sync::{Mutex, PoisonError};
use crate::task::{hooked, schedule};

/// Where a future's output, or panic, is left for who awaits it.
type Slot<T> = Mutex<Left<T>>;

struct Left<T> {
    result: Option<thread::Result<T>>,
    /// Whether there is still somebody who may await it.
    kept: bool,
}

/// Tells the scope, when dropped, that a future and all that it borrowed is gone.
struct Ticket(*const Core);

#[expect(unsafe_code, reason = "names a scope by its address")]
// SAFETY: `Core` is `Sync`, and lives until the ticket is dropped, because `away` counts it.
unsafe impl Send for Ticket {}

impl Drop for Ticket {
    #[expect(unsafe_code, reason = "the scope may be gone at once")]
    fn drop(&mut self) {
        // SAFETY: `spawn_future` entered for this ticket, and it is dropped once.
        unsafe { Core::leave(self.0) };
    }
}

impl Ticket {
    #[expect(unsafe_code, reason = "names a scope by its address")]
    fn scope(&self) -> &Core {
        // SAFETY: alive until this ticket is dropped.
        unsafe { &*self.0 }
    }

    fn panicked(&self, payload: Box<dyn Any + Send>) {
        self.scope().panicked(payload);
    }

    /// Calls `body` inside the pool's hook, if it has one.
    fn hooked<R>(&self, body: impl FnOnce() -> R) -> R {
        hooked(self.scope().pool().config.hook.as_deref(), body)
    }
}

pin_project! {
    /// A future, its slot and its ticket, which go in this order.
    struct Scoped<F, T> {
        #[pin]
        future: Option<F>,
        slot: Option<Arc<Slot<T>>>,
        ticket: Ticket,
    }

    impl<F, T> PinnedDrop for Scoped<F, T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let (mut future, slot) = (this.future, this.slot);
            contained(|| this.ticket.hooked(|| future.set(None)));
            contained(|| *slot = None); // the output with it, if the `ScopedTask` is gone
        }
    }
}

impl<T, F: Future<Output = T>> Future for Scoped<F, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let mut slot = this.future;
        let poll = || {
            let future = slot.as_mut().as_pin_mut();
            let poll = future.expect("async-task does not poll a finished future").poll(cx);
            if poll.is_ready() {
                slot.set(None);
            }
            poll
        };
        let result = catch_unwind(AssertUnwindSafe(|| this.ticket.hooked(poll)));
        let result = match result {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => Err(payload),
        };
        contained(|| this.ticket.hooked(|| slot.set(None))); // of one that panicked
        let slot = this.slot.as_ref().expect("it goes with the future");
        let mut left = lock(slot);
        match result {
            // Nobody will ask, so the panic is the scope's.
            Err(payload) if !left.kept => {
                drop(left);
                this.ticket.panicked(payload);
            }
            result => left.result = Some(result),
        }
        Poll::Ready(())
    }
}

impl Core {
    /// Makes a task of a future, and queues it.
    #[expect(unsafe_code, reason = "the future borrows")]
    pub(crate) fn spawn_future<'scope, T, F>(&self, future: F) -> ScopedTask<'scope, T>
    where
        F: Future<Output = T> + Send + 'scope,
        T: Send + 'scope,
    {
        let slot = Arc::new(Slot::new(Left { result: None, kept: true }));
        self.enter();
        let ticket = Ticket(self);
        let future = Scoped { future: Some(future), slot: Some(slot.clone()), ticket };
        let (pool, tasks) = (self.pool().clone(), self.tasks().clone());
        let owner = self.owner().waker();
        let schedule = move |task: Runnable| {
            drop(tasks.push(task)); // never closed
            wake(owner.clone()); // it may wait for the scope, and then takes it from there
            schedule(&pool, queue::Task::OfScope(tasks.clone()));
        };
        // SAFETY: what `spawn_unchecked` asks for, one by one:
        // - The future is not `'static`. `Core::open` does not return before its ticket is dropped,
        //   and that is the last of it (`Scoped` has the order); everything borrowed outlives the
        //   scope. Its output, `()`, borrows nothing.
        // - The future is `Send`: `F`, `T` and `Ticket` are.
        // - `schedule` is `Send`, `Sync` and `'static`: it owns counted references and a waker.
        let (task, handle) = unsafe { Builder::new().spawn_unchecked(move |()| future, schedule) };
        task.schedule();
        ScopedTask { task: Some(handle), slot, scope: std::marker::PhantomData }
    }
}

/// A future spawned into a scope: [`Scope::spawn_future`](crate::Scope::spawn_future).
///
/// Awaiting it gives what the future returned. Dropping it cancels the future, which is then
/// dropped by whoever would have polled it next; the scope still waits for that.
#[must_use = "a future whose `ScopedTask` is dropped is cancelled; `detach` lets it run"]
pub struct ScopedTask<'scope, T> {
    task: Option<Task<()>>,
    slot: Arc<Slot<T>>,
    scope: std::marker::PhantomData<&'scope ()>,
}

impl<T> ScopedTask<'_, T> {
    /// Lets the future run to its end, which the scope waits for, and drops what it returns.
    ///
    /// # Panics
    ///
    /// If the future has panicked already. If it does later, that goes on where the scope ends.
    pub fn detach(mut self) {
        let task = self.task.take();
        task.into_iter().for_each(Task::detach);
        if let Some(Err(payload)) = self.give_up() {
            resume_unwind(payload);
        }
    }

    /// Nobody awaits it any more. Returns what there is.
    fn give_up(&self) -> Option<thread::Result<T>> {
        let mut left = lock(&self.slot);
        left.kept = false;
        left.result.take()
    }

    /// Whether the future is over.
    pub fn is_finished(&self) -> bool {
        self.task.as_ref().is_none_or(Task::is_finished)
    }
}

impl<T> Drop for ScopedTask<'_, T> {
    fn drop(&mut self) {
        drop(self.give_up());
    }
}

/// # Panics
///
/// If the future panicked, or if polled after it was ready.
impl<T> Future for ScopedTask<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let task = self.task.as_mut().expect("polled after it was ready");
        if Pin::new(task).poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.task = None;
        let result = lock(&self.slot).result.take();
        match result.expect("a future that was not cancelled leaves its output") {
            Ok(output) => Poll::Ready(output),
            Err(payload) => resume_unwind(payload),
        }
    }
}

/// Nothing panics under the lock.
fn lock<T>(slot: &Slot<T>) -> crate::sync::MutexGuard<'_, Left<T>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> fmt::Debug for ScopedTask<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedTask").field("finished", &self.is_finished()).finish_non_exhaustive()
    }
}
