//! The view with async-executor's names, under a `block_on` that knows nothing of the pool.

use std::future::{Future, pending};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;

use futures_lite::future::{block_on, or, yield_now};
use mini_executor_fork_join::{Signal, ThreadPool};

use crate::support::{Flag, pool, share_until, wait_until};

#[test]
fn run_polls_tasks_until_its_future_is_ready() {
    let pool = ThreadPool::new();
    let executor = pool.executor();
    let task = executor.spawn(async {
        yield_now().await;
        1 + 2
    });
    assert_eq!(block_on(executor.run(async { task.await + 4 })), 7);
    assert!(executor.is_empty());
}

#[test]
fn tick_and_try_tick_run_one_thing() {
    let pool = ThreadPool::new();
    let executor = pool.executor();
    assert!(!executor.try_tick());
    let first = executor.spawn(async {});
    let second = executor.spawn(async {});
    assert!(executor.try_tick());
    assert!(first.is_finished() && !second.is_finished());
    block_on(executor.tick());
    assert!(second.is_finished());
    assert!(!executor.try_tick());
}

#[test]
fn tick_waits_for_something() {
    let pool = ThreadPool::new();
    let done = Arc::new(Flag::new());
    let flag = done.clone();
    thread::scope(|threads| {
        threads.spawn(|| {
            thread::sleep(std::time::Duration::from_millis(10));
            pool.executor().spawn(async move { flag.set() }).detach();
        });
        block_on(pool.executor().tick());
    });
    assert!(done.is_set());
}

#[test]
fn several_runs_share_the_work() {
    let pool = ThreadPool::new();
    let stop = Signal::new();
    thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| block_on(pool.executor().run(stop.given())));
        }
        let tasks: Vec<_> = (0..1000_u64)
            .map(|number| {
                pool.executor().spawn(async move {
                    yield_now().await;
                    number
                })
            })
            .collect();
        let mut sum = 0;
        for task in tasks {
            sum += block_on(task);
        }
        assert_eq!(sum, 999 * 1000 / 2);
        stop.give();
    });
}

#[test]
fn a_thread_that_runs_tasks_takes_halves_of_joins() {
    let pool = ThreadPool::new();
    let (stop, taken) = (Signal::new(), Flag::new());
    thread::scope(|threads| {
        let other = threads.spawn(|| block_on(pool.executor().run(stop.given())));
        pool.lend(|worker| {
            worker.join(
                |worker| share_until(worker, "the half is taken", || taken.is_set()),
                |_| {
                    assert_eq!(thread::current().id(), other.thread().id());
                    taken.set();
                },
            );
        });
        stop.give();
    });
}

#[test]
fn a_run_that_is_dropped_when_it_is_woken_passes_that_on() {
    let pool = ThreadPool::new();
    let executor = pool.executor();
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..100 {
        let mut sleeping = Box::pin(executor.run(pending::<()>()));
        assert!(sleeping.as_mut().poll(&mut cx).is_pending());
        let done = Arc::new(Flag::new());
        let flag = done.clone();
        thread::scope(|threads| {
            let other = threads.spawn(|| {
                block_on(or(executor.run(pending()), async {
                    while !done.is_set() {
                        yield_now().await;
                    }
                }))
            });
            executor.spawn(async move { flag.set() }).detach(); // may call the one that is dropped
            drop(sleeping);
            other.join().unwrap();
        });
    }
}

#[test]
fn a_job_left_with_a_run_that_is_dropped_is_run_elsewhere() {
    let pool = ThreadPool::new();
    let executor = pool.executor();
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..20 {
        let mut sleeping = Some(Box::pin(executor.run(pending::<()>())));
        assert!(sleeping.as_mut().unwrap().as_mut().poll(&mut cx).is_pending());
        let called = Flag::new();
        thread::scope(|threads| {
            let given = Arc::new(Flag::new());
            let theirs = given.clone();
            let (called, pool) = (&called, &pool);
            let other = threads.spawn(move || {
                pool.lend(|worker| {
                    worker.join(
                        |worker| {
                            worker.share(); // to the sleeping one
                            theirs.set();
                            thread::yield_now();
                        },
                        |_| called.set(),
                    );
                });
            });
            wait_until("the job is given", || given.is_set());
            sleeping.take();
            other.join().unwrap();
        });
        assert!(called.is_set());
    }
}

#[test]
fn spawn_many_spawns_all() {
    let pool = pool(1);
    let mut tasks = Vec::new();
    pool.executor().spawn_many((0..10).map(|number| async move { number }), &mut tasks);
    let numbers: Vec<i32> = pool.executor().block_on(async {
        let mut numbers = Vec::new();
        for task in tasks {
            numbers.push(task.await);
        }
        numbers
    });
    assert_eq!(numbers, (0..10).collect::<Vec<_>>());
}

#[test]
fn an_unfinished_run_polls_nothing_before_it_is_polled() {
    let pool = ThreadPool::new();
    let task = pool.executor().spawn(async {});
    let executor = pool.executor();
    let run = executor.run(async {});
    assert!(!task.is_finished());
    drop(run);
    assert!(pool.executor().try_tick());
}
