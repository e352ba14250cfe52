//! Several threads: all of them get work, none of it is lost, and nobody is woken for nothing.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use futures_lite::future::{or, yield_now};
use mini_async::Timer;
use mini_executor_work_stealing::Executor;

use crate::support::{Signal, sleep, until, with_lent};

#[test]
fn tasks_spawned_by_one_worker_are_run_by_all() {
    let executor = Executor::new();
    with_lent(&executor, 3, || {
        for _ in 0..50 {
            let barrier = Arc::new(Barrier::new(4)); // each needs a thread of its own
            executor.block_on(async {
                let spawn = |_| {
                    let barrier = barrier.clone();
                    executor.spawn(async move { barrier.wait().is_leader() })
                };
                let tasks: Vec<_> = (0..4).map(spawn).collect();
                let mut leaders = 0;
                for task in tasks {
                    leaders += usize::from(task.await);
                }
                assert_eq!(leaders, 1);
            });
        }
    });
}

#[test]
fn tasks_spawned_outside_are_run_by_all() {
    let executor = Executor::new();
    with_lent(&executor, 3, || {
        for _ in 0..50 {
            let barrier = Arc::new(Barrier::new(3));
            let spawn = |_| {
                let barrier = barrier.clone();
                executor.spawn(async move { barrier.wait() })
            };
            let tasks: Vec<_> = (0..3).map(spawn).collect();
            until(|| tasks.iter().all(|task| task.is_finished()));
        }
    });
}

#[test]
fn threads_in_run_and_in_block_on_share_the_tasks() {
    let executor = Executor::new();
    let stop = Signal::default();
    with_lent(&executor, 1, || {
        std::thread::scope(|scope| {
            let (executor, run) = (&executor, stop.clone());
            scope.spawn(move || futures_lite::future::block_on(executor.run(run.wait())));
            for _ in 0..50 {
                let barrier = Arc::new(Barrier::new(3));
                executor.block_on(async {
                    let spawn = |_| {
                        let barrier = barrier.clone();
                        executor.spawn(async move { barrier.wait() })
                    };
                    let tasks: Vec<_> = (0..3).map(spawn).collect();
                    for task in tasks {
                        task.await;
                    }
                });
            }
            stop.set();
        });
    });
}

#[test]
fn a_mixture_of_everything_ends() {
    const TASKS: u64 = 300;
    let done = Arc::new(AtomicUsize::new(0));
    let executor = Executor::new();
    with_lent(&executor, 3, || {
        let spawn = |n: u64| {
            let done = done.clone();
            executor.spawn(async move {
                for m in 0..20 {
                    let moment = Duration::from_micros((n + m) % 90);
                    match (n + m) % 4 {
                        0 => yield_now().await,
                        1 => _ = Timer::after(moment).await,
                        2 if m == 14 => sleep(moment).await,
                        _ => or(async { _ = Timer::after(moment).await }, pending()).await,
                    }
                }
                done.fetch_add(1, SeqCst);
            })
        };
        let half: Vec<_> = (0..TASKS / 2).map(spawn).collect(); // from outside
        executor.block_on(async {
            let rest: Vec<_> = (TASKS / 2..TASKS).map(spawn).collect(); // and from inside
            for task in half.into_iter().chain(rest) {
                task.await;
            }
        });
    });
    assert_eq!(done.load(SeqCst), TASKS as usize);
    assert!(executor.is_empty());
}

#[test]
fn tasks_spawn_tasks_on_every_thread_and_all_end() {
    let executor: Arc<Executor<'static>> = Arc::new(Executor::new());
    /// A tree of tasks; each counts itself.
    fn tree(executor: Arc<Executor<'static>>, depth: u32, count: Arc<AtomicUsize>) {
        let inner = executor.clone();
        let task = executor.spawn(async move {
            count.fetch_add(1, SeqCst);
            if depth > 0 {
                for _ in 0..3 {
                    tree(inner.clone(), depth - 1, count.clone());
                    yield_now().await;
                }
            }
        });
        task.detach();
    }
    let count = Arc::new(AtomicUsize::new(0));
    with_lent(&executor, 3, || {
        tree(executor.clone(), 7, count.clone());
        until(|| executor.is_empty());
    });
    assert_eq!(count.load(SeqCst), (3_usize.pow(8) - 1) / 2);
}
