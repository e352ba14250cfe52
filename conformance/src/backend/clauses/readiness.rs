//! What becomes ready is reported, in both directions, as often as it does.

use std::future::Future;
use std::task::Waker;

use mini_reactor::Direction;

use crate::backend::trial::{Trial, begin_to_wait, begin_to_wait_for_room};
use crate::waking::Count;

pub(crate) fn a_new_object_is_writable_and_not_readable(trial: &Trial) {
    let (object, there) = trial.pair();
    let (count, waker) = Count::new();
    begin_to_wait(&object, Direction::Read, &waker);
    trial.ready("room to write", &object, Direction::Write);
    trial.settle();
    let before = object.source().tick(Direction::Read);
    // Woken for nothing is allowed; the object itself tells.
    assert_eq!(trial.drain(&object), 0, "nothing was sent");
    begin_to_wait(&object, Direction::Read, &waker);
    count.take();
    there.send(b"x");
    trial.until("an event of what was sent", || count.wakes() > 0);
    assert_ne!(object.source().tick(Direction::Read), before, "the tick after an event");
}

pub(crate) fn what_became_ready_before_the_wait_is_reported(trial: &Trial) {
    let (object, there) = trial.pair();
    there.send(b"x"); // not registered yet
    trial.ready("the data that was there before", &object, Direction::Read);
    assert_eq!(trial.read("it", &object, &mut [0; 8]), 1);

    begin_to_wait(&object, Direction::Read, Waker::noop());
    there.send(b"yz");
    trial.settle(); // only a waker that does nothing was called
    trial.ready("what came between two waits", &object, Direction::Read);
    assert_eq!(trial.read("it", &object, &mut [0; 8]), 2);
}

pub(crate) fn data_makes_an_object_readable(trial: &Trial) {
    let (object, there) = trial.pair();
    let mut bytes = [0; 8];
    for round in 1..=8_u8 {
        let (count, waker) = Count::new();
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
        let (count, waker) = Count::new();
        let written = begin_to_wait_for_room(trial, &object, &waker);
        assert!(written > 0, "round {round}: it was said to be writable");
        trial.until("the writer's wake-up, now that there is room", || {
            there.drain();
            count.wakes() > 0
        });
    }
}

pub(crate) fn what_a_read_leaves_is_there_for_the_next(trial: &Trial) {
    let (object, there) = trial.pair();
    begin_to_wait(&object, Direction::Read, Waker::noop());
    there.send(b"abcdef");
    for byte in b"abcdef" {
        let mut bytes = [0];
        assert_eq!(trial.read("what the read before has left", &object, &mut bytes), 1);
        assert_eq!(bytes, [*byte]);
    }
}

pub(crate) fn every_waiter_of_a_direction_wakes(trial: &Trial) {
    let (object, there) = trial.pair();
    for _ in 0..2 {
        let waiters: Vec<_> = (0..5).map(|_| Count::new()).collect();
        for (_, waker) in &waiters {
            begin_to_wait(&object, Direction::Read, waker);
        }
        there.send(b"x");
        trial.until("a wake-up for each of five waiters", || {
            waiters.iter().all(|(count, _)| count.wakes() > 0)
        });
        assert_eq!(trial.drain(&object), 1);
    }
}

pub(crate) fn a_waiter_that_goes_away_leaves_the_others(trial: &Trial) {
    let (object, there) = trial.pair();
    let (count, waker) = Count::new();
    begin_to_wait(&object, Direction::Read, Waker::noop());
    let mut gone = Box::pin(object.ready(Direction::Read));
    let (of_the_gone, gone_waker) = Count::new();
    let mut cx = std::task::Context::from_waker(&gone_waker);
    assert!(gone.as_mut().poll(&mut cx).is_pending(), "there is nothing yet");
    begin_to_wait(&object, Direction::Read, &waker);
    drop(gone);
    there.send(b"x");
    trial.until("the wake-up of the waiter that stayed", || count.wakes() > 0);
    assert_eq!(of_the_gone.wakes(), 0, "a waiter that went away was woken");
}
