//! Scopes: what is spawned runs before they end, borrows, and may spawn in turn.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use mini_executor_fork_join::{Scope, ThreadPool};

use crate::support::{Flag, pool, share_until};

#[test]
fn everything_spawned_has_run_when_the_scope_ends() {
    for pool in [ThreadPool::new(), pool(1), pool(3)] {
        let count = AtomicUsize::new(0);
        let result = pool.scope(|scope| {
            for _ in 0..1000 {
                scope.spawn(|_| {
                    count.fetch_add(1, Ordering::Relaxed);
                });
            }
            "result"
        });
        assert_eq!((result, count.into_inner()), ("result", 1000));
    }
}

#[test]
fn closures_spawn_into_the_scope_they_are_in() {
    fn tree<'scope>(scope: &Scope<'scope>, depth: u32, count: &'scope AtomicUsize) {
        count.fetch_add(1, Ordering::Relaxed);
        if depth > 0 {
            scope.spawn(move |scope| tree(scope, depth - 1, count));
            scope.spawn(move |scope| tree(scope, depth - 1, count));
        }
    }
    for pool in [ThreadPool::new(), pool(2)] {
        let count = AtomicUsize::new(0);
        pool.scope(|scope| tree(scope, 10, &count));
        assert_eq!(count.into_inner(), (1 << 11) - 1);
    }
}

#[test]
fn a_hungry_worker_gets_closures_of_a_scope() {
    let pool = pool(1);
    let ids = Mutex::new(Vec::new());
    pool.in_place_scope(|scope| {
        let taken = Flag::new();
        pool.lend(|worker| {
            // One runs elsewhere, since this thread runs none before the end of the scope.
            scope.spawn(|_| ids.lock().unwrap().push(thread::current().id()));
            share_until(worker, "the closure is taken", || !ids.lock().unwrap().is_empty());
            taken.set();
        });
        assert!(taken.is_set());
    });
    assert_ne!(ids.lock().unwrap()[0], thread::current().id());
}

#[test]
fn a_scope_of_this_kind_runs_the_newest_first_and_of_the_other_the_oldest() {
    let pool = ThreadPool::new();
    let order = Mutex::new(Vec::new());
    pool.scope(|scope| {
        for number in 0..5 {
            let order = &order;
            scope.spawn(move |_| order.lock().unwrap().push(number));
        }
    });
    assert_eq!(*order.lock().unwrap(), [4, 3, 2, 1, 0]);
    order.lock().unwrap().clear();
    pool.scope_fifo(|scope| {
        for number in 0..5 {
            let order = &order;
            scope.spawn_fifo(move |_| order.lock().unwrap().push(number));
        }
    });
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
}

#[test]
fn a_scope_in_place_runs_its_body_here() {
    let pool = pool(1);
    let here = thread::current().id();
    let not_send = std::rc::Rc::new(1);
    let result = pool.in_place_scope(|_| {
        assert_eq!(thread::current().id(), here);
        not_send
    });
    assert_eq!(*result, 1);
    assert_eq!(*pool.in_place_scope_fifo(|_| result), 1);
    assert_ne!(pool.scope(|_| thread::current().id()), here, "and this one does not");
}

#[test]
fn a_scope_may_be_used_from_a_thread_that_is_not_lent() {
    let pool = pool(1);
    let count = AtomicUsize::new(0);
    pool.in_place_scope(|scope| {
        thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    for _ in 0..25 {
                        scope.spawn(|_| {
                            count.fetch_add(1, Ordering::Relaxed);
                        });
                    }
                });
            }
        });
    });
    assert_eq!(count.into_inner(), 100);
}

#[test]
fn a_closure_spawned_into_an_outer_scope_does_not_run_in_the_inner_one() {
    let pool = ThreadPool::new();
    let order = Mutex::new(Vec::new());
    let note = |what: &'static str| order.lock().unwrap().push(what);
    pool.scope(|outer| {
        pool.scope(|inner| {
            outer.spawn(|_| note("outer"));
            inner.spawn(|_| note("inner"));
        });
        note("between");
    });
    assert_eq!(*order.lock().unwrap(), ["inner", "between", "outer"]);
}

#[test]
fn large_closures_and_aligned_ones_are_kept_whole() {
    #[derive(Clone, Copy)]
    #[repr(align(64))]
    struct Aligned([u8; 64]);
    let pool = pool(1);
    let large = [7_u8; 4096];
    let aligned = Aligned([9; 64]);
    let sum = AtomicUsize::new(0);
    pool.scope(|scope| {
        let sum = &sum;
        for _ in 0..100 {
            scope.spawn(move |_| {
                sum.fetch_add(large.iter().map(|byte| usize::from(*byte)).sum(), Ordering::Relaxed);
            });
            scope.spawn(move |_| {
                assert_eq!((&raw const aligned).addr() % 64, 0);
                sum.fetch_add(usize::from(aligned.0[63]), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(sum.into_inner(), 100 * (7 * 4096 + 9));
}

#[test]
fn joins_and_scopes_mix() {
    let pool = pool(2);
    let count = AtomicUsize::new(0);
    pool.lend(|worker| {
        for _ in 0..100 {
            worker.scope(|scope| {
                scope.spawn(|_| {
                    count.fetch_add(1, Ordering::Relaxed);
                });
                worker.join(
                    |worker| {
                        worker.scope(|scope| {
                            scope.spawn(|_| {
                                count.fetch_add(1, Ordering::Relaxed);
                            });
                        });
                    },
                    |_| {
                        count.fetch_add(1, Ordering::Relaxed);
                    },
                );
                scope.spawn(|_| {
                    count.fetch_add(1, Ordering::Relaxed);
                });
            });
        }
    });
    assert_eq!(count.into_inner(), 400);
}
