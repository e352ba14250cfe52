//! How long a turn lasts, and what it reports.

use std::io::ErrorKind;
use std::task::Waker;
use std::time::Duration;

use mini_reactor::{Direction, ReadyList};

use crate::backend::trial::{Trial, begin_to_wait, events_of, register};

/// Turns that may return early for no reason of the clause's (a signal, what was left over).
const EXCUSED: usize = 2;

pub(crate) fn a_turn_does_not_end_before_its_timeout(trial: &Trial) {
    let (object, _there) = trial.pair();
    begin_to_wait(&object, Direction::Read, Waker::noop());
    trial.settle();
    let timeouts = [1, 900, 1_900, 2_900, 900, 3_900, 2_900, 1_900, 999, 5_001];
    let mut early = Vec::new();
    for microseconds in timeouts {
        let timeout = Duration::new(0, microseconds * 1_000 + 1);
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

pub(crate) fn a_turn_ends_when_its_timeout_has_passed(trial: &Trial) {
    trial.note("the end of a turn for which nothing happens");
    trial.bare_turn(Some(Duration::from_millis(20)));
    let (object, _there) = trial.pair();
    begin_to_wait(&object, Direction::Read, Waker::noop());
    trial.bare_turn(Some(Duration::from_millis(30)));
    trial.bare_turn(Some(Duration::from_millis(40)));
}

pub(crate) fn a_turn_without_time_does_not_wait(trial: &Trial) {
    let (object, _there) = trial.pair();
    trial.note("the end of a turn that has no time");
    for _ in 0..8 {
        let begin = trial.backend().now();
        trial.bare_turn(Some(Duration::ZERO));
        if trial.claims("virtual_time") {
            assert_eq!(trial.backend().now(), begin, "a turn without time has made it pass");
        }
    }
    begin_to_wait(&object, Direction::Read, Waker::noop());
    for _ in 0..8 {
        trial.bare_turn(Some(Duration::ZERO));
    }
}

pub(crate) fn a_turn_without_time_reports_what_is_ready(trial: &Trial) {
    let (here, there) = trial.ends();
    there.send(b"x");
    trial.turn_for(Duration::from_millis(5)); // so that it has arrived
    let object = trial.own(here);
    register(&object);
    trial.repeat("an event from turns that do not wait", || {
        trial.turn();
        let seen = !trial.reported(&object).is_empty();
        if !seen {
            std::thread::sleep(Duration::from_millis(1));
        }
        seen
    });
}

pub(crate) fn a_timeout_beyond_all_time_is_no_error(trial: &Trial) {
    let timeouts = [
        Duration::MAX,
        Duration::from_secs(u64::MAX),
        Duration::new(i64::MAX as u64, 999_999_999),
        Duration::from_secs(1 << 62),
        Duration::from_millis(1 << 63),
        Duration::from_millis((1 << 31) + 1),
    ];
    trial.settle();
    for timeout in timeouts {
        trial.backend().notify(); // the turn returns at once, if it can at all begin
        trial.note(&format!("a turn that was notified before it began, with {timeout:?} of time"));
        trial.bare_turn(Some(timeout));
    }
}

pub(crate) fn a_turn_without_a_timeout_waits_for_an_event(trial: &Trial) {
    let (object, there) = trial.pair();
    begin_to_wait(&object, Direction::Read, Waker::noop());
    trial.settle();
    let sender = crate::threads::start("a thread that sends", move || {
        std::thread::sleep(Duration::from_millis(2));
        there.send(b"x");
        there // kept open
    });
    trial.note("the event of what another thread sends");
    while events_of(&mut trial.bare_turn(None), object.source()) == 0 {}
    sender.join(trial.patience());
}
