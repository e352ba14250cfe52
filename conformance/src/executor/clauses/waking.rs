//! Wakers: from other threads, at any time, and from the reactor.

use std::future::poll_fn;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use mini_reactor::{Deadline, Direction, Registration};

use crate::executor::trial::{Trial, local, work, yield_now};
use crate::threads::start;
use crate::waiting::Flag;

pub(crate) fn a_wake_from_another_thread_reaches_a_sleeping_run(trial: &Trial) {
    let executor = trial.executor();
    for round in 0..trial.times(20) {
        let flag = Flag::default();
        let raised = flag.clone();
        let task = executor.spawn(work(async move {
            raised.raised().await;
            1
        }));
        let waker = start("a thread that wakes a task", move || {
            thread::sleep(Duration::from_micros(100 * (round as u64 % 4)));
            flag.raise();
        });
        assert_eq!(trial.run("a task that another thread has woken", &*executor, task), 1);
        waker.join(trial.patience());
    }
}

pub(crate) fn a_wake_while_nobody_runs_is_kept(trial: &Trial) {
    let executor = trial.executor();
    for elsewhere in [false, true] {
        let flag = Flag::default();
        let raised = flag.clone();
        let task = executor.spawn(work(async move {
            raised.raised().await;
            1
        }));
        trial.run_all(&*executor);
        assert!(!task.is_finished(), "nobody has woken it");
        if elsewhere {
            start("a thread that wakes a task", move || flag.raise()).join(trial.patience());
        } else {
            flag.raise();
        }
        trial.run_all(&*executor);
        assert!(task.is_finished(), "it was woken, and everything that could run has run");
    }
}

/// A task that counts its polls, runs something in each, and never ends.
fn counts(
    mut during: impl FnMut(&Waker) + Send + 'static,
) -> (crate::executor::Work, Arc<AtomicU64>) {
    let polls = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&polls);
    let future = poll_fn(move |cx| {
        count.fetch_add(1, Relaxed);
        during(cx.waker());
        Poll::Pending
    });
    (work(future), polls)
}

pub(crate) fn a_wake_during_a_poll_leads_to_another(trial: &Trial) {
    let executor = trial.executor();
    let mut left = 3;
    let (future, polls) = counts(move |waker| {
        if left > 0 {
            left -= 1;
            waker.wake_by_ref();
            waker.wake_by_ref();
        }
    });
    let task = executor.spawn(future);
    trial.run_all(&*executor);
    assert_eq!(polls.load(Relaxed), 4, "polls, three of which have woken the task itself");
    drop(task);
}

pub(crate) fn wakes_before_a_poll_are_one(trial: &Trial) {
    let executor = trial.executor();
    let waker = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&waker);
    let (future, polls) = counts(move |waker| {
        *keep.lock().expect("nobody panics under it") = Some(waker.clone());
    });
    let task = executor.spawn(future);
    trial.run_all(&*executor);
    let waker: Waker =
        waker.lock().expect("nobody panics under it").clone().expect("it was polled");
    for round in 2..5 {
        for _ in 0..3 {
            waker.wake_by_ref();
            let other = waker.clone();
            start("a thread that wakes a task", move || other.wake()).join(trial.patience());
        }
        trial.run_all(&*executor);
        assert_eq!(polls.load(Relaxed), round, "polls of a task that was woken six times each");
    }
    drop(task);
}

pub(crate) fn a_storm_of_wakes_loses_none(trial: &Trial) {
    let (tasks, rounds) = (32, trial.times(100));
    let executor = trial.executor();
    let (sender, receiver) = mpsc::channel::<Flag>();
    let receiver = Arc::new(Mutex::new(receiver));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let receiver = Arc::clone(&receiver);
            start("a thread that wakes tasks", move || {
                loop {
                    let flag = receiver.lock().expect("nobody panics under it").recv();
                    let Ok(flag) = flag else { break };
                    flag.raise();
                }
            })
        })
        .collect();
    let handles: Vec<_> = (0..tasks)
        .map(|_| {
            let sender = sender.clone();
            executor.spawn(work(async move {
                for _ in 0..rounds {
                    let flag = Flag::default();
                    sender.send(flag.clone()).expect("the threads live");
                    flag.raised().await;
                }
                1
            }))
        })
        .collect();
    drop(sender);
    let sum = async {
        let mut sum = 0;
        for handle in handles {
            sum += handle.await;
        }
        sum
    };
    let what = "tasks that three threads wake again and again";
    assert_eq!(trial.run(what, &*executor, sum), tasks);
    threads.into_iter().for_each(|thread| thread.join(trial.patience()));
}

pub(crate) fn a_task_may_be_awaited_on_another_thread(trial: &Trial) {
    let executor = trial.executor();
    let task = executor.spawn(work(async {
        yield_now().await;
        6
    }));
    let cancelled = executor.spawn(work(std::future::pending()));
    trial.run_all(&*executor);
    let context = trial.context().clone();
    let other = start("a thread that awaits and cancels tasks", move || {
        let output = context.wait("a task of another thread's executor", task);
        let none = context.wait("a task that is being cancelled", cancelled.cancel());
        (output, none)
    });
    let mut ended = None;
    trial.repeat("the end of tasks that another thread awaits and cancels", || {
        executor.try_tick();
        match other.wait(Duration::from_millis(1)) {
            crate::threads::End::Returned(output) => ended = Some(output),
            crate::threads::End::Panicked(payload) => std::panic::resume_unwind(payload),
            crate::threads::End::Hangs => {}
        }
        ended.is_some()
    });
    assert_eq!(ended, Some((6, None)));
}

pub(crate) fn block_on_drives_the_reactor(trial: &Trial) {
    let executor = trial.executor();
    let timer = executor.spawn(work(async {
        let mut deadline = Deadline::after(Duration::from_millis(2));
        poll_fn(|cx| deadline.poll(cx)).await;
        3
    }));
    let (here, there) = crate::os::tcp_pair().expect("a pair of sockets");
    let reader = executor.spawn(work(async move {
        let (here, mut bytes) = (Registration::new(here), [0; 8]);
        let reading = here.io(Direction::Read, |mut io| io.read(&mut bytes));
        reading.await.expect("reading does not fail") as u64
    }));
    trial.note("a timer and a socket, in `block_on`");
    let sum = executor.block_on(local(async {
        let (timer, there) = (timer.await, Registration::new(there));
        let writing = there.io(Direction::Write, |mut io| io.write(b"abcd"));
        assert_eq!(writing.await.expect("writing does not fail"), 4);
        timer + reader.await
    }));
    assert_eq!(sum, 7);
}

pub(crate) fn a_wake_from_another_thread_ends_the_sleep_of_block_on(trial: &Trial) {
    let executor = trial.executor();
    for round in 0..trial.times(20) {
        let (to_task, to_future) = (Flag::default(), Flag::default());
        let raised = to_task.clone();
        let task = executor.spawn(work(async move {
            raised.raised().await;
            1
        }));
        let waits = to_future.clone();
        let waker = start("a thread that wakes a task", move || {
            thread::sleep(Duration::from_micros(100 * (round as u64 % 4)));
            to_task.raise();
            to_future.raise();
        });
        trial.note("a task and a future that another thread has woken, in `block_on`");
        let output = executor.block_on(local(async {
            waits.raised().await;
            task.await
        }));
        assert_eq!(output, 1);
        waker.join(trial.patience());
    }
}
