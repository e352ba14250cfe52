//! A backend without a system: objects are numbers, time is virtual, and the test says what
//! happens.
//!
//! A lab keeps the books of all calls, checks that turns do not overlap, and can be told to fail or
//! panic. It watches as an edge-triggered system does, or as a one-shot one.

use std::collections::VecDeque;
use std::io;
use std::ops::BitOr;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use mini_reactor::{
    AsIo, BorrowedIo, Directions, Event, GlobalReactor, Observation, ReadyList, Source,
};

/// No turn waits longer than this of real time: then the test has lost a wake-up.
const LOST: Duration = crate::tools::PATIENCE;

/// An object of the lab.
#[derive(Debug)]
pub(crate) struct Object(pub(crate) u64);

impl AsIo for Object {
    fn as_io(&self) -> BorrowedIo<'_> {
        BorrowedIo::virtual_object(self.0)
    }
}

/// One call of the backend, as the lab has noted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Register(u64),
    Rearm(u64, Directions),
    Deregister(u64),
    Turn(Option<Duration>),
    Notify,
}

/// What the lab does instead of what it should.
pub(crate) enum Fault {
    Register(io::Error),
    Rearm(io::Error),
    Deregister(io::Error),
    /// After having reported what there was.
    Turn(io::Error),
    TurnPanics(&'static str),
}

pub(crate) struct Lab {
    one_shot: bool,
    /// Whether waiting for an instant makes it come; else the test advances the time.
    time_flies: bool,
    start: Instant,
    turning: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
}

/// While one turn is under way.
struct Turning<'a>(&'a AtomicBool);

impl Drop for Turning<'_> {
    fn drop(&mut self) {
        self.0.store(false, SeqCst);
    }
}

#[derive(Default)]
struct State {
    elapsed: Duration,
    notified: bool,
    in_turn: Option<ThreadId>,
    watched: Vec<Watched>,
    events: Vec<Event>,
    full: bool,
    calls: Vec<Call>,
    drivers: Vec<ThreadId>,
    /// Threads that are parked beside the driver.
    parked: Vec<ThreadId>,
    /// Those that were sent to drive, from the beginning.
    sent: Vec<ThreadId>,
    faults: VecDeque<Fault>,
}

struct Watched {
    number: u64,
    source: Arc<Source>,
    armed: Directions,
    ready: Directions,
    closed: Directions,
}

impl Watched {
    fn news(&self) -> Directions {
        within(self.ready, self.armed)
    }
}

impl Lab {
    pub(crate) fn new(one_shot: bool, time_flies: bool) -> Lab {
        let start = Instant::now();
        let (turning, state, changed) = Default::default();
        Lab { one_shot, time_flies, start, turning, state, changed }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the lab does not panic under its lock")
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// Something happens to the object: the next turn reports it, if it is watched.
    pub(crate) fn happen(&self, number: u64, ready: Directions) {
        self.happen_and_close(number, ready, Directions::NONE);
    }

    /// As `happen`, and `closed` is at its end.
    pub(crate) fn happen_and_close(&self, number: u64, ready: Directions, closed: Directions) {
        self.change(|state| {
            for watched in state.watched.iter_mut().filter(|watched| watched.number == number) {
                watched.ready |= ready | closed;
                watched.closed |= closed;
            }
        });
    }

    /// The next turn reports this, whether it makes sense or not.
    pub(crate) fn report(&self, event: Event) {
        self.change(|state| state.events.push(event));
    }

    /// The next turn says that its buffer was full.
    #[cfg(unix)]
    pub(crate) fn fill(&self) {
        self.change(|state| state.full = true);
    }

    pub(crate) fn fail(&self, fault: Fault) {
        self.change(|state| state.faults.push_back(fault));
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.change(|state| state.elapsed += by);
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.state().elapsed
    }

    /// The calls since the last time this was asked.
    pub(crate) fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.state().calls)
    }

    /// How often `notify` was called since the calls were last asked for.
    pub(crate) fn notifies(&self) -> usize {
        self.state().calls.iter().filter(|call| **call == Call::Notify).count()
    }

    /// Who drove, turn by turn, from the beginning.
    pub(crate) fn drivers(&self) -> Vec<ThreadId> {
        self.state().drivers.clone()
    }

    /// Whether the object is registered.
    pub(crate) fn is_watched(&self, number: u64) -> bool {
        self.state().watched.iter().any(|watched| watched.number == number)
    }

    /// Waits until a thread is asleep in `turn`.
    pub(crate) fn until_asleep(&self) -> ThreadId {
        let state = self.until(|state| state.in_turn.is_some());
        state.in_turn.expect("a thread drives within half a minute")
    }

    /// Waits until the thread is parked beside the driver, where who leaves the role finds it.
    pub(crate) fn until_parked(&self, thread: ThreadId) {
        let state = self.until(|state| state.parked.contains(&thread));
        assert!(state.parked.contains(&thread), "it does not park");
    }

    /// Whether the thread was sent to drive while it was parked.
    pub(crate) fn was_sent(&self, thread: ThreadId) -> bool {
        self.state().sent.contains(&thread)
    }

    fn until(&self, done: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let waited = self.changed.wait_timeout_while(self.state(), LOST, |state| !done(state));
        waited.expect("the lab does not panic under its lock").0
    }

    fn fault(&self, wanted: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut state = self.state();
        let at = state.faults.iter().position(wanted)?;
        state.faults.remove(at)
    }

    fn note(&self, call: Call) {
        self.change(|state| state.calls.push(call));
    }

    /// Sleeps until something is to be reported, somebody calls, or the time has come.
    fn wait(&self, timeout: Option<Duration>) -> MutexGuard<'_, State> {
        let mut state = self.state();
        let end = timeout.map(|timeout| state.elapsed.saturating_add(timeout));
        loop {
            if state.notified || state.has_news() || end.is_some_and(|end| end <= state.elapsed) {
                return state;
            }
            if let Some(end) = end.filter(|_| self.time_flies) {
                state.elapsed = end;
                return state;
            }
            state.in_turn = Some(thread::current().id());
            self.changed.notify_all();
            let waited = self.changed.wait_timeout(state, LOST);
            let (mut locked, result) = waited.expect("the lab does not panic under its lock");
            locked.in_turn = None;
            let calls = locked.calls.clone();
            state = locked;
            if result.timed_out() {
                drop(state);
                panic!(
                    "nothing happened for {LOST:?}: a wake-up is lost; the calls were {calls:?}"
                );
            }
        }
    }
}

impl State {
    fn has_news(&self) -> bool {
        let reports = |watched: &Watched| !watched.news().is_empty();
        let fails = |fault: &Fault| matches!(fault, Fault::Turn(_) | Fault::TurnPanics(_));
        !self.events.is_empty() || self.faults.iter().any(fails) || self.watched.iter().any(reports)
    }
}

impl GlobalReactor for Lab {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let number = io.as_virtual().ok_or(io::ErrorKind::Unsupported)?;
        self.note(Call::Register(number));
        if let Some(Fault::Register(error)) = self.fault(|f| matches!(f, Fault::Register(_))) {
            return Err(error);
        }
        if self.state().watched.iter().any(|watched| watched.number == number) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let armed = if self.one_shot { Directions::NONE } else { Directions::BOTH };
        self.change(|state| {
            state.watched.push(Watched {
                number,
                source: Arc::clone(source),
                armed,
                ready: Directions::NONE,
                closed: Directions::NONE,
            });
        });
        Ok(())
    }

    fn rearm(&self, io: BorrowedIo<'_>, _: &Arc<Source>, wanted: Directions) -> io::Result<()> {
        let number = io.as_virtual().ok_or(io::ErrorKind::Unsupported)?;
        self.note(Call::Rearm(number, wanted));
        if let Some(Fault::Rearm(error)) = self.fault(|f| matches!(f, Fault::Rearm(_))) {
            return Err(error);
        }
        if self.one_shot {
            self.change(|state| {
                for watched in state.watched.iter_mut().filter(|other| other.number == number) {
                    watched.armed = wanted;
                }
            });
        }
        Ok(())
    }

    fn deregister(&self, io: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
        let number = io.as_virtual().ok_or(io::ErrorKind::Unsupported)?;
        self.note(Call::Deregister(number));
        self.change(|state| state.watched.retain(|watched| watched.number != number));
        match self.fault(|f| matches!(f, Fault::Deregister(_))) {
            Some(Fault::Deregister(error)) => Err(error),
            _ => Ok(()),
        }
    }

    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        assert!(!self.turning.swap(true, SeqCst), "two turns at once");
        let _turning = Turning(&self.turning);
        let me = thread::current().id();
        self.change(|state| {
            state.calls.push(Call::Turn(timeout));
            state.drivers.push(me);
        });
        let mut state = self.wait(timeout);
        state.notified = false;
        state.events.drain(..).for_each(|event| ready.push_event(event));
        if std::mem::take(&mut state.full) {
            ready.set_full();
        }
        for watched in &mut state.watched {
            let now = watched.news();
            if now.is_empty() {
                continue;
            }
            let closed = within(watched.closed, now);
            ready.push_event(Event {
                source: Arc::clone(&watched.source),
                ready: now,
                closed,
                disarmed: self.one_shot,
            });
            watched.ready = without(watched.ready, now);
            watched.closed = without(watched.closed, closed);
            if self.one_shot {
                watched.armed = Directions::NONE;
            }
        }
        drop(state);
        match self.fault(|f| matches!(f, Fault::Turn(_) | Fault::TurnPanics(_))) {
            Some(Fault::Turn(error)) => Err(error),
            Some(Fault::TurnPanics(message)) => panic!("{message}"),
            _ => Ok(()),
        }
    }

    fn notify(&self) {
        self.change(|state| {
            state.calls.push(Call::Notify);
            state.notified = true;
        });
    }

    fn now(&self) -> Instant {
        self.start + self.elapsed()
    }

    fn observe(&self, observation: Observation<'_>) -> bool {
        let me = thread::current().id();
        match observation {
            Observation::Parks => self.change(|state| state.parked.push(me)),
            Observation::Unparks { to_drive } => self.change(|state| {
                state.parked.retain(|parked| *parked != me);
                state.sent.extend(to_drive.then_some(me));
            }),
            _ => {}
        }
        true
    }
}

fn only(all: Directions, keep: impl Fn(Directions) -> bool) -> Directions {
    let each = [Directions::READ, Directions::WRITE].into_iter();
    each.filter(|one| all.contains(*one) && keep(*one)).fold(Directions::NONE, BitOr::bitor)
}

fn within(all: Directions, some: Directions) -> Directions {
    only(all, |one| some.contains(one))
}

fn without(all: Directions, some: Directions) -> Directions {
    only(all, |one| !some.contains(one))
}
