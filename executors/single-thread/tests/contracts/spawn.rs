//! What a spawned task promises: it runs once, on this thread; its handle joins, cancels or
//! detaches.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn, ready};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::rc::Rc;
use std::task::Poll;

use futures_lite::future::{block_on, yield_now};
use mini_executor_single_thread::{FallibleTask, LocalExecutor, Task};

use crate::support::run_all;

/// Sets a flag when dropped.
struct SetOnDrop(Rc<Cell<bool>>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

#[test]
fn a_task_is_not_polled_by_spawn() {
    let polled = Cell::new(false);
    let executor = LocalExecutor::new();
    let _task = executor.spawn(async { polled.set(true) });
    assert!(!polled.get());
    assert!(executor.try_tick());
    assert!(polled.get());
}

#[test]
fn a_task_may_be_neither_send_nor_static() {
    let numbers = RefCell::new(vec![1]);
    let executor = LocalExecutor::new();
    let shared = Rc::new(2);
    let task = executor.spawn({
        let (shared, numbers) = (shared.clone(), &numbers);
        async move {
            yield_now().await;
            numbers.borrow_mut().push(*shared);
            shared
        }
    });
    assert_eq!(*block_on(executor.run(task)), 2);
    assert_eq!(*numbers.borrow(), [1, 2]);
}

#[test]
fn tasks_run_in_the_order_of_spawning_and_of_waking() {
    let order = RefCell::new(Vec::new());
    let executor = LocalExecutor::new();
    for n in 0..3 {
        let order = &order;
        let task = executor.spawn(async move {
            order.borrow_mut().push(n);
            yield_now().await;
            order.borrow_mut().push(10 + n);
        });
        task.detach();
    }
    run_all(&executor);
    assert_eq!(*order.borrow(), [0, 1, 2, 10, 11, 12]);
}

#[test]
fn a_dropped_handle_cancels() {
    let executor = LocalExecutor::new();
    let (dropped, polled) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
    let task = executor.spawn({
        let (guard, polled) = (SetOnDrop(dropped.clone()), polled.clone());
        async move {
            let _guard = guard;
            loop {
                polled.set(polled.get() + 1);
                yield_now().await;
            }
        }
    });
    assert!(executor.try_tick());
    drop(task);
    run_all(&executor);
    assert!(dropped.get());
    assert_eq!(polled.get(), 1);
    assert!(executor.is_empty());
}

#[test]
fn cancel_gives_the_output_of_a_finished_task_only() {
    let executor = LocalExecutor::new();
    let (finished, waiting) = (executor.spawn(ready(7)), executor.spawn(pending::<()>()));
    run_all(&executor);
    let cancelled = async { (finished.cancel().await, waiting.cancel().await) };
    assert_eq!(block_on(executor.run(cancelled)), (Some(7), None));
}

#[test]
fn a_detached_task_runs_to_its_end() {
    let executor = LocalExecutor::new();
    let done = Rc::new(Cell::new(false));
    let within = done.clone();
    executor
        .spawn(async move {
            yield_now().await;
            within.set(true);
        })
        .detach();
    run_all(&executor);
    assert!(done.get());
}

#[test]
fn a_forgotten_handle_detaches() {
    let executor = LocalExecutor::new();
    let done = Rc::new(Cell::new(false));
    let within = done.clone();
    #[expect(clippy::mem_forget, reason = "this is the test")]
    mem::forget(executor.spawn(async move {
        yield_now().await;
        within.set(true);
    }));
    run_all(&executor);
    assert!(done.get());
    assert!(executor.is_empty());
}

#[test]
fn a_fallible_task_says_when_it_was_cancelled() {
    let executor = LocalExecutor::new();
    let task: FallibleTask<()> = executor.spawn(pending()).fallible();
    drop(executor);
    assert_eq!(block_on(task), None);
}

#[test]
fn a_panic_resurfaces_at_await_and_the_executor_goes_on() {
    let executor = LocalExecutor::new();
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

/// Panics when dropped.
struct PanicOnDrop;

impl Drop for PanicOnDrop {
    fn drop(&mut self) {
        panic_any("from a destructor");
    }
}

#[test]
fn a_panic_of_a_finished_futures_destructor_resurfaces_at_await() {
    let executor = LocalExecutor::new();
    let guard = PanicOnDrop;
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
    let executor = LocalExecutor::new();
    let guard = PanicOnDrop;
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
    let executor = LocalExecutor::new();
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
}

#[test]
fn spawn_many_spawns_in_order() {
    let executor = LocalExecutor::new();
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
    let executor = LocalExecutor::new();
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
    struct Spawner(Rc<LocalExecutor<'static>>, Rc<Cell<bool>>);
    impl Drop for Spawner {
        fn drop(&mut self) {
            let done = self.1.clone();
            self.0.spawn(async move { done.set(true) }).detach();
        }
    }
    let executor = Rc::new(LocalExecutor::new());
    let done = Rc::new(Cell::new(false));
    let spawner = Spawner(executor.clone(), done.clone());
    let inner = executor.clone();
    let outer = executor.spawn(async move {
        let _spawner = spawner;
        inner.spawn(yield_now()).await;
    });
    assert!(executor.try_tick());
    drop(outer); // cancelled: its destructor spawns
    run_all(&executor);
    assert!(done.get());
    assert!(executor.is_empty());
}

#[test]
fn many_panics_leave_no_trace() {
    let executor = LocalExecutor::new();
    let mut caught = 0;
    for n in 0..20 {
        let task = executor.spawn(async move {
            if n % 2 == 0 {
                panic_any(n)
            }
        });
        caught +=
            usize::from(catch_unwind(AssertUnwindSafe(|| block_on(executor.run(task)))).is_err());
    }
    assert_eq!(caught, 10);
    assert!(executor.is_empty());
}
