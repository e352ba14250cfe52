//! Panics: in either half, taken or not, in scopes, in futures, in destructors. None may pass
//! something that another thread uses, and none may be lost.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use mini_executor_fork_join::{ThreadPool, Worker};

use crate::support::{Flag, SetOnDrop, join_stolen, panic_of, pool, share_until};

#[test]
fn the_first_half_panics_while_the_second_runs_elsewhere() {
    let pool = pool(1);
    let done = Flag::new();
    let message = panic_of(|| {
        pool.lend(|worker| {
            join_stolen(
                worker,
                |_| panic!("first"),
                |_| {
                    thread::sleep(Duration::from_millis(20));
                    done.set();
                },
            )
        })
    });
    assert_eq!(message, "first");
    assert!(done.is_set(), "the join ended before its second half");
}

#[test]
fn the_second_half_panics_elsewhere() {
    let pool = pool(1);
    let message = panic_of(|| {
        pool.lend(|worker| join_stolen(worker, |_| {}, |_| panic!("second, elsewhere")))
    });
    assert_eq!(message, "second, elsewhere");
}

#[test]
fn the_second_half_panics_here() {
    let pool = ThreadPool::new();
    assert_eq!(panic_of(|| pool.join(|| {}, || panic!("second, here"))), "second, here");
}

/// The case that a join without `catch_unwind` around both halves gets wrong: what the outer join
/// gave away is still running when the inner half unwinds.
#[test]
fn the_second_half_panics_here_while_an_outer_one_runs_elsewhere() {
    let pool = pool(1);
    let (entered, leave, left) = (Flag::new(), Flag::new(), Flag::new());
    let message = panic_of(|| {
        pool.lend(|worker| {
            let on_this_stack = String::from("still here");
            worker.join(
                |worker| {
                    share_until(worker, "the outer half is taken", || entered.is_set());
                    let inner = || worker.join(|_| {}, |_| panic!("inner"));
                    let panicked = catch_unwind(AssertUnwindSafe(inner)).unwrap_err();
                    leave.set();
                    resume_unwind(panicked)
                },
                |_| {
                    entered.set();
                    crate::support::wait_until("the inner half panics", || leave.is_set());
                    thread::sleep(Duration::from_millis(5));
                    assert_eq!(on_this_stack, "still here");
                    left.set();
                },
            )
        })
    });
    assert_eq!(message, "inner");
    assert!(left.is_set());
}

#[test]
fn of_two_panics_the_first_halfs_goes_on() {
    let pool = pool(1);
    let message = panic_of(|| {
        pool.lend(|worker| join_stolen(worker, |_| panic!("first"), |_| panic!("second")))
    });
    assert_eq!(message, "first");
}

#[test]
fn a_payload_that_panics_when_it_is_dropped_ends_there() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("the payload");
        }
    }
    let pool = pool(1);
    let message = panic_of(|| {
        pool.lend(|worker| {
            join_stolen(worker, |_| panic!("first"), |_| std::panic::panic_any(Bomb))
        })
    });
    assert_eq!(message, "first");
    assert_eq!(pool.install(|| 1), 1, "the pool goes on");
}

#[test]
fn panics_everywhere_in_a_recursion_leave_the_pool_whole() {
    fn storm(worker: &Worker, depth: u32, seed: u32, calls: &AtomicUsize) {
        calls.fetch_add(1, Ordering::Relaxed);
        if depth == 0 {
            assert!(seed % 7 != 0, "one in seven");
            return;
        }
        worker.join(
            |worker| storm(worker, depth - 1, seed * 3 + 1, calls),
            |worker| storm(worker, depth - 1, seed * 5 + 2, calls),
        );
    }
    let pool = pool(2);
    std::panic::set_hook(Box::new(|_| {})); // thousands of them
    for seed in 0..200 {
        let calls = AtomicUsize::new(0);
        let run = || pool.lend(|worker| storm(worker, 6, seed, &calls));
        let _ = catch_unwind(AssertUnwindSafe(run));
        assert!(calls.into_inner() > 0);
    }
    let _ = std::panic::take_hook();
    assert_eq!(pool.join(|| 1, || 2), (1, 2));
}

#[test]
fn a_scope_ends_after_all_and_throws_the_first_panic() {
    let pool = pool(2);
    let ended = AtomicUsize::new(0);
    let message = panic_of(|| {
        pool.scope(|scope| {
            for number in 0..50 {
                let ended = &ended;
                scope.spawn(move |_| {
                    ended.fetch_add(1, Ordering::SeqCst);
                    assert!(number % 10 != 3, "a closure");
                });
            }
        })
    });
    assert_eq!(message, "a closure");
    assert_eq!(ended.into_inner(), 50);
}

#[test]
fn a_panic_in_the_body_of_a_scope_goes_before_those_of_its_closures() {
    let pool = ThreadPool::new();
    let ran = Flag::new();
    let message = panic_of(|| {
        pool.scope(|scope| {
            scope.spawn(|_| {
                ran.set();
                panic!("a closure");
            });
            panic!("the body");
        })
    });
    assert_eq!(message, "the body");
    assert!(ran.is_set(), "what was spawned is run all the same");
}

#[test]
fn a_task_that_panics_does_so_where_it_is_awaited() {
    let pool = pool(1);
    let task = pool.spawn_future(async { panic!("a task") });
    assert_eq!(panic_of(|| pool.block_on(task)), "a task");
    let call = pool.run(|| panic!("a closure"));
    assert_eq!(panic_of(|| pool.block_on(call)), "a closure");
    assert_eq!(pool.install(|| 1), 1, "the pool goes on");
}

#[test]
fn a_future_that_panics_when_it_is_dropped_harms_nobody() {
    struct Bomb(Arc<Flag>);
    impl Drop for Bomb {
        fn drop(&mut self) {
            self.0.set();
            panic!("the destructor");
        }
    }
    let flag = Arc::new(Flag::new());
    let bomb = Bomb(flag.clone());
    let pool = pool(1);
    let task = pool.spawn_future(async move {
        let _bomb = bomb;
        std::future::pending::<()>().await;
    });
    pool.block_on(async {
        futures_lite::future::yield_now().await;
        drop(task);
    });
    crate::support::wait_until("the future is dropped", || flag.is_set());
    assert_eq!(pool.install(|| 1), 1, "the pool goes on");
}

#[test]
fn a_future_of_a_scope_that_panics_does_so_where_it_is_awaited_or_where_the_scope_ends() {
    let pool = ThreadPool::new();
    let message = panic_of(|| {
        pool.scope(|scope| {
            let task = scope.spawn_future(async { panic!("awaited") });
            let message = panic_of(|| pool.block_on(task));
            assert_eq!(message, "awaited");
            scope.spawn_future(async { panic!("detached") }).detach();
        })
    });
    assert_eq!(message, "detached");
}

#[test]
fn a_future_of_a_scope_that_panics_when_it_is_dropped_does_not_keep_the_scope() {
    struct Bomb<'a>(#[expect(dead_code, reason = "drops")] SetOnDrop<'a>);
    impl Drop for Bomb<'_> {
        fn drop(&mut self) {
            panic!("the destructor");
        }
    }
    let pool = ThreadPool::new();
    let flag = Flag::new();
    pool.scope(|scope| {
        let bomb = Bomb(SetOnDrop(&flag));
        drop(scope.spawn_future(async move {
            let _bomb = &bomb;
            std::future::pending::<()>().await;
        }));
    });
    assert!(flag.is_set());
}

#[test]
fn a_spawned_closure_that_panics_goes_to_the_handler() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let pool = ThreadPool::new().with_panic_handler(move |payload| {
        sender.lock().unwrap().send(crate::support::message(payload)).unwrap();
    });
    let pool = mini_executor_fork_join::ThreadPoolBuilder::new()
        .pool(pool)
        .num_threads(1)
        .start_threads()
        .unwrap();
    pool.spawn(|| panic!("nobody waits"));
    assert_eq!(receiver.recv_timeout(crate::support::PATIENCE).unwrap(), "nobody waits");
    pool.spawn_broadcast(|_| panic!("a broadcast"));
    assert_eq!(receiver.recv_timeout(crate::support::PATIENCE).unwrap(), "a broadcast");
}

#[test]
fn a_closure_of_lend_that_panics_leaves_the_pool() {
    let pool = ThreadPool::new();
    assert_eq!(panic_of(|| pool.lend(|_| panic!("lent"))), "lent");
    assert_eq!(pool.current_thread_index(), None);
    assert_eq!(pool.current_num_threads(), 1);
    assert_eq!(pool.lend(|worker| worker.num_threads()), 1);
}
