//! Wakers that count, and wakers that run something.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

/// Counts wake-ups; and, by its reference count, how many wakers of it exist.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    pub(crate) fn new() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        (count, waker)
    }

    /// Acquire: pairs with the Release of `wake_by_ref`.
    pub(crate) fn wakes(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }

    /// Whether there was a wake-up since the last time this was asked. Acquire: pairs with the
    /// Release of `wake_by_ref`.
    pub(crate) fn take(&self) -> bool {
        self.0.swap(0, Ordering::Acquire) != 0
    }

    /// How many wakers are kept, if `mine` of them are the clause's own.
    pub(crate) fn kept(self: &Arc<Count>, mine: usize) -> usize {
        Arc::strong_count(self) - 1 - mine
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        // Release: who sees the wake-up sees what preceded it.
        self.0.fetch_add(1, Ordering::Release);
    }
}

/// A waker that runs something.
pub(crate) fn waker(run: impl Fn() + Send + Sync + 'static) -> Waker {
    struct Runs<F>(F);
    impl<F: Fn() + Send + Sync + 'static> Wake for Runs<F> {
        fn wake(self: Arc<Self>) {
            (self.0)();
        }
    }
    Waker::from(Arc::new(Runs(run)))
}
