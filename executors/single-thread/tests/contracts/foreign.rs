//! What happens when tasks are woken, awaited or cancelled on other threads.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use futures_lite::future::{block_on, yield_now};
use mini_executor_single_thread::LocalExecutor;

use crate::support::{Signal, run_all, sleep};

/// Asserts when dropped that it never left its thread.
struct Resident(ThreadId, Rc<Cell<usize>>);

impl Resident {
    fn new(drops: &Rc<Cell<usize>>) -> Self {
        Resident(thread::current().id(), drops.clone())
    }

    fn check(&self) {
        assert_eq!(self.0, thread::current().id());
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        self.check();
        self.1.set(self.1.get() + 1);
    }
}

#[test]
fn a_storm_of_foreign_wakes_loses_none_and_moves_none() {
    const TASKS: usize = if cfg!(miri) { 8 } else { 64 };
    const ROUNDS: usize = if cfg!(miri) { 5 } else { 200 };
    let drops = Rc::new(Cell::new(0));
    let executor = LocalExecutor::new();
    let (sender, receiver) = std::sync::mpsc::channel::<Signal>();
    let receiver = Arc::new(std::sync::Mutex::new(receiver));
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
        let (resident, sender) = (Resident::new(&drops), sender.clone());
        tasks.push(executor.spawn(async move {
            for _ in 0..ROUNDS {
                let signal = Signal::default();
                sender.send(signal.clone()).unwrap();
                signal.wait().await;
                resident.check();
            }
            n
        }));
    }
    drop(sender);
    let join = async {
        let mut sum = 0;
        for (index, task) in tasks.into_iter().enumerate() {
            sum += if index % 2 == 0 { task.await } else { executor.spawn(task).await };
        }
        sum
    };
    assert_eq!(executor.block_on(join), (0..TASKS).sum());
    assert_eq!(drops.get(), TASKS);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_foreign_wake_ends_the_sleep_of_block_on() {
    let executor = LocalExecutor::new();
    for _ in 0..20 {
        let task = executor.spawn(sleep(Duration::from_micros(300)));
        executor.block_on(task);
    }
    executor.block_on(sleep(Duration::from_millis(5))); // the future itself
}

#[test]
fn a_wake_while_no_runner_is_polled_is_kept() {
    let executor = LocalExecutor::new();
    let signal = Signal::default();
    let task = executor.spawn(signal.clone().wait());
    run_all(&executor);
    signal.set(); // on this thread, outside
    run_all(&executor);
    assert!(task.is_finished());
}

#[test]
fn a_task_may_be_awaited_on_another_thread() {
    let executor = LocalExecutor::new();
    let signal = Signal::default();
    let drops = Rc::new(Cell::new(0));
    let (wait, resident) = (signal.clone().wait(), Resident::new(&drops));
    let task = executor.spawn(async move {
        wait.await;
        resident.check();
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
    assert_eq!(drops.get(), 1);
}

#[test]
fn a_task_cancelled_on_another_thread_is_dropped_on_its_own() {
    let executor = LocalExecutor::new();
    let drops = Rc::new(Cell::new(0));
    let resident = Resident::new(&drops);
    let task = executor.spawn(async move {
        let _resident = resident;
        std::future::pending::<()>().await;
    });
    run_all(&executor);
    let thread = thread::spawn(move || block_on(task.cancel()));
    block_on(executor.tick());
    assert_eq!(drops.get(), 1);
    assert_eq!(thread.join().unwrap(), None);
}

#[test]
fn the_last_waker_dropped_elsewhere_does_not_drop_the_future_there() {
    let drops = Rc::new(Cell::new(0));
    let executor = LocalExecutor::new();
    let resident = Resident::new(&drops);
    let waker: Rc<Cell<Option<Waker>>> = Rc::default();
    let keep = waker.clone();
    executor
        .spawn(poll_fn(move |cx| {
            resident.check();
            keep.set(Some(cx.waker().clone()));
            Poll::<()>::Pending
        }))
        .detach();
    run_all(&executor);
    let waker = waker.take();
    thread::spawn(move || drop(waker)).join().unwrap();
    run_all(&executor);
    drop(executor);
    assert_eq!(drops.get(), 1);
}

#[test]
fn executor_dropped_while_others_wake_in_a_loop() {
    const TASKS: usize = 16;
    let rounds = if cfg!(miri) { 3 } else { 300 };
    for _ in 0..rounds {
        let drops = Rc::new(Cell::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let executor = LocalExecutor::new();
        let wakers: Rc<RefCell<Vec<Waker>>> = Rc::default();
        for _ in 0..TASKS {
            let (resident, wakers) = (Resident::new(&drops), wakers.clone());
            let mut first = true;
            executor
                .spawn(poll_fn(move |cx| {
                    resident.check();
                    if std::mem::take(&mut first) {
                        wakers.borrow_mut().push(cx.waker().clone());
                    }
                    Poll::<()>::Pending
                }))
                .detach();
        }
        run_all(&executor);
        let wakers: Arc<Vec<Waker>> = Arc::new(wakers.take());
        let wakes = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (stop, wakers, wakes) = (stop.clone(), wakers.clone(), wakes.clone());
                thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        wakers.iter().for_each(Waker::wake_by_ref);
                        wakes.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        while wakes.load(Ordering::Relaxed) < 2 {
            block_on(executor.run(yield_now()));
        }
        drop(executor);
        assert_eq!(drops.get(), TASKS, "every task is dropped, and none elsewhere");
        stop.store(true, Ordering::Relaxed);
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

    let executor = LocalExecutor::new();
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
