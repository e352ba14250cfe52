//! The backend inside a decorator: it notes what reaches it, and answers as it was told.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mini_reactor::{BorrowedIo, Directions, Event, GlobalReactor, Observation, ReadyList, Source};

use crate::threads::panic_quietly;

/// What reached the spy. Objects are told by their numbers, sources by their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Register(Option<u64>, usize),
    Rearm(Option<u64>, usize, Directions),
    Deregister(Option<u64>, usize),
    Turn(Option<Duration>),
    Notify,
    Now,
    Pollable,
}

/// A backend that notes all calls: what a decorator under test decorates.
///
/// Clones are the same spy.
#[derive(Clone, Debug, Default)]
pub struct Spy(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) calls: Vec<Call>,
    /// What the next call of register, rearm, deregister and turn fails with.
    pub(super) errors: VecDeque<io::Error>,
    /// What the next turn reports.
    pub(super) events: Vec<Event>,
    pub(super) full: bool,
    pub(super) panics: bool,
    /// Whether a turn waits until it is notified.
    pub(super) sleeps: bool,
    notified: bool,
    pub(super) now: Option<Instant>,
    /// The number of the pollable object.
    pub(super) pollable: Option<u64>,
    /// What was observed, and the answer to it.
    pub(super) observed: Vec<String>,
    pub(super) interested: bool,
}

/// A turn that sleeps gives up after this: then the decorator lets nobody through to notify it.
const LOST: Duration = Duration::from_secs(60);

impl Spy {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has reached it since the last time this was asked, looks at the clock left out: a
    /// decorator may look at it whenever it likes.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let mut calls = std::mem::take(&mut self.state().calls);
        calls.retain(|call| *call != Call::Now);
        calls
    }

    fn answer(&self, call: Call) -> io::Result<()> {
        let mut state = self.state();
        state.calls.push(call);
        self.0.changed.notify_all();
        state.errors.pop_front().map_or(Ok(()), Err)
    }

    /// Waits until a turn is under way; false: in vain.
    pub(super) fn until_asleep(&self, patience: Duration) -> bool {
        let turning =
            |state: &mut State| !state.calls.iter().any(|call| matches!(call, Call::Turn(_)));
        let waited = self.0.changed.wait_timeout_while(self.state(), patience, turning);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

impl GlobalReactor for Spy {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.answer(Call::Register(io.as_virtual(), source.id()))
    }

    fn rearm(
        &self,
        io: BorrowedIo<'_>,
        source: &Arc<Source>,
        wanted: Directions,
    ) -> io::Result<()> {
        self.answer(Call::Rearm(io.as_virtual(), source.id(), wanted))
    }

    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.answer(Call::Deregister(io.as_virtual(), source.id()))
    }

    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        let result = self.answer(Call::Turn(timeout));
        let mut state = self.state();
        if state.sleeps {
            let asleep = |state: &mut State| !std::mem::take(&mut state.notified);
            let waited = self.0.changed.wait_timeout_while(state, LOST, asleep);
            let (woken, waited) = waited.unwrap_or_else(PoisonError::into_inner);
            if waited.timed_out() {
                return Err(ErrorKind::TimedOut.into());
            }
            state = woken;
        }
        state.events.drain(..).for_each(|event| ready.push_event(event));
        if std::mem::take(&mut state.full) {
            ready.set_full();
        }
        if std::mem::take(&mut state.panics) {
            drop(state);
            panic_quietly("the spy was told to");
        }
        result
    }

    fn notify(&self) {
        let mut state = self.state();
        state.calls.push(Call::Notify);
        state.notified = true;
        self.0.changed.notify_all();
    }

    fn now(&self) -> Instant {
        let mut state = self.state();
        state.calls.push(Call::Now);
        state.now.unwrap_or_else(Instant::now)
    }

    fn pollable(&self) -> Option<BorrowedIo<'_>> {
        let mut state = self.state();
        state.calls.push(Call::Pollable);
        state.pollable.map(BorrowedIo::virtual_object)
    }

    fn observe(&self, observation: Observation<'_>) -> bool {
        let mut state = self.state();
        state.observed.push(format!("{observation:?}"));
        state.interested
    }
}
