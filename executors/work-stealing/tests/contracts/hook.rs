//! What the poll hook encloses.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures_lite::future::{self, yield_now};
use mini_executor_work_stealing::Executor;

use crate::support::OnDrop;

/// Counts how deep we are in guards, and how many there have been.
#[derive(Default)]
struct Context {
    depth: AtomicUsize,
    entered: AtomicUsize,
}

struct Guard<'c>(&'c Context);

impl Context {
    fn enter(&self) -> Guard<'_> {
        self.depth.fetch_add(1, SeqCst);
        self.entered.fetch_add(1, SeqCst);
        Guard(self)
    }

    fn depth(&self) -> usize {
        self.depth.load(SeqCst)
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.depth.fetch_sub(1, SeqCst);
    }
}

#[test]
fn the_hook_encloses_each_poll_of_tasks_and_of_the_future() {
    let context = Context::default();
    let executor = Executor::new().with_poll_hook(|| context.enter());
    let task = executor.spawn(async {
        assert_eq!(context.depth(), 1);
        yield_now().await;
        assert_eq!(context.depth(), 1);
    });
    executor.block_on(async {
        assert_eq!(context.depth(), 1);
        task.await;
        assert_eq!(context.depth(), 1);
    });
    assert_eq!(context.depth(), 0);
    assert_eq!(context.entered.load(SeqCst), 4); // two polls of each
    future::block_on(executor.run(async { assert_eq!(context.depth(), 1) }));
    assert_eq!(context.entered.load(SeqCst), 5);
}

#[test]
fn the_hook_encloses_the_dropping_of_tasks() {
    let context = Context::default();
    let executor = Executor::new().with_poll_hook(|| context.enter());
    let spawn = || {
        let within = OnDrop(|| assert_eq!(context.depth(), 1));
        executor.spawn(async move {
            let _within = within;
            pending::<()>().await;
        })
    };
    let (cancelled, _left) = (spawn(), spawn());
    while executor.try_tick() {}
    drop(cancelled);
    assert!(executor.try_tick());
    drop(executor);
    assert_eq!(context.depth(), 0);
}

#[test]
fn the_guard_is_dropped_when_the_future_panics() {
    let context = Context::default();
    let executor = Executor::new().with_poll_hook(|| context.enter());
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        executor.block_on(async { panic!("expected") })
    }));
    let _: Box<_> = result.map(|(): ()| ()).unwrap_err();
    assert_eq!(context.depth(), 0);
}
