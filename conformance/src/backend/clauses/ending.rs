//! The end of a direction: a half-close, a hang-up, a reset. It is told once and stays true.

use std::future::poll_fn;
use std::io;

use mini_reactor::{Direction, Directions, Registration};

use crate::backend::endpoint::End;
use crate::backend::trial::Trial;

/// Reads as an adapter does that saves the call which would say that there is no more.
pub(super) fn read_short(
    trial: &Trial,
    what: &str,
    object: &Registration<End>,
) -> io::Result<usize> {
    let mut bytes = [0; 64];
    let reading =
        poll_fn(|cx| object.poll_stream(Direction::Read, cx, 64, |end| end.read(&mut bytes)));
    trial.complete(what, reading)
}

pub(crate) fn the_end_is_reported_together_with_the_data_before_it(trial: &Trial) {
    for close_first in [false, true] {
        let (object, there) = trial.pair();
        if !close_first {
            trial.ready("room to write", &object, Direction::Write); // it is registered
        }
        there.send(b"the last");
        drop(there);
        let read = read_short(trial, "the data before the end", &object);
        assert_eq!(read.expect("reading does not fail"), 8);
        for _ in 0..3 {
            let read = read_short(trial, "the end that came with the data", &object);
            assert_eq!(read.expect("reading does not fail"), 0);
        }
    }
}

pub(crate) fn a_half_close_ends_reading_only(trial: &Trial) {
    let (object, there) = trial.pair();
    trial.ready("room to write", &object, Direction::Write);
    let reported_before = trial.reported(&object);
    there.half_close();
    for _ in 0..3 {
        let read = read_short(trial, "the end after a half-close", &object);
        assert_eq!(read.expect("reading does not fail"), 0);
    }
    if trial.claims("ends") {
        let mut closed = Directions::NONE;
        for event in reported_before.into_iter().chain(trial.reported(&object)) {
            closed |= event.closed;
        }
        assert_eq!(closed, Directions::READ, "what was reported to be at its end");
    }
    assert!(trial.fill(&object) > 0, "the other direction is open");
    assert!(there.drain() > 0, "the peer can still read");
    trial.until("room to write, after a half-close", || {
        there.drain();
        trial.fill(&object) > 0
    });
}

pub(crate) fn a_half_close_of_our_own_keeps_reading(trial: &Trial) {
    let (object, there) = trial.pair();
    trial.ready("room to write", &object, Direction::Write);
    object.get_ref().half_close();
    trial.settle();
    for _ in 0..3 {
        there.send(b"xyz");
        assert_eq!(trial.read("data after a half-close of our own", &object, &mut [0; 8]), 3);
    }
    let mut bytes = [0];
    trial.until("the end that the peer sees", || matches!(there.read(&mut bytes), Ok(0)));
}
