//! How tasks end: finished, cancelled, detached, panicked, or dropped with their executor.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Poll, Waker};

use crate::executor::trial::{Trial, work};
use crate::threads::message;

pub(crate) fn a_dropped_task_is_never_polled_again(trial: &Trial) {
    let executor = trial.executor();
    let polls = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&polls);
    let task = executor.spawn(work(poll_fn(move |cx| {
        count.fetch_add(1, Relaxed);
        cx.waker().wake_by_ref();
        Poll::Pending
    })));
    assert!(executor.try_tick());
    drop(task); // while it is queued again
    trial.run_all(&*executor);
    assert_eq!(polls.load(Relaxed), 1, "polls of a task that was cancelled after the first");
    assert_eq!(Arc::strong_count(&polls), 1, "its future was not dropped");
    assert!(executor.is_empty(), "a cancelled task is left");
}

pub(crate) fn a_panic_resurfaces_where_the_task_is_awaited(trial: &Trial) {
    let executor = trial.executor();
    let panics = executor.spawn(work(async { panic!("a task's own words") }));
    let goes_on = executor.spawn(work(async { 5 }));
    assert_eq!(trial.run("the task beside one that panics", &*executor, goes_on), 5);
    let awaited = AssertUnwindSafe(|| trial.wait("the task that panicked", panics));
    let payload = catch_unwind(awaited).expect_err("it panicked");
    assert_eq!(message(&*payload), "a task's own words");
}

pub(crate) fn dropping_the_executor_drops_its_tasks(trial: &Trial) {
    let executor = trial.executor();
    let kept = Arc::new(());
    let task = || {
        let (kept, mut waker) = (Arc::clone(&kept), None::<Waker>);
        work(poll_fn(move |cx| {
            let _ = (&kept, &waker);
            waker = Some(cx.waker().clone()); // it keeps itself
            Poll::Pending
        }))
    };
    executor.spawn(task()).detach();
    let handle = executor.spawn(task());
    trial.run_all(&*executor);
    executor.spawn(task()).detach(); // never polled
    let never_polled = executor.spawn(task());
    drop(executor);
    assert_eq!(Arc::strong_count(&kept), 1, "futures that were not dropped");
    drop((handle, never_polled));
}
