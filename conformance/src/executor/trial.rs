//! What a clause about executors works on: executors that were just made, and waits that end.

use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use super::{Executes, LocalWork, Make, Shared, Work};
use crate::clause::Context;

/// What a clause about executors works on.
pub(crate) struct Trial {
    context: Context,
    make: Make,
}

impl Deref for Trial {
    type Target = Context;
    fn deref(&self) -> &Context {
        &self.context
    }
}

impl Trial {
    pub(super) fn new(context: Context, make: Make) -> Trial {
        Trial { context, make }
    }

    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// An executor of this thread's.
    pub(crate) fn executor(&self) -> Box<dyn Executes> {
        (self.make.own)()
    }

    /// An executor for several threads.
    pub(crate) fn shared(&self) -> Shared {
        let make = self.make.shared.as_ref();
        make.expect("a clause with several threads needs the claim `threads`")()
    }

    /// Runs the executor's tasks until `future` is ready.
    pub(crate) fn run(
        &self,
        what: &str,
        executor: &dyn Executes,
        future: impl Future<Output = u64>,
    ) -> u64 {
        self.wait(what, executor.run(local(future)))
    }

    /// Runs what can be run without waiting.
    pub(crate) fn run_all(&self, executor: &dyn Executes) {
        self.repeat("an executor that has nothing to run", || !executor.try_tick());
    }
}

/// A task's future of any future.
pub(crate) fn work(future: impl Future<Output = u64> + Send + 'static) -> Work {
    Box::pin(future)
}

/// The same of one that need not be `Send`.
pub(crate) fn local<'a>(future: impl Future<Output = u64> + 'a) -> LocalWork<'a> {
    Box::pin(future)
}

/// Lets the others have a turn.
pub(crate) async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Counts how many of its guards were dropped.
#[derive(Debug, Default)]
pub(crate) struct Drops(Arc<AtomicU64>);

/// What is counted when it is dropped.
#[derive(Debug)]
pub(crate) struct Guard(Arc<AtomicU64>);

impl Drops {
    pub(crate) fn guard(&self) -> Guard {
        Guard(Arc::clone(&self.0))
    }

    /// How many, since this was last asked. Acquire: pairs with the Release of a guard's drop.
    pub(crate) fn take(&self) -> u64 {
        self.0.swap(0, Ordering::Acquire)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Release: who sees the count sees what preceded the drop.
        self.0.fetch_add(1, Ordering::Release);
    }
}
