//! A future that is dropped on a foreign thread. Safe code cannot do that to one that is not
//! `Send`, which is the point of the clause that forbids it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use mini_reactor_conformance::executor::LocalWork;

pub(super) struct Abroad(Option<LocalWork<'static>>);

impl Abroad {
    pub(super) fn new(future: LocalWork<'static>) -> Abroad {
        Abroad(Some(future))
    }
}

impl Future for Abroad {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u64> {
        self.0.as_mut().expect("it is there until it is dropped").as_mut().poll(cx)
    }
}

struct Luggage(Option<LocalWork<'static>>);

#[expect(unsafe_code, reason = "what a wrong executor would do")]
// SAFETY: of the suite's futures alone: the thread that owns one waits until the other has dropped
// it (`Abroad::drop`), so nothing of it is used by two threads at a time, and it holds nothing that
// belongs to a thread by more than that.
unsafe impl Send for Luggage {}

impl Drop for Abroad {
    fn drop(&mut self) {
        let luggage = Luggage(self.0.take());
        let dropped = std::thread::spawn(move || {
            let whole = luggage;
            drop(whole.0);
        });
        let _ = dropped.join();
    }
}
