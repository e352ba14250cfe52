//! What `block_on` promises besides: its own future is a task like any other, and it drives a
//! reactor.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use futures_lite::future::{self, or, yield_now, zip};
use mini_executor_single_thread::LocalExecutor;

use crate::support::{Event, sleep};

fn spawn_yielding(executor: &LocalExecutor<'_>, tasks: usize) -> Rc<Cell<usize>> {
    let polls = Rc::new(Cell::new(0));
    for _ in 0..tasks {
        let polls = polls.clone();
        let task = executor.spawn(async move {
            loop {
                polls.set(polls.get() + 1);
                yield_now().await;
            }
        });
        task.detach();
    }
    polls
}

#[test]
fn the_future_takes_turns_with_few_tasks() {
    let executor = LocalExecutor::new();
    let polls = spawn_yielding(&executor, 3);
    executor.block_on(async {
        yield_now().await;
        for n in 1..=100 {
            assert_eq!(polls.get(), 3 * n);
            yield_now().await;
        }
    });
}

#[test]
fn the_future_is_polled_after_at_most_61_of_many_tasks() {
    let executor = LocalExecutor::new();
    let polls = spawn_yielding(&executor, 1_000);
    executor.block_on(async {
        for n in 0..100 {
            assert_eq!(polls.get(), 61 * n);
            yield_now().await;
        }
    });
}

#[test]
fn the_future_is_not_polled_unless_it_was_woken() {
    let executor = LocalExecutor::new();
    let polls = Cell::new(0);
    let task = executor.spawn(async {
        for _ in 0..1_000 {
            yield_now().await;
        }
        sleep(Duration::from_millis(1)).await;
    });
    let mut task = pin!(task);
    executor.block_on(poll_fn(|cx| {
        polls.set(polls.get() + 1);
        task.as_mut().poll(cx)
    }));
    assert_eq!(polls.get(), 2);
}

#[test]
fn tasks_may_borrow_from_before_the_executor_and_wake_the_future() {
    let event = Event::default();
    let executor = LocalExecutor::new();
    let task = executor.spawn(async { event.set() });
    executor.block_on(zip(event.wait(), task));
}

#[test]
fn block_on_nests_within_itself_and_within_others() {
    let outer = Rc::new(LocalExecutor::new());
    let inner = LocalExecutor::new();
    let weak = Rc::downgrade(&outer);
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
fn block_on_and_a_run_beside_it_share_the_tasks() {
    let executor = LocalExecutor::new();
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
    let event = Rc::new(Event::default());
    let executor = LocalExecutor::new();
    let beside = async {
        yield_now().await; // let the other go to sleep
        executor.block_on(async {
            let event = event.clone();
            executor.spawn(async move { event.set() }).detach();
        });
        pending::<()>().await;
    };
    future::block_on(or(executor.run(event.wait()), beside));
}

#[test]
fn a_future_that_wakes_itself_often_is_polled_once_for_it() {
    let executor = LocalExecutor::new();
    let mut polls = 0;
    executor.block_on(poll_fn(|cx| {
        polls += 1;
        (0..10).for_each(|_| cx.waker().wake_by_ref());
        if polls == 5 { Poll::Ready(()) } else { Poll::Pending }
    }));
    assert_eq!(polls, 5);
}
