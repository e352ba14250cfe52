//! What `block_on` promises besides: its own future is a task like any other, and it drives a
//! reactor.

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use futures_lite::future::{self, or, yield_now, zip};
use mini_async::Timer;
use mini_executor_work_stealing::Executor;
use mini_reactor::{Reactor, System};

use crate::support::{Signal, sleep, watch, with_lent};

fn spawn_yielding(executor: &Executor<'_>, tasks: usize) -> Arc<AtomicUsize> {
    let polls = Arc::new(AtomicUsize::new(0));
    for _ in 0..tasks {
        let polls = polls.clone();
        let task = executor.spawn(async move {
            loop {
                polls.fetch_add(1, SeqCst);
                yield_now().await;
            }
        });
        task.detach();
    }
    polls
}

#[test]
fn the_future_takes_turns_with_few_tasks() {
    let executor = Executor::new();
    executor.block_on(async {
        let polls = spawn_yielding(&executor, 3);
        yield_now().await;
        for n in 1..=100 {
            assert_eq!(polls.load(SeqCst), 3 * n);
            yield_now().await;
        }
    });
}

#[test]
fn the_future_is_polled_after_at_most_61_of_many_tasks() {
    let executor = Executor::new();
    executor.block_on(async {
        let polls = spawn_yielding(&executor, 1_000);
        yield_now().await;
        let before = polls.load(SeqCst);
        assert!(before <= 61, "{before}");
        for n in 1..100 {
            yield_now().await;
            assert_eq!(polls.load(SeqCst), before + 61 * n);
        }
    });
}

#[test]
fn the_future_is_not_polled_unless_it_was_woken() {
    let executor = Executor::new();
    let polls = AtomicUsize::new(0);
    let task = executor.spawn(async {
        for _ in 0..1_000 {
            yield_now().await;
        }
        sleep(Duration::from_millis(1)).await;
    });
    let mut task = pin!(task);
    executor.block_on(poll_fn(|cx| {
        polls.fetch_add(1, SeqCst);
        task.as_mut().poll(cx)
    }));
    assert_eq!(polls.load(SeqCst), 2);
}

#[test]
fn tasks_may_borrow_from_before_the_executor_and_wake_the_future() {
    let signal = Signal::default();
    let executor = Executor::new();
    let task = executor.spawn(async { signal.set() });
    executor.block_on(zip(signal.clone().wait(), task));
}

#[test]
fn block_on_nests_within_itself_and_within_others() {
    let outer = Arc::new(Executor::new());
    let inner = Executor::new();
    let weak = Arc::downgrade(&outer);
    let task = outer.spawn(async move {
        let outer = weak.upgrade().unwrap();
        let sum = inner.block_on(async {
            sleep(Duration::from_millis(1)).await;
            inner.spawn(async { 1 }).await
        });
        sum + outer.block_on(async { outer.spawn(async { 2 }).await })
            + future::block_on(outer.run(async { outer.spawn(async { 4 }).await }))
    });
    assert_eq!(outer.block_on(task), 7);
}

#[test]
fn what_a_task_left_to_its_worker_is_found_by_a_block_on_within_it() {
    let executor = Arc::new(Executor::new());
    let inner = executor.clone();
    let _watch = watch();
    let task = executor.spawn(async move {
        let signal = Signal::default();
        let woken = inner.spawn(signal.clone().wait());
        let spawned = inner.spawn(async { 1 });
        yield_now().await; // the first of them waits now
        signal.set(); // runs next, in the worker outside
        let more = inner.spawn(async { 2 });
        inner.block_on(async {
            woken.await;
            spawned.await + more.await
        })
    });
    assert_eq!(executor.block_on(task), 3);
}

#[test]
fn block_on_and_a_run_beside_it_share_the_tasks() {
    let executor = Executor::new();
    for _ in 0..20 {
        let (one, two) = (
            executor.spawn(sleep(Duration::from_micros(200))),
            executor.spawn(sleep(Duration::from_micros(100))),
        );
        executor.block_on(or(executor.run(pending()), async {
            one.await;
            two.await;
        }));
    }
    assert!(executor.is_empty());
}

#[test]
fn a_sleeping_run_is_woken_for_what_a_block_on_beside_it_leaves() {
    let signal = Signal::default();
    let executor = Executor::new();
    let beside = async {
        yield_now().await; // let the other go to sleep
        executor.block_on(async {
            let signal = signal.clone();
            executor.spawn(async move { signal.set() }).detach();
        });
        pending::<()>().await;
    };
    future::block_on(or(executor.run(signal.clone().wait()), beside));
}

#[test]
fn a_future_that_wakes_itself_often_is_polled_once_for_it() {
    let executor = Executor::new();
    let mut polls = 0;
    executor.block_on(poll_fn(|cx| {
        polls += 1;
        (0..10).for_each(|_| cx.waker().wake_by_ref());
        if polls == 5 { Poll::Ready(()) } else { Poll::Pending }
    }));
    assert_eq!(polls, 5);
}

#[test]
fn it_drives_the_reactor_that_was_given_entered_or_is_the_programs() {
    let own = || Arc::new(Reactor::new(System::new()));
    let given = Executor::new_in(own());
    given.block_on(async { Timer::after(Duration::from_millis(1)).await });
    let executor = Executor::new();
    {
        let entered = own();
        let _entered = mini_reactor::Handle::from(&entered).enter();
        executor.block_on(async { Timer::after(Duration::from_millis(1)).await });
    }
    executor.block_on(async { Timer::after(Duration::from_millis(1)).await });
}

#[test]
fn threads_may_come_and_go() {
    let executor = Executor::new();
    let stop = Signal::default();
    let begun = AtomicUsize::new(0);
    with_lent(&executor, 1, || {
        thread::scope(|scope| {
            for n in 0..3 {
                let (executor, stop, begun) = (&executor, &stop, &begun);
                scope.spawn(move || {
                    while !stop.is_set() {
                        executor.block_on(async {
                            let task = executor.spawn(async move {
                                Timer::after(Duration::from_micros(50 * n)).await;
                                yield_now().await;
                            });
                            task.await;
                            executor.spawn(sleep(Duration::from_micros(20))).detach();
                        });
                        begun.fetch_add(1, SeqCst);
                    }
                });
            }
            crate::support::until(|| begun.load(SeqCst) > 300);
            stop.set();
        });
        crate::support::until(|| executor.is_empty());
    });
}
