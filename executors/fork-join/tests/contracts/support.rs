//! What the tests share: pools with threads, patience, and jobs that are sure to be taken.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mini_executor_fork_join::{ThreadPool, ThreadPoolBuilder, Worker};

/// How long to wait for what must happen. Long, because the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A pool to which so many threads are lent.
pub(crate) fn pool(threads: usize) -> ThreadPool {
    let builder = ThreadPoolBuilder::new().num_threads(threads);
    builder.start_threads().expect("threads can be started")
}

/// Waits for a condition, however often that has to be asked.
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < PATIENCE, "{what}: still not so");
        thread::yield_now();
    }
}

/// Waits for a condition as a worker that computes: others may take its jobs meanwhile.
pub(crate) fn share_until(worker: &Worker, what: &str, mut condition: impl FnMut() -> bool) {
    wait_until(what, || {
        worker.share();
        condition()
    });
}

/// Joins `a` and `b`, and sees to it that another worker takes `b`: `a` begins when `b` has begun.
pub(crate) fn join_stolen<RA: Send, RB: Send>(
    worker: &Worker,
    a: impl FnOnce(&Worker) -> RA + Send,
    b: impl FnOnce(&Worker) -> RB + Send,
) -> (RA, RB) {
    let begun = Flag::new();
    worker.join(
        |worker| {
            share_until(worker, "another worker takes the second half", || begun.is_set());
            a(worker)
        },
        |worker| {
            begun.set();
            b(worker)
        },
    )
}

/// Something that has happened.
#[derive(Debug, Default)]
pub(crate) struct Flag(AtomicBool);

impl Flag {
    pub(crate) const fn new() -> Flag {
        Flag(AtomicBool::new(false))
    }

    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Sets a flag when it is dropped.
#[derive(Debug)]
pub(crate) struct SetOnDrop<'a>(pub(crate) &'a Flag);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.set();
    }
}

/// What a panic was about.
pub(crate) fn message(payload: Box<dyn std::any::Any + Send>) -> String {
    match payload.downcast::<&'static str>() {
        Ok(message) => (*message).to_owned(),
        Err(payload) => match payload.downcast::<String>() {
            Ok(message) => *message,
            Err(_) => "something else".to_owned(),
        },
    }
}

/// What `f` panics with.
pub(crate) fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    message(result.err().expect("it panics"))
}
