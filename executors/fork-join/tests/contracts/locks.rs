//! What a waiting worker does not do: run something unrelated. Each of these deadlocks or is late
//! where waiting workers take whatever comes.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use mini_executor_fork_join::{ThreadPool, Worker};

use crate::support::{Flag, join_stolen, pool, share_until, wait_until};

/// Many closures take one lock and join while they hold it. A worker that waited in such a join and
/// took another of the closures meanwhile would wait for itself.
#[test]
fn a_lock_may_be_held_across_a_join() {
    let pool = pool(3);
    let lock = Mutex::new(0);
    pool.scope(|scope| {
        for _ in 0..200 {
            scope.spawn(|_| {
                let mut guard = lock.lock().unwrap();
                let (a, b) = pool.join(
                    || {
                        thread::yield_now();
                        1
                    },
                    || {
                        thread::yield_now();
                        1
                    },
                );
                *guard += a + b;
            });
        }
    });
    assert_eq!(lock.into_inner().unwrap(), 400);
}

/// The same, with the wait made certain.
#[test]
fn a_worker_that_waits_for_its_half_takes_no_closure_that_wants_its_lock() {
    let pool = pool(2);
    let lock = Mutex::new(());
    let wanted = Flag::new();
    pool.in_place_scope(|scope| {
        pool.lend(|worker| {
            let guard = lock.lock().unwrap();
            join_stolen(
                worker,
                |_| {
                    // Of the same scope, but not of this join.
                    scope.spawn(|_| {
                        wanted.set();
                        drop(lock.lock().unwrap());
                    });
                },
                |_| thread::sleep(Duration::from_millis(30)),
            );
            drop(guard);
        });
    });
    assert!(wanted.is_set());
}

#[test]
fn a_lock_may_be_held_across_a_scope() {
    let pool = pool(2);
    let lock = Mutex::new(());
    let count = AtomicUsize::new(0);
    pool.scope(|outer| {
        for _ in 0..50 {
            outer.spawn(|_| {
                let _guard = lock.lock().unwrap();
                pool.scope(|inner| {
                    for _ in 0..4 {
                        inner.spawn(|_| {
                            thread::yield_now();
                            count.fetch_add(1, Ordering::Relaxed);
                        });
                    }
                });
            });
        }
    });
    assert_eq!(count.into_inner(), 200);
}

/// The closure goes on for as long as the join is not over; a worker that took it while waiting for
/// the join would never be back.
#[test]
fn a_worker_that_waits_is_not_away_on_something_long() {
    let pool = pool(2);
    let (over, begun) = (Flag::new(), Flag::new());
    pool.in_place_scope(|scope| {
        pool.lend(|worker| {
            scope.spawn(|_| {
                begun.set();
                wait_until("the join is over", || over.is_set());
            });
            share_until(worker, "the long one is taken", || begun.is_set());
            join_stolen(
                worker,
                // Both others are busy now, so this waits in the list of this worker.
                |_| scope.spawn(|_| wait_until("the join is over", || over.is_set())),
                |_| thread::sleep(Duration::from_millis(30)),
            );
            over.set();
        });
    });
}

/// While it waits, it runs parts of what it waits for: else this would never end, because the half
/// that was taken waits for its own first half, which only the waiting worker can run.
#[test]
fn a_worker_that_waits_runs_parts_of_what_it_waits_for() {
    let pool = pool(1);
    let part = Flag::new();
    let here = thread::current().id();
    pool.lend(|worker| {
        join_stolen(
            worker,
            |_| {},
            |worker| {
                worker.join(
                    |worker| share_until(worker, "the part is taken", || part.is_set()),
                    |_| {
                        assert_eq!(thread::current().id(), here, "by the one that waits");
                        part.set();
                    },
                );
            },
        );
    });
}

#[test]
fn parts_of_parts_are_shared_as_well() {
    fn work(worker: &Worker, depth: u32, threads: &Mutex<Vec<thread::ThreadId>>) {
        if depth == 0 {
            thread::sleep(Duration::from_micros(200));
            let id = thread::current().id();
            let mut threads = threads.lock().unwrap();
            if !threads.contains(&id) {
                threads.push(id);
            }
            return;
        }
        worker.join(
            |worker| work(worker, depth - 1, threads),
            |worker| work(worker, depth - 1, threads),
        );
    }
    let pool = pool(3);
    let threads = Mutex::new(Vec::new());
    wait_until("four threads had a part", || {
        pool.lend(|worker| work(worker, 6, &threads));
        threads.lock().unwrap().len() == 4
    });
}

#[test]
fn a_task_does_not_wait_for_a_lock_of_a_computation_in_a_pool_that_does_not_serve() {
    let pool = ThreadPool::new().without_serving();
    let pool = mini_executor_fork_join::ThreadPoolBuilder::new()
        .pool(pool)
        .num_threads(1)
        .start_threads()
        .unwrap();
    let lock = std::sync::Arc::new(Mutex::new(()));
    pool.lend(|worker| {
        let guard = lock.lock().unwrap();
        let (theirs, begun) = (lock.clone(), std::sync::Arc::new(Flag::new()));
        let flag = begun.clone();
        let task = pool.spawn_future(async move {
            flag.set();
            drop(theirs.lock().unwrap());
        });
        // It begins elsewhere, although this worker comes by thousands of joins.
        share_until(worker, "the task has begun", || {
            worker.join(|_| {}, |_| {});
            begun.is_set()
        });
        drop(guard);
        task.detach();
    });
}
