//! How long a turn lasts.

use std::io::ErrorKind;
use std::task::Waker;
use std::time::Duration;

use mini_reactor::{Direction, ReadyList};

use crate::backend::trial::{Trial, begin_to_wait, events_of};

/// Turns that may return early for no reason of the clause's (a signal, what was left over).
const EXCUSED: usize = 2;

pub(crate) fn a_turn_does_not_end_before_its_timeout(trial: &Trial) {
    let (object, _there) = trial.pair();
    begin_to_wait(&object, Direction::Read, Waker::noop());
    trial.settle();
    let timeouts = [1, 999, 1_000, 999_999, 1_000_001, 1_500_000, 2_999_999, 5_000_001];
    let mut early = Vec::new();
    for nanoseconds in timeouts {
        let timeout = Duration::from_nanos(nanoseconds);
        let begin = trial.backend().now();
        let result = trial.backend().turn(Some(timeout), &mut ReadyList::new());
        let passed = trial.backend().now().saturating_duration_since(begin);
        match result {
            Ok(()) if passed < timeout => early.push((timeout, passed)),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}"),
            Ok(()) => {}
        }
    }
    assert!(early.len() <= EXCUSED, "turns ended too early (timeout, time passed): {early:?}");
}

pub(crate) fn a_turn_without_a_timeout_waits_for_an_event(trial: &Trial) {
    let (object, there) = trial.pair();
    begin_to_wait(&object, Direction::Read, Waker::noop());
    trial.settle();
    let sender = crate::threads::start("a thread that sends", move || {
        there.send(b"x");
        there // kept open
    });
    trial.note("the event of what another thread sends");
    while events_of(&mut trial.bare_turn(None), object.source()) == 0 {}
    sender.join(trial.patience());
}
