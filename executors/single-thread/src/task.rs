//! Making a task: the wrapper around its future, and the only `unsafe` of this crate.
//!
//! The argument for that `unsafe` leans on three things that the compiler refuses. To leave the
//! thread:
//!
//! ```compile_fail,E0277
//! let executor = mini_executor_single_thread::LocalExecutor::new();
//! std::thread::scope(|scope| scope.spawn(|| executor.try_tick()).join());
//! ```
//!
//! To spawn a task that borrows what dies before the executor:
//!
//! ```compile_fail,E0597
//! let executor = mini_executor_single_thread::LocalExecutor::new();
//! let later = String::new();
//! executor.spawn(async { later.len() }).detach();
//! ```
//!
//! And to make `'a` look shorter than it is:
//!
//! ```compile_fail
//! # use mini_executor_single_thread::LocalExecutor;
//! fn shorten<'long: 'short, 'short>(
//!     executor: &'short LocalExecutor<'long>,
//! ) -> &'short LocalExecutor<'short> {
//!     executor
//! }
//! ```

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_task::{Builder, Runnable, Task};
use pin_project_lite::pin_project;

use crate::inbox::Inbox;
use crate::local::Entry;
use crate::{LocalExecutor, current};

pin_project! {
    /// A task's future and its place in the executor's books.
    ///
    /// It contains the destructor's panics, which async-task answers by aborting the process. The
    /// future is dropped as soon as it is ready, inside the poll, so that a panic from there
    /// resurfaces at the task's `.await`. A panic while a cancelled future is dropped has nobody to
    /// go to: the panic hook has reported it, and it ends here as does the panic of a detached
    /// task.
    struct Tracked<F> {
        #[pin]
        future: Option<F>,
        entry: Entry,
    }

    impl<F> PinnedDrop for Tracked<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut future = this.project().future;
            if future.is_some() {
                let _ = catch_unwind(AssertUnwindSafe(|| future.set(None)));
            }
        }
    }
}

impl<F: Future> Future for Tracked<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let mut slot = this.future;
        let future =
            slot.as_mut().as_pin_mut().expect("async-task does not poll a finished future");
        let poll = future.poll(cx);
        match poll {
            Poll::Ready(_) => slot.set(None),
            Poll::Pending => this.entry.track(cx.waker()),
        }
        poll
    }
}

impl<'a> LocalExecutor<'a> {
    /// Makes a task of `future` and queues it.
    pub(crate) fn make_task<T: 'a>(&self, future: impl Future<Output = T> + 'a) -> Task<T> {
        let local = self.local();
        let future = Tracked { future: Some(future), entry: Entry::new(local.clone()) };
        let schedule = scheduler(local.inbox().clone());
        let builder = Builder::new().propagate_panic(true);
        #[expect(unsafe_code, reason = "the future is neither Send nor 'static")]
        // SAFETY: what `spawn_unchecked` asks for, one by one:
        // - The future is not `Send`, so the runnable must be used and dropped on this thread. It
        //   is only ever in three places. `Local::queue` and the inbox's messages are emptied by
        //   runners and by the executor's destructor, all on this thread, because the executor is
        //   neither `Send` nor `Sync`; and an inbox that holds a runnable is not dropped, because
        //   the runnable holds the inbox. The third is a call of `schedule`, on any thread, which
        //   moves it into one of those two or forgets it. (Wakers and `Task` do not drop a future:
        //   they schedule it.)
        // - The future is not `'static`, so what it borrows must outlive the runnable. `'a`
        //   outlives the executor, which has a destructor and is invariant in `'a`. The destructor
        //   drops the future, or leaves a runnable that nobody will touch: after `Inbox::close` it
        //   is forgotten. If the executor itself is forgotten, nothing empties its queue and its
        //   inbox any more.
        // - `schedule` is `Send`, `Sync` and `'static`: the signature of `scheduler` says so.
        let (runnable, task) = unsafe { builder.spawn_unchecked(|()| future, schedule) };
        local.push(runnable);
        local.pass_on();
        task
    }
}

/// What a task does when it is woken.
fn scheduler(inbox: Arc<Inbox<Runnable>>) -> impl Fn(Runnable) + Send + Sync + 'static {
    move |runnable| current::schedule(&inbox, runnable)
}
