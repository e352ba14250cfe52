//! How tasks end: finished, cancelled, detached or panicked.

use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::Poll;

use crate::executor::trial::{Drops, Trial, work, yield_now};
use crate::threads::{message, panic_quietly};
use crate::waiting::Flag;

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
}

pub(crate) fn a_dropped_task_drops_its_future(trial: &Trial) {
    let executor = trial.executor();
    let drops = Drops::default();
    for polled in [false, true] {
        let guard = drops.guard();
        let task = executor.spawn(work(async move {
            let _guard = guard;
            pending().await
        }));
        if polled {
            trial.run_all(&*executor);
        }
        assert_eq!(drops.take(), 0, "it is not cancelled yet");
        drop(task);
        trial.run_all(&*executor);
        assert_eq!(drops.take(), 1, "how often the future was dropped");
        assert!(executor.is_empty(), "a cancelled task is left");
    }
}

pub(crate) fn cancelling_says_what_had_come_of_it(trial: &Trial) {
    let executor = trial.executor();
    let finished = executor.spawn(work(async { 8 }));
    let waits = executor.spawn(work(pending()));
    trial.run_all(&*executor);
    let queued = executor.spawn(work(async { 9 }));
    let all = async {
        assert_eq!(queued.cancel().await, None, "it had not begun");
        assert_eq!(finished.cancel().await, Some(8), "it had finished");
        assert_eq!(waits.cancel().await, None, "it would never have finished");
        0
    };
    trial.run("three tasks to be cancelled", &*executor, all);
    assert!(executor.is_empty(), "a cancelled task is left");
}

pub(crate) fn a_detached_task_goes_on(trial: &Trial) {
    let executor = trial.executor();
    let (flag, ended) = (Flag::default(), Flag::default());
    let (raised, ends) = (flag.clone(), ended.clone());
    let drops = Drops::default();
    let guard = drops.guard();
    let task = executor.spawn(work(async move {
        let _guard = guard;
        raised.raised().await;
        yield_now().await;
        ends.raise();
        0
    }));
    trial.run_all(&*executor);
    task.detach();
    trial.run_all(&*executor);
    assert_eq!(drops.take(), 0, "a detached task has ended before its time");
    flag.raise();
    trial.run("the end of a detached task", &*executor, async {
        ended.raised().await;
        0
    });
    trial.run_all(&*executor);
    assert_eq!(drops.take(), 1, "how often the future was dropped");
    assert!(executor.is_empty(), "a task is left");
}

pub(crate) fn a_future_is_dropped_before_its_output_is_seen(trial: &Trial) {
    let executor = trial.executor();
    let drops = Drops::default();
    for _ in 0..10 {
        // Not an `async` block: that would drop what it has by itself, when it ends.
        let (guard, mut polls) = (drops.guard(), 0);
        let task = executor.spawn(work(poll_fn(move |cx| {
            let _kept = &guard;
            polls += 1;
            cx.waker().wake_by_ref();
            if polls < 2 { Poll::Pending } else { Poll::Ready(1) }
        })));
        trial.run("a task with something to drop", &*executor, task);
        assert_eq!(drops.take(), 1, "how often the future was dropped when its output came");
    }
}

fn panics() -> u64 {
    panic_quietly("a task's own words")
}

pub(crate) fn a_panic_resurfaces_where_the_task_is_awaited(trial: &Trial) {
    let executor = trial.executor();
    let task = executor.spawn(work(async { panics() }));
    trial.run_all(&*executor);
    let awaited = AssertUnwindSafe(|| trial.wait("the task that panicked", task));
    let payload = catch_unwind(awaited).expect_err("it panicked");
    assert_eq!(message(&*payload), "a task's own words");
}

pub(crate) fn a_panic_takes_nobody_along(trial: &Trial) {
    let executor = trial.executor();
    let drops = Drops::default();
    let beside = executor.spawn(work(async {
        yield_now().await;
        5
    }));
    for detached in [true, false] {
        let guard = drops.guard();
        let task = executor.spawn(work(async move {
            let _guard = guard;
            yield_now().await;
            panics()
        }));
        if detached {
            task.detach();
        } else {
            drop(task.fallible()); // cancelled, perhaps after it has panicked
        }
    }
    assert_eq!(trial.run("a task beside two that panic", &*executor, beside), 5);
    trial.run_all(&*executor);
    assert_eq!(drops.take(), 2, "how many of the futures were dropped");
    assert!(executor.is_empty(), "a task that panicked is left");
    let later = executor.spawn(work(async { 6 }));
    assert_eq!(trial.run("a task after two that panicked", &*executor, later), 6);
}

pub(crate) fn a_panic_of_the_future_of_run_leaves_the_executor_whole(trial: &Trial) {
    let executor = trial.executor();
    let task = executor.spawn(work(async {
        yield_now().await;
        7
    }));
    let running = AssertUnwindSafe(|| {
        trial.run("a future that panics", &*executor, async {
            yield_now().await;
            panics()
        })
    });
    let payload = catch_unwind(running).expect_err("it panicked");
    assert_eq!(message(&*payload), "a task's own words");
    assert_eq!(trial.run("a task, after `run` has panicked", &*executor, task), 7);
}

pub(crate) fn a_future_that_panics_when_dropped_takes_nobody_along(trial: &Trial) {
    /// What panics when it is dropped.
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic_quietly("a destructor that panics, as a clause demands");
        }
    }
    let executor = trial.executor();
    let dropped = Arc::new(AtomicBool::new(false));
    let (kept, guard) = (Panics, Arc::clone(&dropped));
    let cancelled = executor.spawn(work(async move {
        let _kept = kept;
        guard.store(true, Relaxed);
        pending().await
    }));
    trial.run_all(&*executor);
    assert!(dropped.load(Relaxed), "it has begun");
    drop(cancelled);
    trial.run_all(&*executor);
    let task = executor.spawn(work(async { 3 }));
    assert_eq!(trial.run("a task after a destructor that panicked", &*executor, task), 3);
    let drops = Drops::default();
    for _ in 0..3 {
        let (kept, guard) = (Panics, drops.guard());
        executor
            .spawn(work(async move {
                let (_kept, _guard) = (kept, guard);
                pending().await
            }))
            .detach();
    }
    trial.run_all(&*executor);
    drop(executor);
    assert_eq!(drops.take(), 3, "futures that were dropped, of three whose destructors panic");
}
