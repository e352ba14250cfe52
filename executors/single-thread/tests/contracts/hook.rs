//! What the poll hook encloses.

use std::cell::Cell;
use std::future::pending;

use futures_lite::future::{self, yield_now};
use mini_executor_single_thread::LocalExecutor;

/// Counts how deep we are in guards, and how many there have been.
#[derive(Default)]
struct Context {
    depth: Cell<usize>,
    entered: Cell<usize>,
}

struct Guard<'c>(&'c Context);

impl Context {
    fn enter(&self) -> Guard<'_> {
        self.depth.set(self.depth.get() + 1);
        self.entered.set(self.entered.get() + 1);
        Guard(self)
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.depth.set(self.0.depth.get() - 1);
    }
}

/// Asserts when dropped that it happens within the context.
struct Within<'c>(&'c Context);

impl Drop for Within<'_> {
    fn drop(&mut self) {
        assert_eq!(self.0.depth.get(), 1);
    }
}

#[test]
fn the_hook_encloses_each_poll_of_tasks_and_of_the_future() {
    let context = Context::default();
    let executor = LocalExecutor::new().with_poll_hook(|| context.enter());
    let task = executor.spawn(async {
        assert_eq!(context.depth.get(), 1);
        yield_now().await;
        assert_eq!(context.depth.get(), 1);
    });
    executor.block_on(async {
        assert_eq!(context.depth.get(), 1);
        task.await;
        assert_eq!(context.depth.get(), 1);
    });
    assert_eq!(context.depth.get(), 0);
    assert_eq!(context.entered.get(), 4); // two polls of each
    future::block_on(executor.run(async { assert_eq!(context.depth.get(), 1) }));
    assert_eq!(context.entered.get(), 5);
}

#[test]
fn the_hook_encloses_the_dropping_of_tasks() {
    let context = Context::default();
    let executor = LocalExecutor::new().with_poll_hook(|| context.enter());
    let spawn = || {
        let within = Within(&context);
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
    assert_eq!(context.depth.get(), 0);
}

#[test]
fn the_guard_is_dropped_when_the_future_panics() {
    let context = Context::default();
    let executor = LocalExecutor::new().with_poll_hook(|| context.enter());
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        executor.block_on(async { panic!("expected") })
    }));
    let _: Box<_> = result.map(|(): ()| ()).unwrap_err();
    assert_eq!(context.depth.get(), 0);
}
