//! Broadcasts: once on each thread, whatever it is doing.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use crate::support::{join_stolen, pool, wait_until};

#[test]
fn each_thread_is_called_once() {
    let pool = pool(3);
    let ids = pool.broadcast(|context| {
        assert_eq!(context.num_threads(), 3);
        thread::current().id()
    });
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 3);
    assert_eq!(pool.broadcast(|context| context.index()), [0, 1, 2]);
}

#[test]
fn threads_are_called_at_the_same_time() {
    let pool = pool(3);
    let barrier = Barrier::new(3);
    pool.broadcast(|_| barrier.wait()); // each waits for the others
}

#[test]
fn a_worker_takes_part_in_its_own_broadcast() {
    let pool = pool(2);
    let ids = pool.install(|| pool.broadcast(|_| thread::current().id()));
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn two_broadcasts_cross() {
    let pool = pool(2);
    for _ in 0..50 {
        let (a, b) = pool.join(|| pool.broadcast(|_| 1).len(), || pool.broadcast(|_| 2).len());
        assert_eq!((a, b), (2, 2));
    }
}

#[test]
fn a_worker_that_waits_for_a_join_is_called_as_well() {
    let pool = pool(1);
    pool.lend(|worker| {
        join_stolen(worker, |_| {}, |_| assert_eq!(pool.broadcast(|_| ()).len(), 2));
    });
}

#[test]
fn a_worker_that_goes_is_called_before() {
    let pool = pool(1);
    let count = Arc::new(AtomicUsize::new(0));
    let theirs = count.clone();
    pool.lend(|_| {
        pool.spawn_broadcast(move |context| {
            assert_eq!(context.num_threads(), 2);
            theirs.fetch_add(1, Ordering::SeqCst);
        });
    });
    wait_until("both were called", || count.load(Ordering::SeqCst) == 2);
}

#[test]
fn a_busy_worker_is_called_when_it_is_done() {
    let pool = pool(2);
    pool.spawn(|| thread::sleep(Duration::from_millis(20)));
    assert_eq!(pool.broadcast(|context| context.index()), [0, 1]);
}
