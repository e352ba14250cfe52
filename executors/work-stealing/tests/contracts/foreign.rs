//! What happens when tasks are woken, awaited or cancelled by threads that are no workers.

use std::future::Future as _;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use futures_lite::future::{block_on, yield_now};
use mini_executor_work_stealing::Executor;

use crate::support::{Signal, counter, run_all, sleep, with_lent};

#[test]
fn a_storm_of_foreign_wakes_loses_none() {
    const TASKS: usize = 64;
    const ROUNDS: usize = 200;
    let executor = Executor::new();
    let (sender, receiver) = mpsc::channel::<Signal>();
    let receiver = Arc::new(Mutex::new(receiver));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let receiver = receiver.clone();
            thread::spawn(move || {
                loop {
                    let signal = receiver.lock().unwrap().recv();
                    let Ok(signal) = signal else { break };
                    signal.set();
                }
            })
        })
        .collect();
    let mut tasks = Vec::new();
    for n in 0..TASKS {
        let sender = sender.clone();
        tasks.push(executor.spawn(async move {
            for _ in 0..ROUNDS {
                let signal = Signal::default();
                sender.send(signal.clone()).unwrap();
                signal.wait().await;
            }
            n
        }));
    }
    drop(sender);
    let sum = with_lent(&executor, 2, || {
        executor.block_on(async {
            let mut sum = 0;
            for (index, task) in tasks.into_iter().enumerate() {
                sum += if index % 2 == 0 { task.await } else { executor.spawn(task).await };
            }
            sum
        })
    });
    assert_eq!(sum, (0..TASKS).sum());
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_foreign_wake_ends_the_sleep_of_block_on() {
    let executor = Executor::new();
    for _ in 0..20 {
        let task = executor.spawn(sleep(Duration::from_micros(300)));
        executor.block_on(task);
    }
    executor.block_on(sleep(Duration::from_millis(5))); // the future itself
}

#[test]
fn a_wake_while_nobody_runs_the_executor_is_kept() {
    let executor = Executor::new();
    let signal = Signal::default();
    let task = executor.spawn(signal.clone().wait());
    run_all(&executor);
    signal.set();
    run_all(&executor);
    assert!(task.is_finished());
}

#[test]
fn a_task_may_be_awaited_on_another_thread() {
    let executor = Executor::new();
    let signal = Signal::default();
    let wait = signal.clone().wait();
    let task = executor.spawn(async move {
        wait.await;
        String::from("output")
    });
    let thread = thread::spawn(move || {
        signal.set();
        block_on(task)
    });
    while !executor.is_empty() {
        block_on(executor.tick());
    }
    assert_eq!(thread.join().unwrap(), "output");
}

#[test]
fn a_task_cancelled_on_another_thread_is_dropped_by_the_executor() {
    let executor = Executor::new();
    let drops = Arc::default();
    let guard = counter(&drops);
    let task = executor.spawn(async move {
        let _guard = guard;
        std::future::pending::<()>().await;
    });
    run_all(&executor);
    let thread = thread::spawn(move || block_on(task.cancel()));
    block_on(executor.tick());
    assert_eq!(drops.load(SeqCst), 1);
    assert_eq!(thread.join().unwrap(), None);
}

#[test]
fn a_detached_task_that_nobody_can_wake_any_more_is_dropped_with_the_executor() {
    let drops = Arc::default();
    let executor = Executor::new();
    let guard = counter(&drops);
    let waker: Arc<Mutex<Option<Waker>>> = Arc::default();
    let keep = waker.clone();
    let task = executor.spawn(poll_fn(move |cx| {
        let _guard = &guard;
        *keep.lock().unwrap() = Some(cx.waker().clone());
        Poll::<()>::Pending
    }));
    task.detach();
    run_all(&executor);
    let waker = waker.lock().unwrap().take();
    thread::spawn(move || drop(waker)).join().unwrap();
    drop(executor);
    assert_eq!(drops.load(SeqCst), 1);
}

#[test]
fn an_executor_dropped_while_others_wake_in_a_loop_drops_every_task_once() {
    const TASKS: usize = 16;
    for _ in 0..200 {
        let drops = Arc::default();
        let stop = Arc::new(AtomicBool::new(false));
        let executor = Executor::new();
        let wakers: Arc<Mutex<Vec<Waker>>> = Arc::default();
        for _ in 0..TASKS {
            let (guard, wakers) = (counter(&drops), wakers.clone());
            let mut first = true;
            executor
                .spawn(poll_fn(move |cx| {
                    let _guard = &guard;
                    if std::mem::take(&mut first) {
                        wakers.lock().unwrap().push(cx.waker().clone());
                    }
                    Poll::<()>::Pending
                }))
                .detach();
        }
        run_all(&executor);
        let wakers: Arc<Vec<Waker>> = Arc::new(std::mem::take(&mut *wakers.lock().unwrap()));
        let wakes = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (stop, wakers, wakes) = (stop.clone(), wakers.clone(), wakes.clone());
                thread::spawn(move || {
                    while !stop.load(SeqCst) {
                        wakers.iter().for_each(Waker::wake_by_ref);
                        wakes.fetch_add(1, SeqCst);
                    }
                })
            })
            .collect();
        while wakes.load(SeqCst) < 2 {
            block_on(executor.run(yield_now()));
        }
        drop(executor);
        assert_eq!(drops.load(SeqCst), TASKS);
        stop.store(true, SeqCst);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

#[test]
fn the_waker_of_a_sleeping_run_may_wake_tasks_itself() {
    struct Sets(Signal);

    impl Wake for Sets {
        fn wake(self: Arc<Self>) {
            self.0.set();
        }
    }

    let executor = Executor::new();
    let (first, second) = (Signal::default(), Signal::default());
    let tasks = [&first, &second].map(|signal| executor.spawn(signal.clone().wait()));
    let mut run = pin!(executor.run(async {
        for task in tasks {
            task.await;
        }
    }));
    let waker = Waker::from(Arc::new(Sets(second)));
    let cx = &mut Context::from_waker(&waker);
    assert!(run.as_mut().poll(cx).is_pending());
    thread::spawn(move || first.set()).join().unwrap();
    // Once to run the tasks, once more because they woke it, being awaited.
    assert!((0..3).any(|_| run.as_mut().poll(cx).is_ready()), "both tasks were woken");
}
