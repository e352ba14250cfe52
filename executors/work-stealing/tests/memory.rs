//! What a worker at rest keeps. A program of its own, because it counts all that is allocated.

use std::alloc::System;
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use cap::Cap;
use mini_executor_work_stealing::Executor;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

const WORKERS: usize = 16;
const MOST: usize = 64 << 10;
const PATIENCE: Duration = Duration::from_secs(30);

/// Pending, and counts those who have come to it.
fn rest(here: &AtomicUsize) -> impl Future<Output = ()> {
    let mut first = true;
    poll_fn(move |_| {
        here.fetch_add(usize::from(std::mem::take(&mut first)), Ordering::Relaxed);
        Poll::Pending
    })
}

fn until(done: impl Fn() -> bool) {
    while !done() {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_worker_at_rest_keeps_64_kib_at_most() {
    let executor: &'static Executor<'_> = Box::leak(Box::new(Executor::new()));
    executor.spawn(async {}).detach();
    executor.block_on(futures_lite::future::yield_now()); // what the executor has once
    let before = ALLOCATOR.allocated();
    static HERE: AtomicUsize = AtomicUsize::new(0);
    for _ in 0..WORKERS {
        thread::spawn(|| executor.block_on(rest(&HERE)));
    }
    until(|| HERE.load(Ordering::Relaxed) == WORKERS);
    let each = ALLOCATOR.allocated().saturating_sub(before) / WORKERS;
    assert!(each > 0 && each <= MOST, "{each} bytes for each worker that has done nothing");

    // Each worker has thousands of tasks in its queue at once, most of which wait for a while.
    static WAKERS: std::sync::Mutex<Vec<Waker>> = std::sync::Mutex::new(Vec::new());
    for _ in 0..WORKERS {
        let wait_once = || {
            let mut woken = false;
            poll_fn(move |cx| {
                if std::mem::replace(&mut woken, true) {
                    return Poll::Ready(());
                }
                WAKERS.lock().unwrap().push(cx.waker().clone());
                Poll::Pending
            })
        };
        let spawns = async move { (0..4000).for_each(|_| executor.spawn(wait_once()).detach()) };
        executor.spawn(spawns).detach();
    }
    until(|| WAKERS.lock().unwrap().len() == WORKERS * 4000);
    let wakers = std::mem::take(&mut *WAKERS.lock().unwrap());
    wakers.into_iter().for_each(Waker::wake);
    until(|| executor.is_empty());

    // The queues of then have been outgrown, and are freed when every worker has been at one since:
    // some more tasks, as a program has that goes on.
    let each = || ALLOCATOR.allocated().saturating_sub(before) / WORKERS;
    let began = Instant::now();
    while each() > MOST {
        assert!(began.elapsed() < PATIENCE, "{} bytes for each worker after thousands", each());
        for _ in 0..100 {
            executor.spawn(futures_lite::future::yield_now()).detach();
        }
        until(|| executor.is_empty());
    }
}
