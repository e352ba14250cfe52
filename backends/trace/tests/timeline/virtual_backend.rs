//! A backend of virtual objects and virtual time, for one thread: what is reported, and what fails,
//! is the test's decision.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use mini_reactor::{
    AsIo, BorrowedIo, Direction, Directions, Event, GlobalReactor, Handle, Reactor, ReadyList,
    Registration, Source,
};
use mini_reactor_trace::Trace;

pub(crate) struct Virtual {
    begin: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    passed: Duration,
    sources: HashMap<u64, Arc<Source>>,
    events: Vec<Event>,
    failure: Option<i32>,
    notifies: u64,
}

impl Virtual {
    pub(crate) fn new() -> Virtual {
        Virtual { begin: Instant::now(), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics under it")
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.state().passed += time;
    }

    /// The next turn reports this of the object.
    pub(crate) fn report(&self, number: u64, ready: Directions, closed: Directions) {
        let mut state = self.state();
        let source = Arc::clone(&state.sources[&number]);
        state.events.push(Event { source, ready, closed, disarmed: false });
    }

    /// The next call that can fail does.
    pub(crate) fn fail(&self, code: i32) {
        self.state().failure = Some(code);
    }

    pub(crate) fn notifies(&self) -> u64 {
        self.state().notifies
    }

    fn failure(&self) -> io::Result<()> {
        self.state().failure.take().map_or(Ok(()), |code| Err(io::Error::from_raw_os_error(code)))
    }
}

impl GlobalReactor for Virtual {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.failure()?;
        let number = io.as_virtual().ok_or(io::ErrorKind::Unsupported)?;
        self.state().sources.insert(number, Arc::clone(source));
        Ok(())
    }
    fn rearm(&self, _: BorrowedIo<'_>, _: &Arc<Source>, _: Directions) -> io::Result<()> {
        self.failure()
    }
    fn deregister(&self, io: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
        self.failure()?;
        let number = io.as_virtual().ok_or(io::ErrorKind::Unsupported)?;
        self.state().sources.remove(&number);
        Ok(())
    }
    /// Lets the time pass until the timeout, if there is nothing to report.
    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        self.failure()?;
        let mut state = self.state();
        if state.events.is_empty() {
            state.passed += timeout.expect("a turn for ever has something to report");
        }
        state.events.drain(..).for_each(|event| ready.push_event(event));
        Ok(())
    }
    fn notify(&self) {
        self.state().notifies += 1;
    }
    fn now(&self) -> Instant {
        self.begin + self.state().passed
    }
}

/// An object of it.
#[derive(Debug)]
pub(crate) struct Object(pub(crate) u64);

impl AsIo for Object {
    fn as_io(&self) -> BorrowedIo<'_> {
        BorrowedIo::virtual_object(self.0)
    }
}

/// A traced reactor on it.
pub(crate) struct World {
    pub(crate) reactor: Handle,
    typed: Arc<Reactor<Trace<Virtual>>>,
}

impl World {
    pub(crate) fn new() -> World {
        let typed = Arc::new(Reactor::new(Trace::new(Virtual::new())));
        World { reactor: Handle::from(&typed), typed }
    }

    pub(crate) fn trace(&self) -> &Trace<Virtual> {
        self.typed.backend()
    }

    pub(crate) fn inner(&self) -> &Virtual {
        self.trace().inner()
    }

    pub(crate) fn object(&self, number: u64) -> Registration<Object> {
        Registration::new_in(Object(number), &self.reactor)
    }
}

pub(crate) fn wait(object: &Registration<Object>, direction: Direction) -> Poll<io::Result<()>> {
    object.poll_ready(direction, &mut Context::from_waker(Waker::noop()))
}
