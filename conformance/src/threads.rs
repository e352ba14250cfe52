//! Threads of a clause: each can be waited for, and none for ever.
//!
//! They are not scoped. A scope waits for its threads whatever happens, and a backend that lost a
//! wake-up would keep it waiting; so a thread that does not end is left alone, and the clause
//! fails.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// A thread, by what it does.
#[derive(Debug)]
pub(crate) struct Thread<T> {
    what: String,
    result: Receiver<thread::Result<T>>,
}

/// How a thread that was waited for ended.
pub(crate) enum End<T> {
    Returned(T),
    Panicked(Box<dyn Any + Send>),
    /// Not yet.
    Hangs,
}

/// Starts a thread that does `what`.
pub(crate) fn start<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Thread<T> {
    let (sender, result) = mpsc::channel();
    let named = thread::Builder::new().name(what.to_owned());
    let started = named.spawn(move || {
        let result = catch_unwind(AssertUnwindSafe(work));
        let _ = sender.send(result); // nobody may be waiting any more
    });
    drop(started.expect("the system has a thread to spare"));
    Thread { what: what.to_owned(), result }
}

impl<T> Thread<T> {
    pub(crate) fn wait(&self, patience: Duration) -> End<T> {
        match self.result.recv_timeout(patience) {
            Ok(Ok(value)) => End::Returned(value),
            Ok(Err(payload)) => End::Panicked(payload),
            Err(RecvTimeoutError::Timeout) => End::Hangs,
            Err(RecvTimeoutError::Disconnected) => unreachable!("a thread sends before it ends"),
        }
    }

    /// The thread's result; its panic goes on here.
    pub(crate) fn join(self, patience: Duration) -> T {
        match self.wait(patience) {
            End::Returned(value) => value,
            End::Panicked(payload) => resume_unwind(payload),
            End::Hangs => panic!("in {patience:?} this has not ended: {}", self.what),
        }
    }
}

/// A panic that a clause demands: it says nothing to the panic hook.
pub(crate) fn panic_quietly(words: &'static str) -> ! {
    resume_unwind(Box::new(words))
}

/// What a panic said.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "a panic without words".to_owned())
}
