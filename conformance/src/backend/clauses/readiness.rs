//! What becomes ready is reported, in both directions, as often as it does.

use std::task::Waker;

use mini_reactor::Direction;

use crate::backend::trial::{Trial, begin_to_wait};

pub(crate) fn what_became_ready_before_the_wait_is_reported(trial: &Trial) {
    let (object, there) = trial.pair();
    there.send(b"x"); // not registered yet
    trial.ready("the data that was there before", &object, Direction::Read);
    assert_eq!(trial.read("it", &object, &mut [0; 8]), 1);

    begin_to_wait(&object, Direction::Read, Waker::noop());
    there.send(b"yz");
    trial.settle(); // nobody waits, or a waker that does nothing
    trial.ready("what came between two waits", &object, Direction::Read);
    assert_eq!(trial.read("it", &object, &mut [0; 8]), 2);
}

pub(crate) fn data_makes_an_object_readable(trial: &Trial) {
    let (object, there) = trial.pair();
    let mut bytes = [0; 8];
    for round in 1..=8_u8 {
        let (count, waker) = crate::waking::Count::new();
        begin_to_wait(&object, Direction::Read, &waker);
        there.send(&vec![round; round.into()]);
        trial.until("the reader's wake-up", || count.wakes() > 0);
        let read = trial.read("the data", &object, &mut bytes);
        assert_eq!(bytes[..read], vec![round; round.into()]);
    }
}

pub(crate) fn room_makes_an_object_writable(trial: &Trial) {
    let (object, there) = trial.pair();
    for round in 0..3 {
        trial.ready("room to write", &object, Direction::Write);
        let sent = trial.fill(&object);
        assert!(sent > 0, "round {round}: it was said to be writable");
        let (count, waker) = crate::waking::Count::new();
        begin_to_wait(&object, Direction::Write, &waker);
        trial.until("all that was sent", || {
            there.drain();
            count.wakes() > 0
        });
    }
}
