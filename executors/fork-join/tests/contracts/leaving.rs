//! Threads that leave, or are not polled again, when they have just been given or called for
//! something: nothing of it is lost. And threads that wait elsewhere keep nothing to themselves.

use std::future::{Future, pending};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use futures_lite::future::{block_on, yield_now};
use mini_executor_fork_join::{Signal, ThreadPool};

use crate::support::{Flag, panic_of, pool, share_until, wait_until};

#[test]
fn a_worker_that_leaves_with_a_job_in_its_place_passes_it_on() {
    let pool = ThreadPool::new();
    for _ in 0..300 {
        let leave = Signal::new();
        let calls = AtomicUsize::new(0);
        thread::scope(|threads| {
            threads.spawn(|| {
                pool.lend(|_| {
                    pool.block_on(leave.given());
                    // Lent still, and looks at nothing any more.
                    wait_until("the scope is over", || calls.load(Ordering::SeqCst) == 2);
                });
            });
            wait_until("the other one is lent", || pool.current_num_threads() == 1);
            pool.in_place_scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|_| {
                        calls.fetch_add(1, Ordering::SeqCst);
                    });
                }
                leave.give(); // it may have been given a job just before
            });
        });
        assert_eq!(calls.into_inner(), 2);
    }
}

#[test]
fn a_call_that_reached_a_worker_that_leaves_is_answered_by_another() {
    let pool = pool(1);
    let done = Flag::new();
    thread::scope(|threads| {
        threads.spawn(|| {
            while !done.is_set() {
                pool.block_on(yield_now());
                pool.block_on(mini_async::Timer::after(Duration::from_micros(20)));
            }
        });
        for number in 0..500 {
            assert_eq!(pool.install(|| number), number);
        }
        done.set();
    });
}

#[test]
fn a_closure_that_reached_a_run_that_is_dropped_is_called_by_another() {
    let pool = ThreadPool::new();
    let stop = Signal::new();
    thread::scope(|threads| {
        threads.spawn(|| pool.run_until(&stop));
        wait_until("the worker is there", || format!("{pool:?}").contains("lent: 1"));
        for _ in 0..20 {
            thread::sleep(Duration::from_millis(2)); // so that it sleeps, most likely
            let executor = pool.executor();
            let mut sleeping = Box::pin(executor.run(pending::<()>()));
            let mut cx = Context::from_waker(Waker::noop());
            assert!(sleeping.as_mut().poll(&mut cx).is_pending());
            let called = Arc::new(Flag::new());
            let flag = called.clone();
            pool.spawn(move || flag.set()); // calls the one that slept last
            drop(sleeping);
            wait_until("another one calls it", || called.is_set());
        }
        stop.give();
    });
}

#[test]
fn a_task_spawned_by_a_thread_that_is_lent_and_does_not_come_to_it_is_polled_elsewhere() {
    let pool = pool(1);
    let polled = Arc::new(Flag::new());
    let flag = polled.clone();
    pool.lend(|_| {
        pool.spawn_future(async move { flag.set() }).detach();
        wait_until("the other thread polls it", || polled.is_set());
    });
}

#[test]
fn a_run_that_is_not_polled_again_keeps_no_job() {
    let pool = ThreadPool::new();
    let executor = pool.executor();
    let mut sleeping = Box::pin(executor.run(pending::<()>()));
    let mut cx = Context::from_waker(Waker::noop());
    let stop = Signal::new();
    thread::scope(|threads| {
        threads.spawn(|| pool.run_until(&stop));
        for _ in 0..20 {
            assert!(sleeping.as_mut().poll(&mut cx).is_pending());
            let called = Flag::new();
            pool.lend(|worker| {
                worker.join(
                    |worker| share_until(worker, "the half is taken", || called.is_set()),
                    |_| called.set(),
                );
            });
        }
        stop.give();
    });
}

#[test]
fn a_thread_that_waits_in_another_pool_leaves_its_jobs_to_others() {
    let (first, second) = (pool(1), pool(1));
    let (busy, release, ran) = (Arc::new(Flag::new()), Arc::new(Flag::new()), Flag::new());
    let (theirs, free) = (busy.clone(), release.clone());
    first.spawn(move || {
        theirs.set();
        wait_until("the first pool's thread is let go", || free.is_set());
    });
    wait_until("the first pool's thread is busy", || busy.is_set());
    first.lend(|worker| {
        worker.join(
            |_| {
                second.install(|| {
                    release.set();
                    wait_until("the half is called meanwhile", || ran.is_set());
                });
            },
            |_| ran.set(),
        );
    });
}

#[test]
fn a_lock_is_not_met_again_on_top_of_a_future_of_the_scope() {
    let pool = pool(2);
    let lock = std::sync::Mutex::new(0);
    for _ in 0..50 {
        pool.in_place_scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|_| *lock.lock().unwrap() += 1);
                let (pool, lock) = (&pool, &lock);
                scope
                    .spawn_future(async move {
                        let mut guard = lock.lock().unwrap();
                        let (a, b) = pool.join(|| 1, || 1);
                        *guard += a + b;
                    })
                    .detach();
            }
        });
    }
    assert_eq!(lock.into_inner().unwrap(), 50 * 4 * 3);
}

#[test]
fn a_panic_that_is_there_when_a_future_is_detached_goes_on_there() {
    let pool = ThreadPool::new();
    let message = panic_of(|| {
        pool.scope(|scope| {
            let mut task = Box::pin(scope.spawn_future(async { panic!("early") }));
            // Polled once, so that it is over, but not awaited.
            let mut cx = Context::from_waker(Waker::noop());
            if task.as_mut().poll(&mut cx).is_pending() {
                while !task.is_finished() {
                    block_on(pool.executor().tick());
                }
            }
            std::pin::Pin::into_inner(task).detach();
        })
    });
    assert_eq!(message, "early");
}

#[test]
fn a_closure_that_is_never_called_and_panics_when_it_is_dropped_harms_nobody() {
    struct Bomb(Arc<Flag>);
    impl Drop for Bomb {
        fn drop(&mut self) {
            self.0.set();
            panic!("the destructor");
        }
    }
    let dropped = Arc::new(Flag::new());
    let bomb = Bomb(dropped.clone());
    let pool = ThreadPool::new();
    pool.spawn(move || drop(bomb));
    drop(pool);
    assert!(dropped.is_set());
}
