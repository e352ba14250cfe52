//! What is added to a queue is found, though the worker that should take it is just going to sleep;
//! and who waits outside helps itself when the last worker goes.

use loom::sync::Arc;
use loom::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use loom::sync::atomic::{AtomicBool, AtomicUsize};
use loom::thread;

use crate::demand::{Call, Demand, Place, TASKS, Wish};
use crate::presence::Presence;
use crate::{Sleeper, check};

/// A queue of which the length is a hint, as in `queue.rs`.
#[derive(Default)]
struct Queue {
    len: AtomicUsize,
}

impl Queue {
    fn push(&self) {
        self.len.fetch_add(1, Relaxed);
    }

    fn pop(&self) -> bool {
        let len = self.len.load(Relaxed);
        len > 0 && self.len.compare_exchange(len, len - 1, Relaxed, Relaxed).is_ok()
    }
}

/// A worker that takes one thing, as `Worker::sleep_free` does.
fn take_one(demand: &Demand<u32, ()>, queue: &Queue) {
    let (sleeper, place) = (Sleeper::new(), std::sync::Arc::new(Place::new()));
    sleep_until_there_is_one(demand, queue, &sleeper, &place);
}

fn sleep_until_there_is_one(
    demand: &Demand<u32, ()>,
    queue: &Queue,
    sleeper: &std::sync::Arc<Sleeper>,
    place: &std::sync::Arc<Place<u32>>,
) {
    while !queue.pop() {
        demand.ask(place, sleeper.waker(), Wish { within: None, tasks: true, jobs: true });
        sleeper.park(|| queue.len.load(Relaxed) == 0);
        demand.withdraw(place);
    }
}

#[test]
fn a_worker_that_goes_to_sleep_finds_what_is_added() {
    for whom in [Call::Anything, Call::Tasks] {
        check(None, move || {
            let shared = Arc::new((Demand::new(), Queue::default()));
            let theirs = shared.clone();
            let other = thread::spawn(move || {
                let (demand, queue) = &*theirs;
                queue.push();
                demand.call(whom, TASKS).into_iter().for_each(std::task::Waker::wake);
            });
            take_one(&shared.0, &shared.1);
            other.join().unwrap();
        });
    }
}

/// As `Worker::expect_another` and what follows: the wish is in the list before the first thing is
/// over, and the second comes as soon as it is.
#[test]
fn a_worker_that_expects_another_finds_it() {
    check(None, || {
        let shared = Arc::new((Demand::new(), Queue::default(), AtomicBool::new(false)));
        let theirs = shared.clone();
        let other = thread::spawn(move || {
            let (demand, queue, over) = &*theirs;
            while !over.load(Acquire) {
                thread::yield_now();
            }
            queue.push();
            demand.call(Call::Anything, 0).into_iter().for_each(std::task::Waker::wake);
        });
        let (demand, queue, over) = &*shared;
        let (sleeper, place) = (Sleeper::new(), std::sync::Arc::new(Place::new()));
        let wish = Wish { within: None, tasks: true, jobs: true };
        demand.ask(&place, sleeper.waker(), wish);
        over.store(true, Release);
        if place.is_wishing() && queue.len.load(Relaxed) == 0 {
            thread::yield_now(); // the moment for which it stays awake
        }
        demand.withdraw(&place);
        assert!(!place.is_wishing());
        sleep_until_there_is_one(demand, queue, &sleeper, &place);
        other.join().unwrap();
    });
}

#[test]
fn two_workers_find_two_things() {
    check(Some(2), || {
        let shared = Arc::new((Demand::new(), Queue::default()));
        let workers: Vec<_> = (0..2)
            .map(|_| {
                let shared = shared.clone();
                thread::spawn(move || take_one(&shared.0, &shared.1))
            })
            .collect();
        let (demand, queue) = &*shared;
        for _ in 0..2 {
            queue.push();
            demand.call(Call::Anything, 0).into_iter().for_each(std::task::Waker::wake);
        }
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}

#[test]
fn the_last_worker_to_sleep_waits_for_events() {
    check(None, || {
        let demand = Arc::new(Demand::<u32, ()>::new());
        let theirs = demand.clone();
        // As `Worker::sleep`, when others were seen to look.
        let sleep = |demand: &Demand<u32, ()>| {
            let (sleeper, place) = (Sleeper::new(), std::sync::Arc::new(Place::new()));
            let wish = Wish { within: None, tasks: true, jobs: true };
            demand.ask(&place, sleeper.waker(), wish);
            demand.drives(&place, 2, false)
        };
        let other = thread::spawn(move || sleep(&theirs));
        let drives = sleep(&demand);
        assert!(drives || other.join().unwrap(), "both leave it to the other");
    });
}

#[test]
fn who_waits_outside_hears_that_the_last_worker_is_gone() {
    check(None, || {
        let presence = Arc::new(Presence::new());
        presence.comes();
        let theirs = presence.clone();
        let worker = thread::spawn(move || {
            theirs.goes().into_iter().for_each(std::task::Waker::wake);
        });
        let sleeper = Sleeper::new();
        // As `Borrowing::wait_outside`.
        loop {
            presence.wait_outside(&sleeper.waker());
            if presence.lent() == 0 {
                break;
            }
            sleeper.park(|| true);
        }
        worker.join().unwrap();
    });
}
