//! Several threads that run one executor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::executor::trial::{Trial, local, work, yield_now};
use crate::executor::{Shared, Work};
use crate::threads::{Thread, start};
use crate::waiting::Flag;

/// A thread that runs the executor until the flag is raised.
fn runner(trial: &Trial, executor: &Shared, until: &Flag) -> Thread<()> {
    let (executor, until) = (Arc::clone(executor), until.clone());
    let context = trial.context().clone();
    start("a thread that runs the executor", move || {
        let raised = local(async move {
            until.raised().await;
            0
        });
        context.wait("the end of a thread's `run`", executor.run(raised));
    })
}

/// Two tasks each of which keeps its thread until the other one runs.
fn that_meet() -> [Work; 2] {
    let flags = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    [(0, 1), (1, 0)].map(|(mine, other)| {
        let (mine, other) = (Arc::clone(&flags[mine]), Arc::clone(&flags[other]));
        work(async move {
            mine.store(true, Ordering::Relaxed);
            while !other.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            1
        })
    })
}

pub(crate) fn threads_run_tasks_side_by_side(trial: &Trial) {
    let executor = trial.shared();
    let done = Flag::default();
    let other = runner(trial, &executor, &done);
    for _ in 0..trial.times(10) {
        let [first, second] = that_meet().map(|task| executor.spawn(task));
        let both = async { first.await + second.await };
        assert_eq!(trial.run("two tasks that need a thread each", &*executor, both), 2);
    }
    done.raise();
    other.join(trial.patience());
}

pub(crate) fn sleeping_threads_are_woken_for_work(trial: &Trial) {
    let executor = trial.shared();
    let done = Flag::default();
    let runners = [(); 2].map(|()| runner(trial, &executor, &done));
    for _ in 0..4 {
        thread::sleep(Duration::from_millis(2)); // so that both sleep, most likely
        let [first, second] = that_meet().map(|task| executor.spawn(task));
        let both = async { first.await + second.await };
        assert_eq!(trial.wait("two tasks, spawned while all threads sleep", both), 2);
    }
    done.raise();
    runners.into_iter().for_each(|runner| runner.join(trial.patience()));
}

pub(crate) fn a_task_is_polled_by_one_thread_at_a_time(trial: &Trial) {
    let executor = trial.shared();
    let done = Flag::default();
    let runners = [(); 3].map(|()| runner(trial, &executor, &done));
    let rounds = trial.times(200);
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let inside = AtomicBool::new(false);
            executor.spawn(work(async move {
                for _ in 0..rounds {
                    // Relaxed: only this task's polls touch it, and they exclude each other.
                    assert!(!inside.swap(true, Ordering::Relaxed), "two threads poll one task");
                    thread::yield_now();
                    inside.store(false, Ordering::Relaxed);
                    yield_now().await;
                }
                1
            }))
        })
        .collect();
    let sum = async {
        let mut sum = 0;
        for task in tasks {
            sum += task.await;
        }
        sum
    };
    assert_eq!(trial.wait("sixteen tasks on three threads", sum), 16);
    done.raise();
    runners.into_iter().for_each(|runner| runner.join(trial.patience()));
}

pub(crate) fn a_thread_that_leaves_leaves_its_tasks_to_others(trial: &Trial) {
    for _ in 0..trial.times(20) {
        let executor = trial.shared();
        let ran = Arc::new(AtomicU64::new(0));
        let (inner, count, context) =
            (Arc::clone(&executor), Arc::clone(&ran), trial.context().clone());
        let leaves = start("a thread that spawns and leaves", move || {
            let spawns = local(async {
                for round in 0..100 {
                    let count = Arc::clone(&count);
                    let task = async move {
                        yield_now().await; // it is woken where it runs
                        count.fetch_add(1, Ordering::Relaxed)
                    };
                    inner.spawn(work(task)).detach();
                    if round % 10 == 0 {
                        yield_now().await;
                    }
                }
                0
            });
            context.wait("a run that spawns a hundred tasks", inner.run(spawns));
        });
        leaves.join(trial.patience());
        trial.repeat("the tasks that were left by a thread that ran the executor", || {
            executor.try_tick();
            ran.load(Ordering::Relaxed) == 100
        });
        assert!(executor.is_empty(), "a task is left");
    }
}

pub(crate) fn what_waits_behind_a_long_poll_is_run_by_others(trial: &Trial) {
    let executor = trial.shared();
    let ran = Arc::new(AtomicU64::new(0));
    let (begun, end) = (Flag::default(), Arc::new(AtomicBool::new(false)));
    let (flag, ends, count) = (begun.clone(), Arc::clone(&end), Arc::clone(&ran));
    let (inner, context) = (Arc::clone(&executor), trial.context().clone());
    let busy = start("a thread with a long poll", move || {
        let long = local(async {
            for _ in 0..10 {
                let count = Arc::clone(&count);
                let task = async move { count.fetch_add(1, Ordering::Relaxed) };
                inner.spawn(work(task)).detach();
            }
            // From within a task, whose thread may keep for itself what it spawns.
            let keeps = work(async move {
                flag.raise();
                while !ends.load(Ordering::Relaxed) {
                    thread::yield_now();
                }
                0
            });
            inner.spawn(keeps).await
        });
        context.wait("a long poll", inner.run(long));
    });
    trial.wait("the beginning of a long poll", begun.raised());
    // One may be stranded: the last that was woken, in a slot that nobody else looks at.
    let done = Flag::default();
    let other = runner(trial, &executor, &done);
    trial.repeat("nine of ten tasks that were spawned before a long poll", || {
        thread::yield_now();
        ran.load(Ordering::Relaxed) >= 9
    });
    end.store(true, Ordering::Relaxed);
    done.raise();
    busy.join(trial.patience());
    other.join(trial.patience());
}

pub(crate) fn threads_may_all_spawn_and_run(trial: &Trial) {
    let executor = trial.shared();
    let ran = Arc::new(AtomicU64::new(0));
    let many = trial.times(200) as u64;
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (executor, ran) = (Arc::clone(&executor), Arc::clone(&ran));
            let context = trial.context().clone();
            start("a thread that spawns and runs", move || {
                let all = local(async {
                    let mut sum = 0;
                    for n in 0..many {
                        let ran = Arc::clone(&ran);
                        let task = executor.spawn(work(async move {
                            if n % 3 == 0 {
                                yield_now().await;
                            }
                            ran.fetch_add(1, Ordering::Relaxed);
                            1
                        }));
                        match n % 4 {
                            0 => task.detach(),
                            _ => sum += task.await,
                        }
                    }
                    sum
                });
                let sum = context.wait("the tasks of four threads", executor.run(all));
                assert_eq!(sum, many - many.div_ceil(4));
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join(trial.patience()));
    trial.run_all(&*executor);
    assert_eq!(ran.load(Ordering::Relaxed), 4 * many, "tasks that ran");
}

pub(crate) fn a_shared_task_may_spawn_tasks(trial: &Trial) {
    let executor = trial.shared();
    let inner = Arc::downgrade(&executor);
    let task = executor.spawn(work(async move {
        let mut sum = 0;
        for n in 0..10 {
            let Some(executor) = inner.upgrade() else { break };
            let task = executor.spawn(work(async move { n }));
            drop(executor);
            sum += task.await;
        }
        sum
    }));
    assert_eq!(trial.run("a task that spawns and awaits ten others", &*executor, task), 45);
}
