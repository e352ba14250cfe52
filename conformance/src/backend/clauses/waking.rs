//! Wakers: when they are called, what they may do, and that none is kept.

use std::sync::Arc;
use std::sync::Mutex;
use std::task::Waker;

use mini_reactor::Direction;

use crate::backend::trial::{Trial, begin_to_wait};
use crate::waking::{Count, waker};

pub(crate) fn no_waker_is_called_inside_a_turn(trial: &Trial) {
    let (count, counting) = Count::new();
    let called = Arc::new(Mutex::new((0, 0))); // at the beginning of a turn, and inside of turns
    let (counted, inside) = (Arc::clone(&count), Arc::clone(&called));
    trial.probe().around_turns(move |when| {
        let mut seen = inside.lock().expect("nobody panics under it");
        match when {
            "before" => seen.0 = counted.wakes(),
            _ => seen.1 += counted.wakes() - seen.0,
        }
    });
    for _ in 0..4 {
        let (object, there) = trial.pair();
        begin_to_wait(&object, Direction::Read, &counting);
        begin_to_wait(&object, Direction::Write, &counting);
        there.send(b"x");
        let before = count.wakes();
        trial.until("a wake-up", || count.wakes() > before);
        drop(there);
        trial.settle();
    }
    assert_eq!(called.lock().expect("nobody panics under it").1, 0, "wakers called inside turns");
}

pub(crate) fn no_waker_is_kept_after_its_registration(trial: &Trial) {
    let (count, waker) = Count::new();
    for round in 0..4 {
        let (object, there) = trial.pair();
        begin_to_wait(&object, Direction::Read, &waker);
        if round % 2 == 0 {
            there.send(b"x");
        }
        drop(object);
    }
    assert_eq!(count.kept(1), 0, "wakers that are kept");
}

pub(crate) fn a_waker_may_use_the_reactor(trial: &Trial) {
    let (object, there) = trial.pair();
    let (other, _keep) = trial.ends();
    let reactor = trial.reactor.clone();
    let notify = trial.notify_from_anywhere();
    let mine = Mutex::new(Some(trial.own(other)));
    let (count, counting) = Count::new();
    let registers = waker(move || {
        notify();
        if let Some(other) = mine.lock().expect("nobody panics under it").take() {
            begin_to_wait(&other, Direction::Read, &counting); // registers
            drop(other); // deregisters, and wakes
        }
        let _ = reactor.poll_once(); // does nothing: this thread drives
    });
    begin_to_wait(&object, Direction::Read, &registers);
    there.send(b"x");
    trial.until("a wake-up that registers, deregisters and notifies", || count.wakes() > 0);
    assert_eq!(trial.drain(&object), 1);
    begin_to_wait(&object, Direction::Read, Waker::noop());
}
