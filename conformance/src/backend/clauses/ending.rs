//! The end of a direction: a half-close, a hang-up, a reset. It is told once and stays true.

use std::future::poll_fn;
use std::io;
use std::task::Waker;

use mini_reactor::{Direction, Directions, Registration};

use crate::backend::endpoint::End;
use crate::backend::trial::{Trial, begin_to_wait, begin_to_wait_for_room};
use crate::waking::Count;

/// Reads as an adapter does that saves the call which would say that there is no more.
fn read_short(trial: &Trial, what: &str, object: &Registration<End>) -> io::Result<usize> {
    let mut bytes = [0; 64];
    let reading =
        poll_fn(|cx| object.poll_stream(Direction::Read, cx, 64, |end| end.read(&mut bytes)));
    trial.complete(what, reading)
}

/// What was reported to be at its end, since that was last asked.
fn closed(trial: &Trial, object: &Registration<End>) -> Directions {
    let reported = trial.reported(object);
    reported.iter().fold(Directions::NONE, |closed, event| closed | event.closed)
}

pub(crate) fn the_end_that_comes_with_data_is_seen_after_it(trial: &Trial) {
    for registered in [true, false] {
        let (object, there) = trial.pair();
        if registered {
            trial.ready("room to write", &object, Direction::Write);
            begin_to_wait(&object, Direction::Read, Waker::noop());
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

pub(crate) fn the_end_of_the_stream_wakes_a_reader(trial: &Trial) {
    let (object, there) = trial.pair();
    let (count, waker) = Count::new();
    begin_to_wait(&object, Direction::Read, &waker);
    trial.settle();
    begin_to_wait(&object, Direction::Read, &waker);
    count.take();
    drop(there);
    trial.until("the reader's wake-up, since the peer is gone", || count.wakes() > 0);
    for _ in 0..50 {
        trial.ready("the end, which stays", &object, Direction::Read);
        assert_eq!(trial.read("the end, which stays", &object, &mut [0; 8]), 0);
    }
}

pub(crate) fn a_hang_up_wakes_a_writer(trial: &Trial) {
    let (object, there) = trial.pair();
    let (count, waker) = Count::new();
    begin_to_wait_for_room(trial, &object, &waker);
    count.take();
    drop(there);
    trial.until("the wake-up of a writer that had no room, since the peer is gone", || {
        count.wakes() > 0
    });
    // It may have taken what it had room for before it was told.
    let writing = poll_fn(|cx| {
        loop {
            let wrote = object.poll_io(Direction::Write, cx, |end| end.write(&[b'w'; 16_384]));
            match wrote {
                std::task::Poll::Ready(Ok(_)) => {}
                other => return other,
            }
        }
    });
    let written = trial.complete("the error of writing to a peer that is gone", writing);
    assert!(written.is_err(), "writing to a peer that is gone succeeds");
}

pub(crate) fn an_abrupt_end_wakes_both_directions(trial: &Trial) {
    let (object, there) = trial.pair();
    let ((reader, reads), (writer, writes)) = (Count::new(), Count::new());
    // The peer has not read this when it goes: sockets answer that with a reset.
    begin_to_wait_for_room(trial, &object, &writes);
    begin_to_wait(&object, Direction::Read, &reads);
    reader.take();
    writer.take();
    drop(there);
    trial.until("the wake-ups of a reader and a writer whose peer has gone abruptly", || {
        reader.wakes() > 0 && writer.wakes() > 0
    });
}

pub(crate) fn the_end_of_both_directions_is_reported_as_such(trial: &Trial) {
    let (object, there) = trial.pair();
    begin_to_wait_for_room(trial, &object, Waker::noop());
    begin_to_wait(&object, Direction::Read, Waker::noop());
    closed(trial, &object);
    drop(there); // abruptly, as above
    let mut reported = Directions::NONE;
    trial.until("the end of both directions, after an abrupt end", || {
        reported |= closed(trial, &object);
        reported == Directions::BOTH
    });
}

pub(crate) fn the_end_of_reading_is_reported_as_such(trial: &Trial) {
    let (object, there) = trial.pair();
    begin_to_wait(&object, Direction::Read, Waker::noop());
    trial.settle();
    begin_to_wait(&object, Direction::Read, Waker::noop());
    there.half_close();
    let mut reported = Directions::NONE;
    trial.until("the end of reading, after the peer's half-close", || {
        reported |= closed(trial, &object);
        reported.contains(Directions::READ)
    });
    trial.settle();
    reported |= closed(trial, &object);
    assert_eq!(reported, Directions::READ, "what was reported to be at its end");
}

pub(crate) fn a_half_close_ends_reading_only(trial: &Trial) {
    let (object, there) = trial.pair();
    trial.ready("room to write", &object, Direction::Write);
    there.half_close();
    for _ in 0..3 {
        let read = read_short(trial, "the end after a half-close", &object);
        assert_eq!(read.expect("reading does not fail"), 0);
    }
    for _ in 0..2 {
        let (count, waker) = Count::new();
        assert!(begin_to_wait_for_room(trial, &object, &waker) > 0, "writing goes on");
        trial.until("room to write, after the peer's half-close", || {
            there.drain();
            count.wakes() > 0
        });
    }
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
