//! Dropping a pool: tasks and closures are dropped, threads end.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};

use mini_executor_fork_join::{ThreadPool, ThreadPoolBuilder};

use crate::support::{pool, wait_until};

struct Count(Arc<AtomicUsize>);

impl Drop for Count {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn tasks_that_wait_and_tasks_that_are_queued_are_dropped() {
    for threads in [0, 2] {
        let dropped = Arc::new(AtomicUsize::new(0));
        let pool = if threads == 0 { ThreadPool::new() } else { pool(threads) };
        for number in 0..100 {
            let count = Count(dropped.clone());
            pool.spawn_future(async move {
                let _count = count;
                if number % 2 == 0 {
                    futures_lite::future::yield_now().await;
                }
                pending::<()>().await;
            })
            .detach();
            if number == 50 {
                assert!((0..20).all(|_| pool.executor().try_tick()) || threads > 0);
            }
        }
        drop(pool);
        assert_eq!(dropped.load(Ordering::SeqCst), 100, "{threads} threads");
    }
}

#[test]
fn closures_that_were_not_called_are_dropped() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let pool = ThreadPool::new();
    let count = Count(dropped.clone());
    pool.spawn(move || {
        let _count = count;
        panic!("nobody calls it");
    });
    drop(pool);
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
}

#[test]
fn a_chain_of_tasks_that_hold_each_other_is_dropped_without_recursion() {
    let pool = ThreadPool::new();
    let mut next = pool.spawn_future(pending::<()>());
    for _ in 0..100_000 {
        let held = next;
        next = pool.spawn_future(async move {
            held.await;
        });
    }
    next.detach();
    drop(pool);
}

#[test]
fn a_waker_that_outlives_the_pool_does_no_harm() {
    let pool = ThreadPool::new();
    let (sender, receiver) = std::sync::mpsc::channel::<Waker>();
    pool.spawn_future(std::future::poll_fn(move |cx| {
        sender.send(cx.waker().clone()).unwrap();
        Poll::<()>::Pending
    }))
    .detach();
    assert!(pool.executor().try_tick());
    let waker = receiver.recv().unwrap();
    drop(pool);
    waker.wake();
    assert!(receiver.recv().is_err(), "the future is gone");
}

#[test]
fn tasks_woken_while_the_pool_is_dropped_are_dropped_all_the_same() {
    for _ in 0..50 {
        let dropped = Arc::new(AtomicUsize::new(0));
        let pool = ThreadPool::new();
        let (sender, receiver) = std::sync::mpsc::channel::<Waker>();
        for _ in 0..10 {
            let (sender, count) = (sender.clone(), Count(dropped.clone()));
            pool.spawn_future(std::future::poll_fn(move |cx| {
                let _count = &count;
                sender.send(cx.waker().clone()).unwrap();
                Poll::<()>::Pending
            }))
            .detach();
        }
        while pool.executor().try_tick() {}
        let wakers: Vec<_> = receiver.try_iter().collect();
        let waking = std::thread::spawn(move || wakers.into_iter().for_each(Waker::wake));
        drop(pool);
        waking.join().unwrap();
        assert_eq!(dropped.load(Ordering::SeqCst), 10);
    }
}

#[test]
fn a_pool_may_be_dropped_by_a_closure_that_runs_in_it() {
    let pool = Arc::new(pool(1));
    let (sender, receiver) = std::sync::mpsc::channel();
    let theirs = pool.clone();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    pool.spawn(move || {
        wait.recv().unwrap();
        drop(theirs);
        sender.send(()).unwrap();
    });
    drop(pool);
    go.send(()).unwrap();
    receiver.recv_timeout(crate::support::PATIENCE).unwrap();
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::SeqCst);
}

#[test]
fn the_threads_of_a_builder_end_with_the_pool() {
    let (started, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (start, end) = (started.clone(), ended.clone());
    let pool = ThreadPoolBuilder::new()
        .num_threads(3)
        .thread_name(|index| format!("worker {index}"))
        .stack_size(256 * 1024)
        .start_handler(move |_| count(&start))
        .exit_handler(move |_| count(&end))
        .start_threads()
        .unwrap();
    assert_eq!(pool.current_num_threads(), 3);
    wait_until("all have started", || started.load(Ordering::SeqCst) == 3);
    let name = pool.install(|| std::thread::current().name().map(str::to_owned));
    assert!(name.unwrap().starts_with("worker "));
    assert_eq!(ended.load(Ordering::SeqCst), 0);
    drop(pool);
    assert_eq!(ended.load(Ordering::SeqCst), 3);
}
