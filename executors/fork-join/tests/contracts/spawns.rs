//! Closures that nobody waits for.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;

use mini_executor_fork_join::{Signal, ThreadPool};

use crate::support::{Flag, PATIENCE, pool, wait_until};

#[test]
fn a_spawned_closure_is_called_by_a_thread_that_is_lent() {
    let pool = pool(1);
    let (sender, receiver) = channel();
    pool.spawn(move || sender.send(thread::current().id()).unwrap());
    assert_ne!(receiver.recv_timeout(PATIENCE).unwrap(), thread::current().id());
}

#[test]
fn spawned_closures_begin_in_order() {
    let pool = ThreadPool::new();
    let (sender, receiver) = channel();
    for number in 0..100 {
        let sender = sender.clone();
        pool.spawn_fifo(move || sender.send(number).unwrap());
    }
    while pool.executor().try_tick() {}
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
}

#[test]
fn a_closure_waits_for_a_thread_to_be_lent() {
    let pool = ThreadPool::new();
    let called = Arc::new(Signal::new());
    let signal = called.clone();
    pool.spawn(move || signal.give());
    assert!(!called.is_given());
    pool.run_until(&called);
}

#[test]
fn a_closure_does_not_run_on_top_of_a_computation() {
    let pool = Arc::new(ThreadPool::new());
    let called = Arc::new(Flag::new());
    let flag = called.clone();
    pool.spawn(move || flag.set());
    pool.lend(|worker| {
        worker.scope(|scope| {
            for _ in 0..100 {
                scope.spawn(|_| {});
                worker.join(|_| {}, |_| {});
            }
        });
        assert!(!called.is_set());
    });
    while pool.executor().try_tick() {}
    assert!(called.is_set());
}

#[test]
fn closures_spawn_closures() {
    let pool = Arc::new(pool(2));
    let (sender, receiver) = channel();
    fn spawn(pool: &Arc<ThreadPool>, depth: u32, sender: std::sync::mpsc::Sender<()>) {
        let weak = Arc::downgrade(pool);
        pool.spawn(move || {
            if let (Some(pool), 1..) = (weak.upgrade(), depth) {
                spawn(&pool, depth - 1, sender.clone());
                spawn(&pool, depth - 1, sender.clone());
            }
            sender.send(()).unwrap();
        });
    }
    spawn(&pool, 7, sender);
    for _ in 0..(1 << 8) - 1 {
        receiver.recv_timeout(PATIENCE).unwrap();
    }
}

#[test]
fn yielding_runs_what_there_is() {
    use mini_executor_fork_join::Yield;
    let pool = ThreadPool::new();
    assert_eq!(pool.yield_now(), None);
    let called = Arc::new(Flag::new());
    let flag = called.clone();
    pool.spawn(move || flag.set());
    pool.lend(|worker| {
        assert_eq!(worker.yield_local(), Yield::Idle);
        assert_eq!(worker.yield_now(), Yield::Executed);
        assert!(called.is_set());
        assert_eq!(worker.yield_now(), Yield::Idle);
    });
}

#[test]
fn yielding_locally_runs_the_oldest_half() {
    use mini_executor_fork_join::Yield;
    let pool = ThreadPool::new();
    pool.lend(|worker| {
        let called = Flag::new();
        worker.join(
            |worker| {
                assert_eq!(pool.current_thread_has_pending_tasks(), Some(true));
                assert_eq!(worker.yield_local(), Yield::Executed);
                assert!(called.is_set());
                assert_eq!(pool.current_thread_has_pending_tasks(), Some(false));
            },
            |_| called.set(),
        );
    });
    wait_until("nothing", || true);
}
