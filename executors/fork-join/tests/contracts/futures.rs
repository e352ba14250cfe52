//! Futures: as tasks, and in scopes, where they may borrow.

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use futures_lite::future::yield_now;
use mini_async::Timer;
use mini_executor_fork_join::ThreadPool;

use crate::support::{Flag, SetOnDrop, pool, wait_until};

#[test]
fn a_task_runs_and_returns() {
    for pool in [ThreadPool::new(), pool(1), pool(3)] {
        let task = pool.spawn_future(async {
            yield_now().await;
            1 + 2
        });
        assert_eq!(pool.block_on(task), 3);
    }
}

#[test]
fn tasks_of_many_kinds_finish() {
    let pool = pool(2);
    let tasks: Vec<_> = (0..500_u64)
        .map(|number| {
            pool.spawn_future(async move {
                match number % 3 {
                    0 => yield_now().await,
                    1 => {
                        Timer::after(Duration::from_micros(number)).await;
                    }
                    _ => {}
                }
                number
            })
        })
        .collect();
    let sum = pool.block_on(async {
        let mut sum = 0;
        for task in tasks {
            sum += task.await;
        }
        sum
    });
    assert_eq!(sum, 499 * 500 / 2);
}

#[test]
fn a_dropped_task_is_cancelled_and_a_detached_one_goes_on() {
    let pool = pool(1);
    let dropped = Arc::new(Flag::new());
    struct Set(Arc<Flag>);
    impl Drop for Set {
        fn drop(&mut self) {
            self.0.set();
        }
    }
    let guard = Set(dropped.clone());
    let task = pool.spawn_future(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    drop(task);
    wait_until("the future is dropped", || dropped.is_set());
    let ran = Arc::new(Flag::new());
    let flag = ran.clone();
    pool.spawn_future(async move { flag.set() }).detach();
    wait_until("the detached task has run", || ran.is_set());
}

#[test]
fn a_future_of_a_scope_borrows() {
    for pool in [ThreadPool::new(), pool(2)] {
        let words = ["to".to_owned(), "wait".to_owned()];
        let mut count = 0;
        let text = pool.scope(|scope| {
            scope
                .spawn_future(async {
                    yield_now().await;
                    count += 1;
                })
                .detach();
            let task = scope.spawn_future(async {
                Timer::after(Duration::from_millis(1)).await;
                words.join(" ")
            });
            pool.block_on(task)
        });
        assert_eq!((text.as_str(), count), ("to wait", 1));
    }
}

#[test]
fn a_scope_waits_for_a_future_whose_handle_is_forgotten() {
    let pool = pool(1);
    let done = Flag::new();
    pool.scope(|scope| {
        let task = scope.spawn_future(async {
            Timer::after(Duration::from_millis(5)).await;
            done.set();
        });
        #[expect(clippy::mem_forget, reason = "the test is about it")]
        std::mem::forget(task);
    });
    assert!(done.is_set());
}

#[test]
fn a_scope_waits_until_a_cancelled_future_is_dropped() {
    for pool in [ThreadPool::new(), pool(2)] {
        let dropped = Flag::new();
        pool.scope(|scope| {
            let guard = SetOnDrop(&dropped);
            let task = scope.spawn_future(async move {
                let _guard = guard;
                pending::<()>().await;
            });
            drop(task);
        });
        assert!(dropped.is_set());
    }
}

#[test]
fn a_waker_that_outlives_the_scope_does_no_harm() {
    let pool = pool(1);
    let mut kept = None;
    let text = String::from("borrowed");
    pool.scope(|scope| {
        let task = scope.spawn_future(async {
            let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
            (waker, text.len())
        });
        kept = Some(pool.block_on(task).0);
    });
    drop(text);
    let waker: Waker = kept.unwrap();
    waker.wake_by_ref();
    waker.wake();
    assert_eq!(pool.install(|| 1), 1);
}

#[test]
fn the_output_of_a_detached_future_is_dropped_before_the_scope_ends() {
    struct Output<'a>(&'a str, #[expect(dead_code, reason = "drops")] SetOnDrop<'a>);
    impl Drop for Output<'_> {
        fn drop(&mut self) {
            assert_eq!(self.0, "borrowed");
        }
    }
    let pool = pool(2);
    for _ in 0..100 {
        let dropped = Flag::new();
        let text = String::from("borrowed");
        pool.scope(|scope| {
            scope
                .spawn_future(async {
                    yield_now().await;
                    Output(&text, SetOnDrop(&dropped))
                })
                .detach();
        });
        assert!(dropped.is_set());
    }
}

#[test]
fn a_scoped_task_kept_beyond_the_scope_still_has_the_output() {
    let pool = ThreadPool::new();
    let text = String::from("borrowed");
    let task = pool.in_place_scope(|scope| scope.spawn_future(async { text.as_str() }));
    assert!(task.is_finished());
    let mut task = pin!(task);
    let Poll::Ready(output) = task.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it is over");
    };
    assert_eq!(output, "borrowed");
}

#[test]
fn many_futures_in_many_scopes() {
    let pool = pool(2);
    for round in 0..50 {
        let count = AtomicUsize::new(0);
        pool.scope(|scope| {
            for number in 0..20 {
                let count = &count;
                scope
                    .spawn_future(async move {
                        if number % 2 == 0 {
                            yield_now().await;
                        }
                        count.fetch_add(1, Ordering::Relaxed);
                    })
                    .detach();
                scope.spawn(move |_| {
                    count.fetch_add(1, Ordering::Relaxed);
                });
            }
        });
        assert_eq!(count.into_inner(), 40, "round {round}");
    }
}

#[test]
fn async_code_has_closures_run_and_awaits_them() {
    static POOL: ThreadPool = ThreadPool::new();
    let result = POOL.block_on(async {
        let (left, right) = futures_lite::future::zip(
            POOL.run(|| POOL.join(|| 1, || 2)),
            POOL.run(|| thread::current().id()),
        )
        .await;
        (left, right == thread::current().id())
    });
    assert_eq!(result, ((1, 2), true), "with one thread lent, there it runs");
}

#[test]
fn a_closure_whose_future_is_dropped_early_is_not_called() {
    let pool = ThreadPool::new();
    let called = Arc::new(Flag::new());
    let flag = called.clone();
    let mut run = Box::pin(pool.run(move || flag.set()));
    assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(run);
    pool.block_on(yield_now());
    while pool.executor().try_tick() {}
    assert!(!called.is_set());
}

#[test]
fn the_hook_encloses_polls_and_drops() {
    static INSIDE: AtomicUsize = AtomicUsize::new(0);
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            INSIDE.fetch_sub(1, Ordering::SeqCst);
        }
    }
    struct Checks;
    impl Drop for Checks {
        fn drop(&mut self) {
            assert!(INSIDE.load(Ordering::SeqCst) > 0);
        }
    }
    let pool = ThreadPool::new().with_poll_hook(|| {
        INSIDE.fetch_add(1, Ordering::SeqCst);
        Guard
    });
    let inside = || INSIDE.load(Ordering::SeqCst) > 0;
    assert!(pool.block_on(async { inside() }));
    assert!(pool.block_on(pool.spawn_future(async move { inside() })));
    let checks = Checks;
    drop(pool.spawn_future(async move {
        let _checks = checks;
        pending::<()>().await;
    }));
    pool.scope(|scope| scope.spawn_future(async { assert!(inside()) }).detach());
    assert!(!inside());
}
