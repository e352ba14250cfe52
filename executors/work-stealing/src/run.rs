//! Polling tasks without a reactor: `try_tick`, `tick` and `run`.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use crate::worker::{Ticker, Worker};
use crate::{Executor, TURN, current};

impl Executor<'_> {
    /// The body of `try_tick`.
    pub(crate) fn run_one(&self) -> bool {
        let Some(home) = self.home.get() else { return false };
        let own = current::local(&home.shared, |local| local.pop()).flatten();
        if let Some(runnable) = own {
            self.hooked(|| runnable.run());
            return true;
        }
        let Some(runnable) = home.shared.take_one() else { return false };
        let is_worker = current::local(&home.shared, |_| ()).is_some();
        let _current = (!is_worker).then(|| current::visit(&home.shared));
        self.hooked(|| runnable.run());
        true
    }

    /// The body of `tick`.
    pub(crate) async fn wait_and_run_one(&self) {
        let mut ticker = Ticker::new(&self.home().shared);
        poll_fn(|cx| {
            loop {
                if self.run_one() {
                    return Poll::Ready(());
                }
                if ticker.wait(cx.waker()) {
                    return Poll::Pending;
                }
            }
        })
        .await;
    }

    /// The body of `run`.
    pub(crate) async fn run_until<T>(&self, future: impl Future<Output = T>) -> T {
        let shared = &self.home().shared;
        let mut worker = Worker::new(shared);
        let mut future = pin!(future);
        poll_fn(|cx| {
            let on_thread = worker.enter();
            if let Poll::Ready(output) = self.hooked(|| future.as_mut().poll(cx)) {
                return Poll::Ready(output);
            }
            let mut budget = TURN;
            current::worker(|local| local.begin_lap());
            loop {
                budget -= self.run_tasks(budget);
                if budget == 0 || !current::worker(|local| shared.search(local)) {
                    break;
                }
                self.leave_behind(1);
            }
            current::worker(|local| local.end_lap(TURN - budget));
            if budget == 0 {
                // As often as this, what came from outside is fetched; and there may be more.
                current::worker(|local| shared.collect(local));
                self.leave_behind(0);
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            drop(on_thread);
            if !worker.wait(cx.waker()) {
                cx.waker().wake_by_ref();
            }
            Poll::Pending
        })
        .await
    }

    /// Polls up to `limit` tasks of this thread's worker and returns how many there were.
    pub(crate) fn run_tasks(&self, limit: usize) -> usize {
        for done in 0..limit {
            let Some(runnable) = current::worker(|local| local.pop()) else { return done };
            self.hooked(|| runnable.run());
        }
        limit
    }
}
