//! Events and the objects they belong to: old ones, many at once, the same ones again.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use mini_reactor::Direction;

use crate::backend::trial::{Trial, begin_to_wait};
use crate::waking::Count;

pub(crate) fn a_new_object_in_an_old_ones_place_gets_its_own_events(trial: &Trial) {
    for round in 0..trial.times(64) {
        let (object, there) = trial.pair();
        let (count, waker) = Count::new();
        begin_to_wait(&object, Direction::Read, &waker);
        if round % 2 == 0 {
            there.send(b"x"); // its event may come when the object is gone
        }
        if round % 3 == 0 {
            trial.turn();
        }
        drop((object, there));
        // The system gives the lowest free descriptors: most likely the same ones.
        let before = count.wakes();
        let (object, there) = trial.pair();
        begin_to_wait(&object, Direction::Read, &waker);
        there.send(b"y");
        let what = "the event of an object that has the number of one that is closed";
        trial.until(what, || count.wakes() > before);
        let mut byte = [0];
        assert_eq!(trial.read(what, &object, &mut byte), 1);
        assert_eq!(byte, *b"y");
    }
}

/// So many objects need many descriptors, of which a process has only so many.
static MANY_AT_A_TIME: Mutex<()> = Mutex::new(());

pub(crate) fn many_objects_that_become_ready_at_once_are_all_reported(trial: &Trial) {
    let _one = MANY_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let objects: Vec<_> = (0..150)
        .map(|_| {
            let ((object, there), (count, waker)) = (trial.pair(), Count::new());
            begin_to_wait(&object, Direction::Read, &waker);
            (object, there, count)
        })
        .collect();
    trial.settle();
    for _ in 0..2 {
        for (object, there, count) in &objects {
            begin_to_wait(object, Direction::Read, &Waker::from(Arc::clone(count)));
            count.take();
            there.send(b"x");
        }
        trial.until("an event for each of 150 objects", || {
            objects.iter().all(|(_, _, count)| count.wakes() > 0)
        });
        for (object, ..) in &objects {
            assert_eq!(trial.drain(object), 1);
        }
    }
}

/// So many events for nothing are forgiven.
const FORGIVEN: usize = 8;

pub(crate) fn what_was_reported_is_not_reported_for_ever(trial: &Trial) {
    let (object, there) = trial.pair();
    begin_to_wait(&object, Direction::Read, Waker::noop());
    there.send(b"x");
    let mut reported = 0;
    trial.until("an event", || {
        reported += trial.reported(&object).len();
        reported > 0
    });
    // Nobody reads it. A driver that is told again and again would never sleep.
    for _ in 0..50 {
        trial.turn();
    }
    reported = trial.reported(&object).len();
    assert!(reported <= FORGIVEN, "{reported} events in 50 turns, and nothing has happened");
}
