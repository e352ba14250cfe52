//! What is watched, and for how long: edge-triggered and one-shot.

use std::task::Waker;

use mini_reactor::{AsIo, Direction, Directions};

use crate::backend::trial::{Trial, begin_to_wait};

pub(crate) fn edges_need_no_rearm(trial: &Trial) {
    trial.probe().hold_rearms(true);
    let (object, there) = trial.pair();
    for _ in 0..3 {
        there.send(b"x");
        trial.ready("the next edge", &object, Direction::Read);
        assert_eq!(trial.read("what came", &object, &mut [0; 8]), 1);
        begin_to_wait(&object, Direction::Read, Waker::noop());
    }
    let reported = trial.reported(&object);
    assert!(reported.iter().all(|event| !event.disarmed), "an event disarms: {reported:?}");
}

pub(crate) fn nothing_is_watched_before_rearm(trial: &Trial) {
    trial.probe().hold_rearms(true);
    let (object, there) = trial.pair();
    begin_to_wait(&object, Direction::Read, Waker::noop());
    there.send(b"x");
    trial.settle();
    assert_eq!(trial.reported(&object), [], "it was registered, and nothing else");
    trial.probe().hold_rearms(false);
    let end = object.get_ref();
    trial
        .backend()
        .rearm(end.as_io(), object.source(), Directions::READ)
        .expect("it is registered");
    trial.until("the event that was armed", || !trial.reported(&object).is_empty());
}
