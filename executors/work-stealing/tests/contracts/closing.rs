//! What dropping an executor promises.

use std::future::{pending, poll_fn};
use std::panic::panic_any;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Waker};
use std::{mem, thread};

use futures_lite::future::{block_on, poll_once, yield_now};
use mini_executor_work_stealing::Executor;

use crate::support::{OnDrop, Signal, counter, run_all, watch};

#[test]
fn drops_every_unfinished_task() {
    let drops = Arc::default();
    let executor = Executor::new();
    let signal = Signal::default();
    type Boxed = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;
    let spawn = |future: Boxed| {
        let guard = counter(&drops);
        let task = executor.spawn(async move {
            let _guard = guard;
            future.await;
        });
        task.detach();
    };
    spawn(Box::pin(pending()));
    spawn(Box::pin(signal.clone().wait()));
    spawn(Box::pin(async {
        loop {
            yield_now().await;
        }
    }));
    for _ in 0..3 {
        assert!(executor.try_tick()); // wait, wait, queue again
    }
    thread::spawn(move || signal.set()).join().unwrap(); // queued
    spawn(Box::pin(pending())); // never polled
    assert_eq!(drops.load(SeqCst), 0);
    drop(executor);
    assert_eq!(drops.load(SeqCst), 4);
}

#[test]
fn drops_what_was_spawned_by_workers_and_what_they_left() {
    let drops = Arc::new(AtomicUsize::new(0));
    let executor = Executor::new();
    let spawn = |_| {
        let guard = counter(&drops);
        let task = executor.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        task.detach();
    };
    executor.block_on(async {
        (0..100).for_each(spawn);
        yield_now().await; // some of them wait
    });
    block_on(executor.run(async { (0..100).for_each(spawn) }));
    assert_eq!(drops.load(SeqCst), 0);
    drop(executor);
    assert_eq!(drops.load(SeqCst), 200);
}

#[test]
fn drops_what_is_in_the_queue_of_a_run_that_was_forgotten() {
    let drops = Arc::new(AtomicUsize::new(0));
    let executor: &'static mut Executor<'static> = Box::leak(Box::new(Executor::new()));
    let shared: &'static Executor<'static> = executor;
    let count = drops.clone();
    let mut run = Box::pin(shared.run(async move {
        for _ in 0..200 {
            let guard = counter(&count);
            let task = shared.spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            });
            task.detach();
        }
        pending::<()>().await;
    }));
    assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    #[expect(clippy::mem_forget, reason = "this is the test")]
    mem::forget(run);
    // What the destructor does, as far as a borrowed executor can show it.
    while shared.try_tick() {}
    assert_eq!(drops.load(SeqCst), 0);
    let left = {
        let mut waiting = 0;
        shared.for_each_task(|_| waiting += 1);
        waiting
    };
    assert_eq!(left, 200);
}

#[test]
fn an_executor_that_never_ran_or_never_spawned_may_be_dropped() {
    drop(Executor::new());
    let executor = Executor::new();
    let task = executor.spawn(async {});
    drop(executor);
    assert_eq!(block_on(task.fallible()), None);
}

#[test]
fn awaiting_a_task_whose_executor_is_gone_panics() {
    let executor = Executor::new();
    let task = executor.spawn(pending::<()>());
    run_all(&executor);
    drop(executor);
    let joined = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| block_on(task)));
    joined.unwrap_err();
}

#[test]
fn the_output_of_a_finished_task_survives() {
    let executor = Executor::new();
    let task = executor.spawn(async { 5 });
    run_all(&executor);
    drop(executor);
    assert_eq!(block_on(task), 5);
}

#[test]
fn destructors_may_wake_cancel_and_panic() {
    let drops = Arc::default();
    let executor = Executor::new();
    let signal = Signal::default();
    for n in 0..30 {
        let (count, signal) = (counter(&drops), signal.clone());
        let wake = signal.clone();
        let on_drop = OnDrop(move || match n % 3 {
            0 => wake.set(),
            1 => panic_any("expected, does not keep the others from being dropped"),
            _ => {}
        });
        let child = executor.spawn(pending::<()>()); // dropping the handle cancels
        executor
            .spawn(async move {
                let _guards = (count, on_drop, child);
                signal.wait().await;
            })
            .detach();
    }
    run_all(&executor);
    drop(executor);
    assert_eq!(drops.load(SeqCst), 30);
}

#[test]
fn destructors_may_spawn_on_another_executor_and_run_it() {
    let done = Arc::new(AtomicBool::new(false));
    let other = Arc::new(Executor::new());
    let executor = Executor::new();
    let (within, runs) = (done.clone(), other.clone());
    let guard = OnDrop(move || {
        let done = within.clone();
        runs.block_on(runs.spawn(async move {
            yield_now().await;
            done.store(true, SeqCst);
        }));
    });
    executor
        .spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        })
        .detach();
    run_all(&executor);
    drop(executor);
    assert!(done.load(SeqCst));
    assert!(other.is_empty());
}

#[test]
fn wakers_outlive_the_executor_here_and_elsewhere() {
    let drops = Arc::default();
    let wakers: Arc<Mutex<Vec<Waker>>> = Arc::default();
    let executor = Executor::new();
    for _ in 0..4 {
        let (guard, wakers) = (counter(&drops), wakers.clone());
        executor
            .spawn(poll_fn(move |cx| {
                let _guard = &guard;
                wakers.lock().unwrap().push(cx.waker().clone());
                Poll::<()>::Pending
            }))
            .detach();
    }
    run_all(&executor);
    drop(executor);
    assert_eq!(drops.load(SeqCst), 4);
    let mut wakers = mem::take(&mut *wakers.lock().unwrap());
    let elsewhere = wakers.split_off(2);
    wakers.iter().for_each(Waker::wake_by_ref);
    drop(wakers);
    thread::spawn(move || elsewhere.into_iter().for_each(Waker::wake)).join().unwrap();
}

#[test]
fn a_task_may_hold_the_last_reference_to_another_executor() {
    let drops = Arc::default();
    let outer = Executor::new();
    let inner = Arc::new(Executor::new());
    let guard = counter(&drops);
    inner
        .spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        })
        .detach();
    run_all(&inner);
    let task = outer.spawn(async move {
        assert!(!inner.is_empty());
        drop(inner); // here, in the middle of a poll
        5
    });
    assert_eq!(outer.block_on(task), 5);
    assert_eq!(drops.load(SeqCst), 1);
}

#[test]
fn an_executor_in_a_cycle_with_its_task_is_dropped_by_whoever_lets_go_last() {
    let drops = Arc::default();
    let executor = Arc::new_cyclic(|itself: &Weak<Executor<'static>>| {
        let (executor, guard) = (Executor::new(), counter(&drops));
        let itself = itself.clone();
        executor
            .spawn(async move {
                let _guard = guard;
                loop {
                    drop(itself.upgrade());
                    yield_now().await;
                }
            })
            .detach();
        executor
    });
    assert!(executor.try_tick());
    drop(executor);
    assert_eq!(drops.load(SeqCst), 1);
}

#[test]
fn it_is_dropped_on_one_thread_while_others_have_just_left_it() {
    let _watch = watch();
    for _ in 0..50 {
        let drops = Arc::default();
        let executor = Arc::new(Executor::new());
        let stop = Signal::default();
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (executor, stop, drops) = (executor.clone(), stop.clone(), Arc::clone(&drops));
                thread::spawn(move || {
                    executor.block_on(async {
                        for _ in 0..10 {
                            let guard = counter(&drops);
                            let task = executor.spawn(async move {
                                let _guard = guard;
                                loop {
                                    yield_now().await;
                                }
                            });
                            task.detach();
                        }
                        stop.wait().await;
                    });
                })
            })
            .collect();
        stop.set();
        drop(executor); // perhaps the last, perhaps not
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(drops.load(SeqCst), 30);
    }
}

#[test]
fn a_forgotten_executor_forgets_its_tasks() {
    let drops = Arc::default();
    let executor = Executor::new();
    let signal = Signal::default();
    let (guard, wait) = (counter(&drops), signal.clone().wait());
    let task = executor.spawn(async move {
        let _guard = guard;
        wait.await;
    });
    run_all(&executor);
    #[expect(clippy::mem_forget, reason = "this is the test")]
    mem::forget(executor);
    thread::spawn(move || signal.set()).join().unwrap();
    assert!(block_on(poll_once(task)).is_none());
    assert_eq!(drops.load(SeqCst), 0);
}

#[test]
fn a_forgotten_run_harms_nobody() {
    let executor = Executor::new();
    let mut run = Box::pin(executor.run(pending::<()>()));
    assert!(block_on(poll_once(run.as_mut())).is_none());
    #[expect(clippy::mem_forget, reason = "this is the test")]
    mem::forget(run);
    let task = executor.spawn(crate::support::sleep(std::time::Duration::from_millis(1)));
    block_on(executor.run(task));
    let task = executor.spawn(crate::support::sleep(std::time::Duration::from_millis(1)));
    executor.block_on(task);
}
