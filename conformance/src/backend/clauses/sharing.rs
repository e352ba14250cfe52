//! Several threads: one drives, and the others register, wait and deregister meanwhile.

use std::sync::Arc;
use std::task::Waker;
use std::thread;
use std::time::Duration;

use mini_reactor::{Direction, Registration};

use crate::backend::endpoint::End;
use crate::backend::trial::{Trial, begin_to_wait};
use crate::threads::{Thread, start};
use crate::waiting::Flag;

pub(crate) fn an_object_is_watched_that_is_registered_during_a_turn(trial: &Trial) {
    trial.drive_beside(|trial| {
        for round in 0..6 {
            if round % 2 == 0 {
                thread::sleep(Duration::from_millis(2)); // so that the driver sleeps, most likely
            }
            let (object, there) = trial.pair();
            if round < 4 {
                there.send(b"x");
            }
            let what = "an event of an object that was registered while another thread drives";
            let direction = if round < 4 { Direction::Read } else { Direction::Write };
            trial.wait(what, object.ready(direction)).expect("waiting does not fail");
        }
    });
}

pub(crate) fn a_direction_is_watched_that_is_waited_for_during_a_turn(trial: &Trial) {
    let (object, there) = trial.pair();
    begin_to_wait(&object, Direction::Read, Waker::noop());
    trial.drive_beside(move |trial| {
        for round in 0..4 {
            thread::sleep(Duration::from_millis(2)); // so that the driver sleeps, most likely
            if round % 2 == 0 {
                let what = "room to write, where a reader waited already";
                trial.wait(what, object.ready(Direction::Write)).expect("waiting does not fail");
            } else {
                there.send(b"x");
                let reading = object.io(Direction::Read, |end| end.read(&mut [0; 8]));
                let what = "data, while another thread drives";
                assert_eq!(trial.wait(what, reading).expect("reading does not fail"), 1);
            }
        }
    });
}

/// A thread in its own `block_on`, which echoes what comes until the end.
fn echo(trial: &Trial, object: Registration<End>) -> Thread<usize> {
    let reactor = trial.reactor.clone();
    start("a thread that echoes", move || {
        reactor.block_on(async {
            let mut echoed = 0;
            let mut byte = [0];
            loop {
                let read = object.io(Direction::Read, |end| end.read(&mut byte)).await;
                match read.expect("reading does not fail") {
                    0 => return echoed,
                    _ => echoed += 1,
                }
                let written = object.io(Direction::Write, |end| end.write(&byte)).await;
                assert_eq!(written.expect("writing does not fail"), 1);
            }
        })
    })
}

pub(crate) fn each_of_several_block_ons_gets_its_events(trial: &Trial) {
    let rounds = trial.times(100);
    let pairs: Vec<_> = (0..3).map(|_| trial.pair()).collect();
    let threads: Vec<_> = pairs
        .into_iter()
        .map(|(object, there)| {
            let (there, reactor) = (trial.own(there), trial.reactor.clone());
            let asks = start("a thread that waits for an echo", move || {
                reactor.block_on(async {
                    for round in 0..rounds {
                        let mut byte = [0];
                        there.get_ref().send(&[round as u8]);
                        let reading = there.io(Direction::Read, |end| end.read(&mut byte)).await;
                        assert_eq!(reading.expect("reading does not fail"), 1);
                        assert_eq!(byte, [round as u8]);
                    }
                });
            });
            (asks, echo(trial, object))
        })
        .collect();
    for (asks, echoes) in threads {
        asks.join(trial.patience());
        assert_eq!(echoes.join(trial.patience()), rounds);
    }
}

pub(crate) fn another_thread_drives_while_one_computes(trial: &Trial) {
    let (object, there) = trial.pair();
    let (computing, computed, reactor) = (Flag::default(), Flag::default(), trial.reactor.clone());
    let (begins, ends) = (computing.clone(), computed.clone());
    // It drives most likely, until it is woken; then it keeps its thread until the other one has
    // got an event.
    let context = trial.context.clone();
    let first = start("a thread that computes", move || {
        let read = reactor.block_on(object.io(Direction::Read, |end| end.read(&mut [0; 8])));
        assert_eq!(read.expect("reading does not fail"), 1);
        begins.raise();
        context.wait("the other thread's event, while this one computes", ends.raised());
    });
    let (other, peer) = trial.pair();
    let reactor = trial.reactor.clone();
    let second = start("a thread that waits beside one that computes", move || {
        let read = reactor.block_on(other.io(Direction::Read, |end| end.read(&mut [0; 8])));
        assert_eq!(read.expect("reading does not fail"), 1);
        computed.raise();
    });
    thread::sleep(Duration::from_millis(3)); // so that both sleep, most likely
    there.send(b"x");
    trial.wait("the event after which a thread computes", computing.raised());
    peer.send(b"y");
    second.join(trial.patience());
    first.join(trial.patience());
}

pub(crate) fn deregistering_races_with_turns(trial: &Trial) {
    trial.drive_beside(|trial| {
        let (steady, peer) = trial.pair();
        let asks = trial.own(peer);
        for round in 0..trial.times(300) {
            let (object, there) = trial.pair();
            begin_to_wait(&object, Direction::Read, Waker::noop());
            there.send(b"x");
            match round % 3 {
                0 => drop(object), // as its event is reported, perhaps
                1 => {
                    let what = "the event of one of many objects that come and go";
                    trial.wait(what, object.ready(Direction::Read)).expect("waiting does not fail");
                }
                _ => drop(there),
            }
            if round % 4 == 0 {
                steady.get_ref().send(b"y");
                let reading = asks.io(Direction::Read, |end| end.read(&mut [0; 8]));
                let what = "data, while others register and deregister";
                assert_eq!(trial.wait(what, reading).expect("reading does not fail"), 1);
            }
        }
    });
}

pub(crate) fn two_threads_use_both_directions_of_one_object(trial: &Trial) {
    let total = trial.times(400) * 1_000;
    trial.drive_beside(move |trial| {
        let (object, there) = trial.pair();
        let (object, there) = (Arc::new(object), Arc::new(trial.own(there)));
        let moves = |object: &Arc<Registration<End>>, direction: Direction| {
            let (object, context) = (Arc::clone(object), trial.context.clone());
            start("a thread that moves bytes in one direction", move || {
                let mut left = total;
                while left > 0 {
                    let mut block = [b'm'; 8_192];
                    let size = left.min(block.len());
                    let moving = object.io(direction, |end| match direction {
                        Direction::Read => end.read(&mut block[..size]),
                        Direction::Write => end.write(&block[..size]),
                    });
                    let what = format!("{left} more bytes to {direction:?}, of {total}");
                    left -= context.wait(&what, moving).expect("moving bytes does not fail");
                }
            })
        };
        let threads = [
            moves(&object, Direction::Read),
            moves(&there, Direction::Write),
            moves(&object, Direction::Write),
            moves(&there, Direction::Read),
        ];
        threads.into_iter().for_each(|thread| thread.join(trial.patience()));
    });
}
