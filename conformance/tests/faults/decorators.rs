//! Decorators that do not forward what they should.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mini_reactor::{BorrowedIo, Directions, GlobalReactor, Observation, ReadyList, Source};
use mini_reactor_conformance::decorator::{Spy, Suite};

/// What a decorator does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    SwallowsAnErrorOfRegister,
    RearmsBoth,
    ForgetsDeregister,
    RetriesATurn,
    SwallowsARepeatedEvent,
    DropsTheEventsOfAFailedTurn,
    ForgetsThatABatchWasFull,
    NotifiesOnce,
    HasAClockOfItsOwn,
    ForgetsPollable,
    ForgetsObserve,
    HoldsItsLockOverATurn,
    KeepsSources,
    IsPoisonedByAPanic,
}

struct Decorator {
    inner: Spy,
    fault: Fault,
    /// Whether `notify` was called, ever.
    notified: Mutex<bool>,
    sources: Mutex<Vec<Arc<Source>>>,
    lock: Mutex<()>,
}

impl Decorator {
    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }
}

impl GlobalReactor for Decorator {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        if self.has(Fault::HoldsItsLockOverATurn) {
            drop(self.lock.lock());
        }
        if self.has(Fault::IsPoisonedByAPanic) && self.lock.is_poisoned() {
            panic!("the lock is poisoned");
        }
        if self.has(Fault::KeepsSources) {
            self.sources.lock().unwrap().push(Arc::clone(source));
        }
        let result = self.inner.register(io, source);
        if self.has(Fault::SwallowsAnErrorOfRegister) { Ok(()) } else { result }
    }

    fn rearm(
        &self,
        io: BorrowedIo<'_>,
        source: &Arc<Source>,
        wanted: Directions,
    ) -> io::Result<()> {
        let wanted = if self.has(Fault::RearmsBoth) { Directions::BOTH } else { wanted };
        self.inner.rearm(io, source, wanted)
    }

    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        if self.has(Fault::ForgetsDeregister) { Ok(()) } else { self.inner.deregister(io, source) }
    }

    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        let held = self.has(Fault::HoldsItsLockOverATurn) || self.has(Fault::IsPoisonedByAPanic);
        let _lock = held.then(|| self.lock.lock());
        match self.fault {
            Fault::HoldsItsLockOverATurn => self.inner.turn(timeout, ready),
            Fault::RetriesATurn => match self.inner.turn(timeout, ready) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    self.inner.turn(timeout, ready)
                }
                result => result,
            },
            Fault::SwallowsARepeatedEvent => {
                let result = self.inner.turn(timeout, ready);
                let mut seen = Vec::new();
                ready.events().retain(|event| {
                    let key = (event.source.id(), event.ready, event.closed, event.disarmed);
                    let is_new = !seen.contains(&key);
                    seen.push(key);
                    is_new
                });
                result
            }
            Fault::DropsTheEventsOfAFailedTurn => {
                let result = self.inner.turn(timeout, ready);
                if result.is_err() {
                    ready.events().clear();
                }
                result
            }
            Fault::ForgetsThatABatchWasFull => {
                let mut own = ReadyList::new();
                let result = self.inner.turn(timeout, &mut own);
                own.events().drain(..).for_each(|event| ready.push_event(event));
                result
            }
            _ => self.inner.turn(timeout, ready),
        }
    }

    fn notify(&self) {
        let before = std::mem::replace(&mut *self.notified.lock().unwrap(), true);
        if self.has(Fault::NotifiesOnce) && before {
            return;
        }
        self.inner.notify();
    }

    fn now(&self) -> Instant {
        if self.has(Fault::HasAClockOfItsOwn) { Instant::now() } else { self.inner.now() }
    }

    fn pollable(&self) -> Option<BorrowedIo<'_>> {
        if self.has(Fault::ForgetsPollable) { None } else { self.inner.pollable() }
    }

    fn observe(&self, observation: Observation<'_>) -> bool {
        !self.has(Fault::ForgetsObserve) && self.inner.observe(observation)
    }
}

fn suite(fault: Fault) -> Suite {
    let decorate = move |inner| Decorator {
        inner,
        fault,
        notified: Mutex::default(),
        sources: Mutex::default(),
        lock: Mutex::default(),
    };
    Suite::new(decorate, module_path!())
}

#[test]
fn a_decorator_without_a_fault_passes() {
    assert_eq!(suite(Fault::None).failures(&[]), []);
}

macro_rules! faults {
    ($($name:ident: $fault:ident fails $clause:ident;)*) => {$(
        #[test]
        fn $name() {
            let suite = suite(Fault::$fault);
            crate::fails_only(stringify!($clause), |expected| suite.failures(expected));
        }
    )*};
}

faults! {
    one_that_swallows_an_error: SwallowsAnErrorOfRegister fails register_is_forwarded;
    one_that_rearms_both_directions: RearmsBoth fails rearm_is_forwarded;
    one_that_forgets_deregister: ForgetsDeregister fails deregister_is_forwarded;
    one_that_retries_a_turn: RetriesATurn fails turn_is_forwarded;
    one_that_swallows_a_repeated_event: SwallowsARepeatedEvent fails events_pass_a_turn_unchanged;
    one_that_drops_the_events_of_a_failed_turn:
        DropsTheEventsOfAFailedTurn fails events_before_an_error_pass_too;
    one_that_forgets_that_a_batch_was_full:
        ForgetsThatABatchWasFull fails a_full_batch_stays_full;
    one_that_notifies_once_and_never_again: NotifiesOnce fails notify_is_forwarded;
    one_that_has_a_clock_of_its_own: HasAClockOfItsOwn fails now_is_forwarded;
    one_that_forgets_pollable: ForgetsPollable fails pollable_is_forwarded;
    one_that_forgets_observe: ForgetsObserve fails observe_is_forwarded;
    one_that_holds_its_lock_over_a_turn:
        HoldsItsLockOverATurn fails a_turn_that_sleeps_keeps_nobody_out;
    one_that_keeps_sources: KeepsSources fails no_source_is_kept;
    one_that_is_poisoned_by_a_panic:
        IsPoisonedByAPanic fails a_panic_of_the_inner_backend_breaks_nothing;
}
