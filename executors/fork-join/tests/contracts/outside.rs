//! Threads that are not lent: what they ask of the pool, and what happens without any worker.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mini_executor_fork_join::{Signal, ThreadPool, Yield};

use crate::support::{Flag, PATIENCE, pool, wait_until};

#[test]
fn a_closure_is_installed_on_a_thread_that_is_lent() {
    let pool = pool(1);
    let here = thread::current().id();
    assert_ne!(pool.install(|| thread::current().id()), here);
    assert_eq!(pool.install(|| pool.current_thread_index()), Some(0));
    assert_eq!(pool.current_thread_index(), None);
}

#[test]
fn without_any_thread_everything_runs_here() {
    let pool = ThreadPool::new();
    let here = thread::current().id();
    assert_eq!(pool.install(|| thread::current().id()), here);
    assert_eq!(pool.join(|| thread::current().id(), || thread::current().id()), (here, here));
    pool.scope(|scope| scope.spawn(|_| assert_eq!(thread::current().id(), here)));
    assert_eq!(pool.broadcast(|_| thread::current().id()), [here]);
    assert_eq!(pool.block_on(pool.run(|| thread::current().id())), here);
    assert_eq!(pool.current_num_threads(), 1);
}

#[test]
fn on_a_worker_nothing_is_installed() {
    let pool = pool(1);
    let (outer, inner) =
        pool.install(|| (thread::current().id(), pool.install(|| thread::current().id())));
    assert_eq!(outer, inner);
}

#[test]
fn what_is_installed_may_borrow() {
    let pool = pool(2);
    let mut numbers = vec![3, 1, 2];
    let sum: i32 = pool.install(|| {
        numbers.sort_unstable();
        numbers.iter().sum()
    });
    assert_eq!((sum, numbers), (6, vec![1, 2, 3]));
}

#[test]
fn many_threads_come_in_at_once() {
    let pool = pool(2);
    let count = AtomicUsize::new(0);
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..100 {
                    let (a, b) = pool.join(|| 1, || 2);
                    count.fetch_add(a + b, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(count.into_inner(), 4 * 100 * 3);
}

/// A worker says that it is hungry before the closure that it runs is over. If it has something
/// else to do then, it is not the one to be called for the next.
#[test]
fn a_worker_that_ran_a_closure_by_the_way_is_not_called_for_another() {
    let pool = pool(1);
    let (busy, free, ran) = (Flag::new(), Flag::new(), Flag::new());
    pool.lend(|worker| {
        thread::scope(|threads| {
            threads.spawn(|| {
                pool.install(|| {
                    busy.set();
                    wait_until("the other one runs a closure", || free.is_set());
                });
            });
            wait_until("one worker is busy", || busy.is_set());
            let comes = threads.spawn(|| {
                pool.install(|| {
                    free.set();
                    thread::sleep(Duration::from_millis(50)); // it falls asleep meanwhile
                });
                let ran_on = pool.install(|| thread::current().id());
                ran.set();
                ran_on
            });
            wait_until("this one runs a closure", || worker.yield_now() == Yield::Executed);
            let began = Instant::now();
            while !ran.is_set() {
                thread::yield_now();
                if began.elapsed() > PATIENCE / 6 {
                    worker.yield_now(); // or the thread would wait for ever, and this one for it
                }
            }
            assert_ne!(comes.join().unwrap(), thread::current().id());
        });
    });
}

#[test]
fn who_waits_helps_itself_when_the_last_worker_goes() {
    static POOL: ThreadPool = ThreadPool::new();
    let (stop, waits) = (Signal::new(), Flag::new());
    thread::scope(|threads| {
        let lent = threads.spawn(|| {
            POOL.lend(|_| {
                // Lent, but runs nothing of anybody's.
                wait_until("somebody waits outside", || waits.is_set());
                thread::sleep(Duration::from_millis(20));
            });
            stop.give();
        });
        wait_until("the worker is there", || POOL.current_num_threads() == 1 && is_lent(&POOL));
        waits.set();
        assert_eq!(POOL.install(|| thread::current().id()), thread::current().id());
        lent.join().unwrap();
    });
    assert!(stop.is_given());
}

fn is_lent(pool: &ThreadPool) -> bool {
    format!("{pool:?}").contains("lent: 1")
}

#[test]
fn threads_are_lent_until_a_signal() {
    let pool = ThreadPool::new();
    let stop = Signal::new();
    let ids = Mutex::new(Vec::new());
    thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                ids.lock().unwrap().push(thread::current().id());
                pool.run_until(&stop);
            });
        }
        wait_until("both are lent", || pool.current_num_threads() == 2);
        let id = pool.install(|| thread::current().id());
        assert!(ids.lock().unwrap().contains(&id));
        stop.give();
    });
    assert_eq!(pool.current_num_threads(), 1);
    pool.run_until(&stop); // it has been given
}

#[test]
fn numbers_are_used_again() {
    let pool = ThreadPool::new();
    pool.lend(|worker| {
        assert_eq!(worker.index(), 0);
        thread::scope(|threads| {
            for _ in 0..3 {
                let other = threads.spawn(|| pool.lend(|worker| worker.index()));
                assert_eq!(other.join().unwrap(), 1);
            }
        });
    });
    assert_eq!(pool.lend(|worker| worker.index()), 0);
}
