//! Waiting on this thread without driving anything, and not for ever.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as Cx, Poll, Waker};
use std::thread;
use std::time::Instant;

use crate::clause::Context;
use crate::waking::waker;

/// A flag that tasks wait for and any thread may raise.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flag(Arc<Mutex<(bool, Vec<Waker>)>>);

impl Flag {
    pub(crate) fn raise(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = true;
        let wakers = std::mem::take(&mut state.1);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) async fn raised(&self) {
        poll_fn(|cx| {
            let new = cx.waker().clone();
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if state.0 {
                drop(state);
                return Poll::Ready(());
            }
            if !state.1.iter().any(|waker| waker.will_wake(&new)) {
                state.1.push(new);
            }
            Poll::Pending
        })
        .await;
    }
}

/// Both of two futures.
pub(crate) async fn both(first: impl Future<Output = ()>, second: impl Future<Output = ()>) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut first_is_done, mut second_is_done) = (false, false);
    poll_fn(|cx| {
        first_is_done = first_is_done || first.as_mut().poll(cx).is_ready();
        second_is_done = second_is_done || second.as_mut().poll(cx).is_ready();
        if first_is_done && second_is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl Context {
    /// Waits for `future` on this thread, as a `block_on` that knows no reactor; polls it only when
    /// it was woken.
    ///
    /// # Panics
    ///
    /// If that takes too long.
    pub(crate) fn wait<T>(&self, what: &str, future: impl Future<Output = T>) -> T {
        self.note(what);
        let begin = Instant::now();
        let (me, woken) = (thread::current(), Arc::new(Mutex::new(true)));
        let wake = Arc::clone(&woken);
        let waker = waker(move || {
            *wake.lock().unwrap_or_else(PoisonError::into_inner) = true;
            me.unpark();
        });
        let mut future = pin!(future);
        loop {
            let poll = std::mem::take(&mut *woken.lock().unwrap_or_else(PoisonError::into_inner));
            if poll {
                if let Poll::Ready(output) = future.as_mut().poll(&mut Cx::from_waker(&waker)) {
                    return output;
                }
                continue;
            }
            let left = self.patience().saturating_sub(begin.elapsed());
            assert!(!left.is_zero(), "in {:?} this has not come: {what}", self.patience());
            thread::park_timeout(left);
        }
    }
}
