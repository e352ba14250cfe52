//! Pools within pools, and workers of several.

use mini_executor_fork_join::ThreadPool;

use crate::support::pool;

#[test]
fn a_worker_of_one_pool_uses_another() {
    let (first, second) = (pool(1), pool(1));
    let result = first.install(|| {
        second.install(|| (first.current_thread_index(), second.current_thread_index()))
    });
    assert_eq!(result, (None, Some(0)));
}

#[test]
fn a_thread_is_lent_to_two_pools() {
    let (first, second) = (ThreadPool::new(), ThreadPool::new());
    first.lend(|outer| {
        second.lend(|_| {
            assert_eq!(first.current_thread_index(), Some(0));
            assert_eq!(second.current_thread_index(), Some(0));
            let (a, b) = outer.join(|_| second.join(|| 1, || 2), |_| first.join(|| 3, || 4));
            assert_eq!((a, b), ((1, 2), (3, 4)));
        });
        assert_eq!(second.current_thread_index(), None);
        assert_eq!(outer.index(), 0);
    });
}

#[test]
fn to_lend_again_is_to_stay_the_same_worker() {
    let pool = ThreadPool::new();
    pool.lend(|outer| {
        pool.lend(|inner| {
            assert!(std::ptr::eq(outer, inner));
            assert_eq!(inner.num_threads(), 1);
        });
    });
}

#[test]
fn two_pools_call_each_other_to_and_fro() {
    fn ping(depth: u32, pools: [&ThreadPool; 2]) -> u32 {
        match depth {
            0 => 0,
            _ => pools[0].install(|| ping(depth - 1, [pools[1], pools[0]])) + 1,
        }
    }
    // One thread each is not enough: each waits for the other.
    let (first, second) = (pool(3), pool(3));
    assert_eq!(ping(5, [&first, &second]), 5);
}

#[test]
fn a_scope_of_an_outer_pool_is_spawned_into_from_an_inner_one() {
    let (first, second) = (ThreadPool::new(), ThreadPool::new());
    let mut ran = false;
    first.scope(|scope| second.lend(|_| scope.spawn(|_| ran = true)));
    assert!(ran);
}

#[test]
fn scopes_nest_deeply() {
    fn nest(pool: &ThreadPool, depth: u32) -> u32 {
        if depth == 0 {
            return 0;
        }
        let mut below = 0;
        pool.scope(|scope| scope.spawn(|_| below = nest(pool, depth - 1)));
        below + 1
    }
    for pool in [ThreadPool::new(), pool(2)] {
        assert_eq!(nest(&pool, 100), 100);
    }
}
