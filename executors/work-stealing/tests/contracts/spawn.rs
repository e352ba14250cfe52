//! What a spawned task promises: it runs once; its handle joins, cancels or detaches.

use std::future::{pending, poll_fn, ready};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::Poll;
use std::thread;

use futures_lite::future::{block_on, yield_now};
use mini_executor_work_stealing::{Executor, FallibleTask, Task};

use crate::support::{OnDrop, counter, run_all};

#[test]
fn a_task_is_not_polled_by_spawn() {
    let polled = AtomicBool::new(false);
    let executor = Executor::new();
    let _task = executor.spawn(async { polled.store(true, SeqCst) });
    assert!(!polled.load(SeqCst));
    assert!(executor.try_tick());
    assert!(polled.load(SeqCst));
}

#[test]
fn a_task_may_borrow_from_before_the_executor() {
    let words = [String::from("to"), String::from("wait")];
    let executor = Executor::new();
    let task = executor.spawn(async {
        yield_now().await;
        words.join(" ")
    });
    assert_eq!(block_on(executor.run(task)), "to wait");
}

#[test]
fn tasks_run_in_the_order_of_spawning_and_of_yielding() {
    let order = std::sync::Mutex::new(Vec::new());
    let executor = Executor::new();
    for n in 0..3 {
        let order = &order;
        let task = executor.spawn(async move {
            order.lock().unwrap().push(n);
            yield_now().await;
            order.lock().unwrap().push(10 + n);
        });
        task.detach();
    }
    run_all(&executor);
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 10, 11, 12]);
}

#[test]
fn a_dropped_handle_cancels() {
    let executor = Executor::new();
    let (dropped, polled) = (Arc::default(), Arc::new(AtomicUsize::new(0)));
    let task = executor.spawn({
        let (guard, polled) = (counter(&dropped), polled.clone());
        async move {
            let _guard = guard;
            loop {
                polled.fetch_add(1, SeqCst);
                yield_now().await;
            }
        }
    });
    assert!(executor.try_tick());
    drop(task);
    run_all(&executor);
    assert_eq!((dropped.load(SeqCst), polled.load(SeqCst)), (1, 1));
    assert!(executor.is_empty());
}

#[test]
fn cancel_gives_the_output_of_a_finished_task_only() {
    let executor = Executor::new();
    let (finished, waiting) = (executor.spawn(ready(7)), executor.spawn(pending::<()>()));
    run_all(&executor);
    let cancelled = async { (finished.cancel().await, waiting.cancel().await) };
    assert_eq!(block_on(executor.run(cancelled)), (Some(7), None));
}

#[test]
fn a_detached_and_a_forgotten_task_run_to_their_ends() {
    let executor = Executor::new();
    let done = Arc::new(AtomicUsize::new(0));
    let spawn = || {
        let done = done.clone();
        executor.spawn(async move {
            yield_now().await;
            done.fetch_add(1, SeqCst);
        })
    };
    spawn().detach();
    #[expect(clippy::mem_forget, reason = "this is the test")]
    mem::forget(spawn());
    run_all(&executor);
    assert_eq!(done.load(SeqCst), 2);
    assert!(executor.is_empty());
}

#[test]
fn a_fallible_task_says_when_it_was_cancelled() {
    let executor = Executor::new();
    let task: FallibleTask<()> = executor.spawn(pending()).fallible();
    drop(executor);
    assert_eq!(block_on(task), None);
}

#[test]
fn a_panic_resurfaces_at_await_and_the_executor_goes_on() {
    let executor = Executor::new();
    let task: Task<()> = executor.spawn(async {
        yield_now().await;
        panic_any("expected");
    });
    let other = executor.spawn(ready(5));
    run_all(&executor); // does not unwind
    let joined = catch_unwind(AssertUnwindSafe(|| block_on(executor.run(task))));
    assert_eq!(joined.unwrap_err().downcast_ref(), Some(&"expected"));
    assert_eq!(block_on(executor.run(other)), 5);
    assert!(executor.is_empty());
}

#[test]
fn a_panic_of_a_finished_futures_destructor_resurfaces_at_await() {
    let executor = Executor::new();
    let guard = OnDrop(|| panic_any("from a destructor"));
    // Unlike an async block's, the captures of a closure live until it is dropped.
    let task = executor.spawn(poll_fn(move |_| {
        let _guard = &guard;
        Poll::Ready(())
    }));
    let joined = catch_unwind(AssertUnwindSafe(|| block_on(executor.run(task))));
    assert_eq!(joined.unwrap_err().downcast_ref(), Some(&"from a destructor"));
    assert!(executor.is_empty());
}

#[test]
fn a_panic_while_a_cancelled_task_is_dropped_stays_with_it() {
    let executor = Executor::new();
    let guard = OnDrop(|| panic_any("from a destructor"));
    let task = executor.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    assert!(executor.try_tick());
    assert_eq!(block_on(executor.run(task.cancel())), None);
    assert!(executor.is_empty());
}

#[test]
fn is_empty_counts_unfinished_tasks_wherever_they_are() {
    let executor = Executor::new();
    assert!(executor.is_empty());
    let task = executor.spawn(pending::<()>());
    assert!(!executor.is_empty()); // queued
    run_all(&executor);
    assert!(!executor.is_empty()); // waiting
    drop(task);
    assert!(!executor.is_empty()); // cancelled, not dropped yet
    run_all(&executor);
    assert!(executor.is_empty());
    let finished = executor.spawn(async {});
    run_all(&executor);
    assert!(executor.is_empty()); // finished, not joined
    drop(finished);
    // Spawned by a worker, finished by somebody else.
    let mut tasks = Vec::new();
    executor.block_on(async { tasks.push(executor.spawn(pending::<()>())) });
    assert!(!executor.is_empty());
    drop(tasks);
    run_all(&executor);
    assert!(executor.is_empty());
}

#[test]
fn is_empty_is_never_true_while_a_task_is_left() {
    /// Spawns a task that spawns the next before it ends: there is always one.
    fn next(executor: &'static Executor<'static>, stop: &'static AtomicBool) {
        let task = executor.spawn(async move {
            if !stop.load(SeqCst) {
                next(executor, stop);
            }
        });
        task.detach();
    }
    static EXECUTOR: Executor<'_> = Executor::new();
    static STOP: AtomicBool = AtomicBool::new(false);
    next(&EXECUTOR, &STOP);
    thread::scope(|scope| {
        scope.spawn(|| while EXECUTOR.try_tick() || !STOP.load(SeqCst) {});
        scope.spawn(|| {
            EXECUTOR.block_on(poll_fn(|cx| match STOP.load(SeqCst) {
                true => Poll::Ready(()),
                false => {
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
            }));
        });
        let empty = (0..20_000).filter(|_| EXECUTOR.is_empty()).count();
        STOP.store(true, SeqCst);
        assert_eq!(empty, 0);
    });
    run_all(&EXECUTOR);
    assert!(EXECUTOR.is_empty());
}

#[test]
fn spawn_many_spawns_in_order() {
    let executor = Executor::new();
    let mut tasks = Vec::new();
    executor.spawn_many((0..100).map(ready), &mut tasks);
    let outputs = block_on(executor.run(async {
        let mut outputs = Vec::new();
        for task in tasks {
            outputs.push(task.await);
        }
        outputs
    }));
    assert_eq!(outputs, (0..100).collect::<Vec<_>>());
}

#[test]
fn spawn_many_keeps_what_it_spawned_before_its_iterator_panics() {
    let executor = Executor::new();
    let mut tasks = Vec::new();
    let futures = (0..10).map(|n| if n == 5 { panic!("expected") } else { ready(n) });
    let panic = catch_unwind(AssertUnwindSafe(|| executor.spawn_many(futures, &mut tasks)));
    panic.unwrap_err();
    run_all(&executor);
    assert!(tasks.iter().all(Task::is_finished));
    assert!(executor.is_empty());
}

#[test]
fn a_task_may_spawn_others_and_a_destructor_too() {
    let executor = Arc::new(Executor::new());
    let done = Arc::new(AtomicBool::new(false));
    let (inner, within) = (executor.clone(), done.clone());
    let spawner = OnDrop(move || {
        let done = within.clone();
        inner.spawn(async move { done.store(true, SeqCst) }).detach();
    });
    let inner = executor.clone();
    let outer = executor.spawn(async move {
        let _spawner = spawner;
        inner.spawn(yield_now()).await;
    });
    assert!(executor.try_tick());
    drop(outer); // cancelled: its destructor spawns
    run_all(&executor);
    assert!(done.load(SeqCst));
    assert!(executor.is_empty());
}

#[test]
fn many_panics_leave_no_trace() {
    let executor = Executor::new();
    let mut caught = 0;
    for n in 0..20 {
        let task = executor.spawn(async move {
            if n % 2 == 0 {
                panic_any(n)
            }
        });
        let joined = catch_unwind(AssertUnwindSafe(|| executor.block_on(task)));
        caught += usize::from(joined.is_err());
    }
    assert_eq!(caught, 10);
    assert!(executor.is_empty());
}
