//! The checks: each method is called on the decorator, and the spy inside says what reached it.

use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mini_reactor::{
    AsIo, BorrowedIo, Direction, Directions, Event, GlobalReactor, Handle, Observation, Reactor,
    ReadyList, Registration, Source,
};

use super::Trial;
use super::spy::{Call, Spy};
use crate::threads::{message, start};

/// An object that only the spy sees.
#[derive(Debug)]
struct Object(u64);

impl AsIo for Object {
    fn as_io(&self) -> BorrowedIo<'_> {
        BorrowedIo::virtual_object(self.0)
    }
}

/// A source, and what keeps it: a registration that is never waited on, so that the core makes no
/// call of its own.
fn source() -> (Arc<Source>, Registration<Object>) {
    let reactor = Handle::from(Arc::new(Reactor::new(Spy::default())));
    let registration = Registration::new_in(Object(0), reactor);
    (Arc::clone(registration.source()), registration)
}

/// Calls a method once with each of the results that the spy has for it.
fn forwards(trial: &Trial, call: Call, method: impl Fn() -> io::Result<()>) {
    trial.spy.calls();
    method().expect("the inner backend succeeds");
    assert_eq!(trial.spy.calls(), [call]);
    for kind in [ErrorKind::NotFound, ErrorKind::Unsupported, ErrorKind::Interrupted] {
        trial.spy.state().errors.push_back(io::Error::new(kind, "the spy's own words"));
        let error = match method() {
            Ok(()) => panic!("the inner backend failed with {kind:?}, the decorator did not"),
            Err(error) => error,
        };
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, "the spy's own words"));
        assert_eq!(trial.spy.calls(), [call]);
    }
}

pub(super) fn register_is_forwarded(trial: &Trial) {
    for number in [7, u64::MAX] {
        let (source, _keep) = source();
        let io = BorrowedIo::virtual_object(number);
        let call = Call::Register(Some(number), source.id());
        forwards(trial, call, || trial.decorated.register(io, &source));
    }
}

pub(super) fn rearm_is_forwarded(trial: &Trial) {
    let (source, _keep) = source();
    let io = BorrowedIo::virtual_object(7);
    trial.decorated.register(io, &source).expect("the spy takes anything");
    for wanted in [Directions::NONE, Directions::READ, Directions::WRITE, Directions::BOTH] {
        let call = Call::Rearm(Some(7), source.id(), wanted);
        forwards(trial, call, || trial.decorated.rearm(io, &source, wanted));
    }
}

pub(super) fn deregister_is_forwarded(trial: &Trial) {
    let (source, _keep) = source();
    let io = BorrowedIo::virtual_object(7);
    trial.decorated.register(io, &source).expect("the spy takes anything");
    let call = Call::Deregister(Some(7), source.id());
    forwards(trial, call, || trial.decorated.deregister(io, &source));
}

pub(super) fn turn_is_forwarded(trial: &Trial) {
    let timeouts = [
        None,
        Some(Duration::ZERO),
        Some(Duration::from_nanos(1)),
        Some(Duration::from_micros(1_500)),
        Some(Duration::MAX),
    ];
    for timeout in timeouts {
        forwards(trial, Call::Turn(timeout), || {
            trial.decorated.turn(timeout, &mut ReadyList::new())
        });
    }
}

/// An event of every kind, of two sources, one of them twice the same.
fn events() -> (Vec<Event>, [Registration<Object>; 2]) {
    let ((first, keep_first), (second, keep_second)) = (source(), source());
    let event = |source: &Arc<Source>, ready, closed, disarmed| Event {
        source: Arc::clone(source),
        ready,
        closed,
        disarmed,
    };
    let events = vec![
        event(&first, Directions::READ, Directions::NONE, false),
        event(&second, Directions::WRITE, Directions::NONE, true),
        event(&first, Directions::BOTH, Directions::READ, false),
        event(&first, Directions::BOTH, Directions::BOTH, true),
        event(&second, Directions::NONE, Directions::NONE, true),
        event(&second, Directions::WRITE, Directions::NONE, true),
        event(&first, Directions::READ, Directions::NONE, false),
    ];
    (events, [keep_first, keep_second])
}

fn told(events: &[Event]) -> Vec<(usize, Directions, Directions, bool)> {
    events
        .iter()
        .map(|event| (event.source.id(), event.ready, event.closed, event.disarmed))
        .collect()
}

pub(super) fn events_pass_a_turn_unchanged(trial: &Trial) {
    for batch in [1, 2, 7] {
        let (mut events, _keep) = events();
        events.truncate(batch);
        trial.spy.state().events = events.clone();
        let mut ready = ReadyList::new();
        trial.decorated.turn(None, &mut ready).expect("the spy succeeds");
        assert_eq!(told(ready.events()), told(&events));
    }
    let mut ready = ReadyList::new();
    trial.decorated.turn(None, &mut ready).expect("the spy succeeds");
    assert_eq!(told(ready.events()), [], "the inner backend reported nothing");
}

pub(super) fn events_before_an_error_pass_too(trial: &Trial) {
    let (mut events, _keep) = events();
    events.truncate(3);
    trial.spy.state().events = events.clone();
    trial.spy.state().errors.push_back(ErrorKind::Other.into());
    let mut ready = ReadyList::new();
    let result = trial.decorated.turn(None, &mut ready);
    assert!(result.is_err(), "the inner backend failed");
    assert_eq!(told(ready.events()), told(&events));
}

pub(super) fn a_full_batch_stays_full(trial: &Trial) {
    let reactor = Reactor::new(Arc::clone(&trial.decorated));
    for full in [true, false, true] {
        trial.spy.state().full = full;
        assert_eq!(reactor.poll_once().expect("the spy succeeds"), full);
    }
}

pub(super) fn notify_is_forwarded(trial: &Trial) {
    for _ in 0..3 {
        trial.spy.calls();
        trial.decorated.notify();
        let calls = trial.spy.calls();
        assert_eq!(calls, [Call::Notify]);
        trial.decorated.turn(None, &mut ReadyList::new()).expect("the spy succeeds");
    }
}

pub(super) fn now_is_forwarded(trial: &Trial) {
    let start = Instant::now();
    for seconds in [0, 1, 1_000_000] {
        let now = start + Duration::from_secs(seconds);
        trial.spy.state().now = Some(now);
        assert_eq!(trial.decorated.now(), now);
    }
}

pub(super) fn pollable_is_forwarded(trial: &Trial) {
    for number in [Some(3), None, Some(u64::MAX)] {
        trial.spy.state().pollable = number;
        let pollable = trial.decorated.pollable().map(|io| io.as_virtual());
        assert_eq!(pollable, number.map(Some));
    }
}

pub(super) fn observe_is_forwarded(trial: &Trial) {
    let (source, _keep) = source();
    let at = Instant::now();
    let observations = [
        Observation::Waits { source: &source, direction: Direction::Read },
        Observation::Wakes { source: &source, wakers: 3 },
        Observation::TimerSet { timer: 7, at },
        Observation::TimerDropped { timer: 7 },
        Observation::TimersExpire { timers: 2 },
        Observation::Parks,
        Observation::Unparks { to_drive: true },
    ];
    trial.spy.state().interested = true;
    for observation in observations {
        assert!(trial.decorated.observe(observation), "the inner backend is interested");
        let observed = std::mem::take(&mut trial.spy.state().observed);
        assert_eq!(observed, [format!("{observation:?}")]);
    }
}

pub(super) fn a_turn_that_sleeps_keeps_nobody_out(trial: &Trial) {
    trial.spy.state().sleeps = true;
    let turning = Arc::clone(&trial.decorated);
    let turn = start("a turn that was notified", move || turning.turn(None, &mut ReadyList::new()));
    assert!(trial.spy.until_asleep(trial.context.patience()), "`turn` is not forwarded");
    let (source, _keep) = source();
    let others = Arc::clone(&trial.decorated);
    let calls = start("calls beside a turn", move || {
        let io = BorrowedIo::virtual_object(1);
        others.register(io, &source).expect("the spy takes anything");
        others.rearm(io, &source, Directions::READ).expect("the spy takes anything");
        others.deregister(io, &source).expect("the spy takes anything");
        let _ = (others.now(), others.pollable().is_some(), others.observe(Observation::Parks));
        others.notify();
    });
    calls.join(trial.context.patience());
    turn.join(trial.context.patience()).expect("it was notified");
}

pub(super) fn no_source_is_kept(trial: &Trial) {
    let (source, keep) = source();
    let io = BorrowedIo::virtual_object(1);
    let weak = Arc::downgrade(&source);
    trial.decorated.register(io, &source).expect("the spy takes anything");
    trial.spy.state().events.push(Event {
        source: Arc::clone(&source),
        ready: Directions::READ,
        closed: Directions::NONE,
        disarmed: false,
    });
    trial.decorated.turn(None, &mut ReadyList::new()).expect("the spy succeeds");
    trial.spy.state().errors.push_back(ErrorKind::NotFound.into());
    let _ = trial.decorated.deregister(io, &source); // even if it fails
    drop((source, keep));
    assert_eq!(weak.strong_count(), 0, "it was deregistered");
}

pub(super) fn a_panic_of_the_inner_backend_breaks_nothing(trial: &Trial) {
    trial.spy.state().panics = true;
    let turn = || trial.decorated.turn(None, &mut ReadyList::new());
    let panicked = catch_unwind(AssertUnwindSafe(turn));
    assert!(panicked.is_err(), "the inner backend panicked");
    let (source, _keep) = source();
    let io = BorrowedIo::virtual_object(1);
    let after = AssertUnwindSafe(|| {
        let _ = trial.decorated.register(io, &source);
        let _ = trial.decorated.rearm(io, &source, Directions::READ);
        let _ = turn();
        let _ = (trial.decorated.now(), trial.decorated.pollable().is_some());
        let _ = trial.decorated.deregister(io, &source);
        trial.decorated.notify();
    });
    let after = catch_unwind(after).map_err(|payload| message(&*payload));
    assert_eq!(after, Ok(()), "a call after the inner backend has panicked");
}
