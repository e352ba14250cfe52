//! Making a task: the wrapper around its future, and the only `unsafe` of this crate.
//!
//! The argument for that `unsafe` leans on two things that the compiler refuses. To spawn a task
//! that borrows what dies before the executor:
//!
//! ```compile_fail,E0597
//! let executor = mini_executor_work_stealing::Executor::new();
//! let later = String::new();
//! executor.spawn(async { later.len() }).detach();
//! ```
//!
//! And to make `'a` look shorter than it is:
//!
//! ```compile_fail
//! # use mini_executor_work_stealing::Executor;
//! fn shorten<'long: 'short, 'short>(
//!     executor: &'short Executor<'long>,
//! ) -> &'short Executor<'short> {
//!     executor
//! }
//! ```

use std::any::type_name;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_task::{Builder, Runnable, ScheduleInfo, Task, WithInfo};
use pin_project_lite::pin_project;

use crate::Executor;
use crate::books::Known;
use crate::current;
use crate::home::Home;
use crate::info::Label;

/// A task's place in the books. Dropped together with the task's future.
struct Entry {
    /// Whose books they are, and the key there.
    place: Option<(u32, u32)>,
    /// Whether the books have the task's waker.
    waits: bool,
}

impl Entry {
    /// Says that the task waits. Only the first time costs anything.
    #[inline]
    fn waits<F>(&mut self, waker: &Waker) {
        if !self.waits {
            self.waits = true;
            self.give(waker, type_name::<F>);
        }
    }

    #[cold]
    fn give(&mut self, waker: &Waker, future: fn() -> &'static str) {
        match self.place {
            Some((number, key)) => {
                current::books(|shared, _, _, _| shared.books(number).waits(key, waker));
            }
            None => {
                let known = Known { waker: Some(waker.clone()), future, label: None };
                self.place =
                    Some(current::books(|_, number, books, _| (number, books.insert(known))));
            }
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let place = self.place;
        current::books(|shared, _, books, owner| {
            if let Some((number, key)) = place {
                shared.books(number).remove(key);
            }
            books.finished(owner);
        });
    }
}

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
            Poll::Pending => this.entry.waits::<F>(cx.waker()),
        }
        poll
    }
}

pin_project! {
    /// The future of a task that has a name.
    pub(crate) struct Named<F> {
        #[pin]
        pub(crate) future: F,
        pub(crate) label: Arc<Label>,
    }
}

impl<F: Future> Future for Named<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _polled = this.label.poll();
        this.future.poll(cx)
    }
}

impl<'a> Executor<'a> {
    /// Makes a task of `future` and queues it.
    pub(crate) fn make_task<T: Send + 'a>(
        &self,
        future: impl Future<Output = T> + Send + 'a,
        place: Option<(u32, u32)>,
    ) -> Task<T> {
        let home = self.home();
        let crew = &home.shared.crew;
        let entry = Entry { place, waits: false };
        let mut future = Some(Tracked { future: Some(future), entry });
        let spawned = current::local(&home.shared, |local| {
            local.slot.books.spawned(true);
            let (runnable, task) = Self::allocate(future.take()?, local.home.clone());
            Some((task, local.push(runnable)))
        });
        if let Some((task, backlog)) = spawned.flatten() {
            crew.queued(crew.seen(), backlog);
            return task;
        }
        home.shared.outside.spawned(false);
        let future = future.expect("not spawned yet");
        let (runnable, task) = Self::allocate(future, home.clone());
        home.shared.push(runnable);
        task
    }

    fn allocate<T: Send + 'a>(
        future: impl Future<Output = T> + Send + 'a,
        home: Arc<Home>,
    ) -> (Runnable, Task<T>) {
        let builder = Builder::new().propagate_panic(true);
        #[expect(unsafe_code, reason = "the future is not 'static")]
        // SAFETY: what `spawn_unchecked` asks for, one by one:
        // - The future is `Send`, so the runnable may be used and dropped on any thread.
        // - The future is not `'static`, so what it borrows must outlive the runnable. `'a`
        //   outlives the executor, which has a destructor and is invariant in `'a`. The destructor
        //   drops the future, or leaves a runnable that nobody will touch: after `Crew::close` it
        //   is forgotten. Nobody holds a runnable for longer than the executor is borrowed: a
        //   worker is a part of a `run` or `block_on`, which borrow it. If one of those is
        //   forgotten, nobody uses its queues any more, and the destructor reaches them by
        //   stealing. If the executor itself is forgotten, nobody runs or drops what is left.
        // - `schedule` is `Send`, `Sync` and `'static`: the signature of `scheduler` says so.
        unsafe {
            builder.spawn_unchecked(|()| future, scheduler(home))
        }
    }
}

/// What a task does when it is woken.
fn scheduler(home: Arc<Home>) -> WithInfo<impl Fn(Runnable, ScheduleInfo) + Send + Sync + 'static> {
    WithInfo(move |runnable, info| home.schedule(runnable, info))
}
