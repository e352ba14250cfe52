//! What is watched, and for how long: edge-triggered and one-shot, and the union of directions.

use std::task::Waker;

use mini_reactor::{AsIo, Direction, Directions, Registration};

use crate::backend::endpoint::End;
use crate::backend::trial::{Trial, begin_to_wait, begin_to_wait_for_room};
use crate::waiting::both;
use crate::waking::Count;

pub(crate) fn edges_need_no_rearm(trial: &Trial) {
    trial.probe().hold_rearms(true);
    let (object, there) = trial.pair();
    for _ in 0..3 {
        there.send(b"x");
        trial.ready("the next edge, without a rearm", &object, Direction::Read);
        assert_eq!(trial.read("what came", &object, &mut [0; 8]), 1);
        begin_to_wait(&object, Direction::Read, Waker::noop());
    }
    let reported = trial.reported(&object);
    assert!(reported.iter().all(|event| !event.disarmed), "an event disarms: {reported:?}");
}

pub(crate) fn both_directions_are_watched_from_register_on(trial: &Trial) {
    trial.probe().hold_rearms(true);
    let (object, there) = trial.pair();
    begin_to_wait(&object, Direction::Write, Waker::noop());
    let (mut reported, mut all) = (Directions::NONE, Vec::new());
    there.send(b"x");
    trial.until("an event in each direction, though only one was waited for", || {
        let events = trial.reported(&object);
        events.iter().for_each(|event| reported |= event.ready);
        all.extend(events);
        reported == Directions::BOTH
    });
}

pub(crate) fn nothing_is_watched_before_rearm(trial: &Trial) {
    trial.probe().hold_rearms(true);
    let (object, there) = trial.pair();
    begin_to_wait(&object, Direction::Read, Waker::noop());
    there.send(b"x");
    trial.settle();
    assert_eq!(trial.reported(&object), [], "it was registered, and nothing else");
    rearm(trial, &object, Directions::READ);
    trial.until("the event that was asked for", || !trial.reported(&object).is_empty());
}

pub(crate) fn every_event_disarms(trial: &Trial) {
    let (object, there) = trial.pair();
    begin_to_wait(&object, Direction::Read, Waker::noop());
    there.send(b"x");
    let mut reported = Vec::new();
    trial.until("an event", || {
        reported.extend(trial.reported(&object));
        !reported.is_empty()
    });
    assert!(reported.iter().all(|event| event.disarmed), "an event does not disarm: {reported:?}");
    there.send(b"y");
    trial.settle();
    assert_eq!(trial.reported(&object), [], "nobody has asked for another event");
}

pub(crate) fn rearm_reports_what_is_ready_already(trial: &Trial) {
    trial.probe().hold_rearms(true);
    let (object, there) = trial.pair();
    begin_to_wait(&object, Direction::Read, Waker::noop());
    there.send(b"x");
    trial.settle();
    for (wanted, times) in [(Directions::READ, 2), (Directions::WRITE, 2), (Directions::BOTH, 2)] {
        for _ in 0..times {
            trial.reported(&object);
            rearm(trial, &object, wanted);
            let mut reported = Directions::NONE;
            trial.until(&format!("an event in {wanted:?}, where it was ready already"), || {
                trial.reported(&object).iter().for_each(|event| reported |= event.ready);
                !reported.is_empty()
            });
            assert!(reported.contains(wanted), "{reported:?} was reported of {wanted:?}");
        }
    }
}

fn rearm(trial: &Trial, object: &Registration<End>, wanted: Directions) {
    let rearmed = trial.backend().rearm(object.get_ref().as_io(), object.source(), wanted);
    rearmed.expect("it is registered");
}

pub(crate) fn a_wait_in_one_direction_leaves_the_other_armed(trial: &Trial) {
    for reader_is_first in [true, false] {
        let (object, there) = trial.pair();
        begin_to_wait_for_room(trial, &object, Waker::noop());
        let object = trial.own(object.into_inner().expect("nobody else has a claim on it"));
        trial.turn();
        let (count, reads) = Count::new();
        if reader_is_first {
            begin_to_wait(&object, Direction::Read, &reads);
        }
        begin_to_wait(&object, Direction::Write, Waker::noop()); // there is no room
        if !reader_is_first {
            begin_to_wait(&object, Direction::Read, &reads);
        }
        there.send(b"x");
        trial.until("the reader's wake-up, though a writer waits too", || count.wakes() > 0);
    }
}

pub(crate) fn an_event_in_one_direction_leaves_the_other_waiting(trial: &Trial) {
    let (object, there) = trial.pair();
    begin_to_wait_for_room(trial, &object, Waker::noop());
    let writing = async {
        let written = object.io(Direction::Write, |end| end.write(b"y")).await;
        assert_eq!(written.expect("writing does not fail"), 1);
    };
    let reading = async {
        for _ in 0..3 {
            let read = object.io(Direction::Read, |end| end.read(&mut [0; 1])).await;
            assert_eq!(read.expect("reading does not fail"), 1);
        }
        there.drain(); // only now is there room
    };
    there.send(b"abc");
    trial.complete("a writer that waits while three bytes are read", both(writing, reading));
}
