//! A signal that is given once, and that threads and tasks can wait for.

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// Given once; whoever waits for it goes on then, and whoever comes later does not wait.
///
/// Ends [`ThreadPool::run_until`](crate::ThreadPool::run_until).
///
/// # Examples
///
/// ```
/// use mini_executor_fork_join::{Signal, ThreadPool};
///
/// static POOL: ThreadPool = ThreadPool::new();
/// static STOP: Signal = Signal::new();
///
/// let lent = std::thread::spawn(|| POOL.run_until(&STOP));
/// assert_eq!(POOL.install(|| 6 * 7), 42);
/// STOP.give();
/// lent.join().unwrap();
/// ```
#[derive(Debug, Default)]
pub struct Signal(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    given: bool,
    wakers: Vec<Waker>,
}

impl Signal {
    /// A signal that has not been given.
    #[must_use]
    pub const fn new() -> Signal {
        Signal(Mutex::new(State { given: false, wakers: Vec::new() }))
    }

    /// Gives it.
    pub fn give(&self) {
        let mut state = self.lock();
        state.given = true;
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Whether it has been given.
    pub fn is_given(&self) -> bool {
        self.lock().given
    }

    /// Waits for it.
    ///
    /// # Cancel safety
    ///
    /// Dropping this only leaves a waker behind, until the signal is given.
    pub async fn given(&self) {
        poll_fn(|cx| {
            let mut waker = Some(cx.waker().clone()); // not under the lock: it may run anything
            let mut state = self.lock();
            if state.given {
                return Poll::Ready(());
            }
            if !state.wakers.iter().any(|other| other.will_wake(cx.waker())) {
                state.wakers.extend(waker.take());
            }
            drop(state); // before the waker
            Poll::Pending
        })
        .await;
    }

    /// Nothing panics under the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
