//! A job that is handed over is run by exactly one worker.

use loom::sync::Arc;
use loom::thread;

use crate::demand::{Demand, Place, Wish};
use crate::{Sleeper, check};

type Jobs = Demand<u32, ()>;

const ANYTHING: Wish<()> = Wish { within: None, tasks: true, jobs: true };

#[test]
fn a_sleeper_finds_the_job_or_the_giver_keeps_it() {
    check(None, || {
        let demand = Arc::new(Jobs::new());
        let theirs = demand.clone();
        let giver = thread::spawn(move || {
            let handed = theirs.hand_over(|_| Some(1));
            handed.map(|(waker, _)| waker.wake()).is_some()
        });
        let (sleeper, place) = (Sleeper::new(), std::sync::Arc::new(Place::new()));
        demand.ask(&place, sleeper.waker(), ANYTHING);
        // It is woken for another reason, or for none.
        demand.withdraw(&place);
        let found = place.take();
        assert_eq!(giver.join().unwrap(), found.is_some());
        assert!(place.take().is_none(), "and nothing comes later");
    });
}

#[test]
fn a_sleeper_is_woken_for_its_job() {
    check(Some(3), || {
        let demand = Arc::new(Jobs::new());
        let theirs = demand.clone();
        let giver = thread::spawn(move || {
            loop {
                if let Some((waker, _)) = theirs.hand_over(|_| Some(1)) {
                    return waker.wake();
                }
                thread::yield_now();
            }
        });
        let (sleeper, place) = (Sleeper::new(), std::sync::Arc::new(Place::new()));
        demand.ask(&place, sleeper.waker(), ANYTHING);
        sleeper.park(|| !place.is_full());
        demand.withdraw(&place);
        assert_eq!(place.take(), Some(1));
        giver.join().unwrap();
    });
}

#[test]
fn two_givers_do_not_use_one_wish() {
    check(Some(3), || {
        let demand = Arc::new(Jobs::new());
        let (sleeper, place) = (Sleeper::new(), std::sync::Arc::new(Place::new()));
        demand.ask(&place, sleeper.waker(), ANYTHING);
        let givers: Vec<_> = (0..2)
            .map(|number| {
                let demand = demand.clone();
                thread::spawn(move || demand.hand_over(|_| Some(number)).is_some())
            })
            .collect();
        let gave: Vec<bool> = givers.into_iter().map(|giver| giver.join().unwrap()).collect();
        assert_eq!(gave.iter().filter(|gave| **gave).count(), 1);
        assert_eq!(place.take(), Some(u32::from(gave[1])));
    });
}

#[test]
fn a_job_that_is_taken_back_is_not_found() {
    check(None, || {
        let demand = Arc::new(Jobs::new());
        let (sleeper, place) = (Sleeper::new(), std::sync::Arc::new(Place::new()));
        demand.ask(&place, sleeper.waker(), ANYTHING);
        let theirs = demand.clone();
        let giver = thread::spawn(move || {
            let (waker, place) = theirs.hand_over(|_| Some(1)).unwrap();
            waker.wake();
            place.take_back(|job| *job == 1)
        });
        sleeper.park(|| !place.is_full());
        demand.withdraw(&place);
        let found = place.take();
        let back = giver.join().unwrap();
        assert!(found.is_some() != back.is_some(), "{found:?} {back:?}");
    });
}

#[test]
fn a_wish_that_was_served_does_not_hide_the_next() {
    check(None, || {
        let demand = Arc::new(Jobs::new());
        let (sleeper, place) = (Sleeper::new(), std::sync::Arc::new(Place::new()));
        demand.ask(&place, sleeper.waker(), ANYTHING);
        let theirs = demand.clone();
        let giver = thread::spawn(move || theirs.hand_over(|_| Some(1)).is_some());
        demand.withdraw(&place);
        place.take();
        demand.ask(&place, sleeper.waker(), ANYTHING);
        demand.withdraw(&place);
        giver.join().unwrap();
        assert_eq!(demand.word(), 0, "a wish is left behind");
    });
}
