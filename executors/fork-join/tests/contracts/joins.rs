//! `join`: what is called, where, and what comes back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use mini_executor_fork_join::{Signal, ThreadPool, ThreadPoolBuilder, Worker, join};

use crate::support::{Flag, PATIENCE, join_stolen, pool, wait_until};

fn fib(worker: &Worker, n: u32) -> u64 {
    if n < 2 {
        return n.into();
    }
    let (a, b) = worker.join(|worker| fib(worker, n - 1), |worker| fib(worker, n - 2));
    a + b
}

#[test]
fn both_halves_are_called_and_return() {
    let pool = ThreadPool::new();
    assert_eq!(pool.join(|| 1, || "two"), (1, "two"));
    assert_eq!(pool.lend(|worker| worker.join(|_| 1, |_| "two")), (1, "two"));
}

#[test]
fn without_a_pool_a_free_join_calls_one_after_the_other() {
    assert_eq!(join(|| thread::current().id(), || 2), (thread::current().id(), 2));
    let pool = ThreadPool::new();
    let index = || pool.current_thread_index();
    assert_eq!(pool.lend(|_| join(index, index)), (Some(0), Some(0)));
}

#[test]
fn a_recursion_gives_the_same_on_any_number_of_threads() {
    for threads in [0, 1, 3] {
        let pool = if threads == 0 { ThreadPool::new() } else { pool(threads) };
        assert_eq!(pool.lend(|worker| fib(worker, 22)), 17_711, "{threads} threads");
    }
}

#[test]
fn a_hungry_worker_gets_the_second_half() {
    let pool = pool(1);
    let (here, there) = pool
        .lend(|worker| join_stolen(worker, |_| thread::current().id(), |_| thread::current().id()));
    assert_eq!(here, thread::current().id());
    assert_ne!(here, there);
}

#[test]
fn the_worker_that_is_passed_is_the_one_that_runs() {
    let pool = pool(1);
    pool.lend(|worker| {
        let index = worker.index();
        let (here, there) = join_stolen(worker, Worker::index, Worker::index);
        assert_eq!(here, index);
        assert_ne!(there, index);
        assert!(there < 2);
    });
}

#[test]
fn the_oldest_half_is_given_first() {
    let pool = pool(1);
    let order = std::sync::Mutex::new(Vec::new());
    pool.lend(|worker| {
        worker.join(
            |worker| {
                worker.join(
                    |worker| {
                        join_stolen(worker, |_| {}, |_| order.lock().unwrap().push("innermost"));
                    },
                    |_| order.lock().unwrap().push("inner"),
                );
            },
            |_| order.lock().unwrap().push("outer"),
        );
    });
    // By the time the innermost was taken, the others had been.
    assert_eq!(*order.lock().unwrap(), ["outer", "inner", "innermost"]);
}

#[test]
fn what_the_halves_borrow_is_there() {
    let pool = pool(2);
    let mut numbers: Vec<u64> = (0..10_000).rev().collect();
    fn sort(worker: &Worker, numbers: &mut [u64]) {
        if numbers.len() > 16 {
            let middle = numbers.len() / 2;
            numbers.select_nth_unstable(middle);
            let (left, right) = numbers.split_at_mut(middle);
            worker.join(|worker| sort(worker, left), |worker| sort(worker, right));
        } else {
            numbers.sort_unstable();
        }
    }
    pool.lend(|worker| sort(worker, &mut numbers));
    assert!(numbers.is_sorted());
}

#[test]
fn deep_recursion_to_the_left_can_be_shared_to_the_last_half() {
    // The first half is the recursion, so thousands of second halves wait in the list.
    fn chain(worker: &Worker, depth: usize, calls: &AtomicUsize) {
        if depth > 0 {
            worker.join(
                |worker| chain(worker, depth - 1, calls),
                |_| {
                    calls.fetch_add(1, Ordering::Relaxed);
                },
            );
        }
    }
    let builder = ThreadPoolBuilder::new().num_threads(3).stack_size(256 << 20);
    let pool = builder.start_threads().unwrap();
    let calls = AtomicUsize::new(0);
    pool.install(|| pool.lend(|worker| chain(worker, 50_000, &calls)));
    assert_eq!(calls.into_inner(), 50_000);
}

#[test]
fn join_context_says_what_has_moved() {
    let pool = pool(1);
    let moved = pool.lend(|worker| {
        let mut moved = None;
        while moved != Some(true) {
            worker.share();
            let (here, there) = pool.join_context(
                |context| {
                    worker_shares(&pool);
                    context.migrated()
                },
                |context| context.migrated(),
            );
            assert!(!here);
            moved = Some(there);
        }
        moved
    });
    assert_eq!(moved, Some(true));
    // From outside, both have.
    assert_eq!(pool.join_context(|a| a.migrated(), |b| b.migrated()), (true, true));
}

fn worker_shares(pool: &ThreadPool) {
    pool.lend(|worker| {
        for _ in 0..100 {
            worker.share();
            thread::yield_now();
        }
    });
}

#[test]
fn a_half_that_nobody_took_is_not_called_if_the_first_panics() {
    let pool = ThreadPool::new();
    let dropped = Flag::new();
    let called = Flag::new();
    let guard = crate::support::SetOnDrop(&dropped);
    let message = crate::support::panic_of(|| {
        pool.lend(|worker| {
            worker.join(
                |_| panic!("first"),
                |_| {
                    let _guard = guard;
                    called.set();
                },
            )
        })
    });
    assert_eq!(message, "first");
    assert!(dropped.is_set() && !called.is_set());
}

/// Calls nothing but joins, for ever unless `until` is given.
fn endless(worker: &Worker, depth: u32, at_leaf: &(dyn Fn(&Worker) + Sync), until: &Flag) {
    if depth == 0 || until.is_set() {
        at_leaf(worker);
        return;
    }
    worker.join(
        |worker| endless(worker, depth - 1, at_leaf, until),
        |worker| endless(worker, depth - 1, at_leaf, until),
    );
}

#[test]
fn short_joins_are_shared_with_a_worker_that_comes_later() {
    let pool = ThreadPool::new();
    let (leaves, moved, stop) = (AtomicUsize::new(0), Flag::new(), Signal::new());
    let began = Instant::now();
    thread::scope(|threads| {
        threads.spawn(|| {
            wait_until("it computes, alone", || leaves.load(Ordering::Relaxed) > 100_000);
            pool.run_until(&stop);
        });
        pool.lend(|worker| {
            let here = worker.index();
            let at_leaf = |worker: &Worker| {
                let leaf = leaves.fetch_add(1, Ordering::Relaxed);
                if worker.index() != here || leaf % 1024 == 0 && began.elapsed() > PATIENCE {
                    moved.set();
                }
            };
            endless(worker, 12, &|_| {}, &moved); // it is seen that they are short
            endless(worker, 60, &at_leaf, &moved);
        });
        stop.give();
    });
    assert!(began.elapsed() < PATIENCE, "the other worker was given nothing");
}

#[test]
fn short_joins_are_shared_with_several_although_one_has_got_some() {
    let pool = pool(3);
    let seen = [const { AtomicUsize::new(0) }; 4];
    let done = Flag::new();
    let began = Instant::now();
    pool.lend(|worker| {
        let at_leaf = |worker: &Worker| {
            let before = seen[worker.index()].fetch_add(1, Ordering::Relaxed);
            let all = || seen.iter().all(|seen| seen.load(Ordering::Relaxed) > 0);
            if before % 1024 == 0 && (all() || began.elapsed() > PATIENCE) {
                done.set();
            }
        };
        endless(worker, 12, &|_| {}, &done); // it is seen that they are short
        endless(worker, 60, &at_leaf, &done);
    });
    assert!(began.elapsed() < PATIENCE, "not all workers were given something");
}
