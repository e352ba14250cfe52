//! Computations of crumbs: too small to be worth sharing, and shared now and then all the same, as
//! long as somebody is hungry. Who pauses between two hand-overs must come back to it, by whatever
//! points it passes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::Instant;

use mini_executor_fork_join::{Scope, Worker};

use crate::support::{PATIENCE, pool};

/// Hand-overs after which the pauses are as long as they get.
const OFTEN: usize = 7; // it doubles from 20 µs to a millisecond

/// What ran on another thread than the one that began.
struct Moved {
    home: ThreadId,
    count: AtomicUsize,
}

impl Moved {
    /// In each crumb.
    fn note(&self) {
        if thread::current().id() != self.home {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

/// Repeats `round` until some of it has moved often. `moved` says how often in one round.
fn until_it_has_moved_often(round: impl Fn(&Worker, &Moved), moved: fn(&Moved) -> usize) {
    let pool = pool(1);
    let began = Instant::now();
    let mut often = 0;
    pool.lend(|worker| {
        while often < OFTEN {
            assert!(began.elapsed() < PATIENCE, "{often} crumbs have moved, and no more");
            let this = Moved { home: thread::current().id(), count: AtomicUsize::new(0) };
            round(worker, &this);
            often += moved(&this);
        }
    });
}

#[test]
fn many_closures_of_one_scope() {
    let round = |worker: &Worker, moved: &Moved| {
        worker.scope(|scope| {
            for _ in 0..1_000_000 {
                if moved.count() >= OFTEN {
                    break;
                }
                scope.spawn(|_| moved.note());
            }
        });
    };
    until_it_has_moved_often(round, Moved::count);
}

#[test]
fn many_small_scopes() {
    let round = |worker: &Worker, moved: &Moved| {
        for _ in 0..100 {
            worker.scope(|scope| (0..8).for_each(|_| scope.spawn(|_| moved.note())));
        }
    };
    until_it_has_moved_often(round, Moved::count);
}

#[test]
fn closures_each_of_which_spawns_the_next() {
    fn chain<'scope>(scope: &Scope<'scope>, moved: &'scope Moved, left: u32) {
        moved.note();
        if left > 0 {
            scope.spawn(move |scope| chain(scope, moved, left - 1));
        }
    }
    let round = |worker: &Worker, moved: &Moved| {
        worker.scope(|scope| {
            for _ in 0..10 {
                scope.spawn(|scope| chain(scope, moved, 10_000));
            }
        });
    };
    // A chain that has moved goes on where it is.
    until_it_has_moved_often(round, |moved| moved.count().min(1));
}

#[test]
fn many_joins() {
    let round = |worker: &Worker, moved: &Moved| {
        for _ in 0..1000 {
            worker.join(|_| (), |_| moved.note());
        }
    };
    until_it_has_moved_often(round, Moved::count);
}

#[test]
fn many_small_trees_of_joins() {
    fn tree(worker: &Worker, depth: u32, moved: &Moved) {
        if depth == 0 {
            moved.note();
            return;
        }
        worker
            .join(|worker| tree(worker, depth - 1, moved), |worker| tree(worker, depth - 1, moved));
    }
    let round = |worker: &Worker, moved: &Moved| tree(worker, 10, moved);
    until_it_has_moved_often(round, |moved| moved.count().min(1));
}
