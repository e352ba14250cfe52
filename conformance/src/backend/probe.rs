//! What stands between the core and the backend: it notes what the backend reports, and lets a
//! clause reach the backend past the core.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mini_reactor::{BorrowedIo, Directions, GlobalReactor, Observation, ReadyList, Source};

/// One event, as the backend reported it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reported {
    /// The source's id.
    pub(crate) of: usize,
    pub(crate) ready: Directions,
    pub(crate) closed: Directions,
    pub(crate) disarmed: bool,
}

pub(crate) struct Probe {
    backend: Box<dyn GlobalReactor>,
    reported: Mutex<Vec<Reported>>,
    /// Whether the core's rearms are kept from the backend.
    holds_rearms: AtomicBool,
    /// Called before and after each turn, on its thread.
    around_turns: Mutex<Option<Around>>,
}

type Around = Box<dyn FnMut(&'static str) + Send>;

impl Probe {
    pub(crate) fn new(backend: Box<dyn GlobalReactor>) -> Probe {
        Probe {
            backend,
            reported: Mutex::default(),
            holds_rearms: AtomicBool::new(false),
            around_turns: Mutex::default(),
        }
    }

    /// The backend itself.
    pub(crate) fn backend(&self) -> &dyn GlobalReactor {
        &*self.backend
    }

    /// What was reported of a source since the last time that was asked; all else is forgotten.
    pub(crate) fn reported(&self, of: &Source) -> Vec<Reported> {
        let all = std::mem::take(&mut *lock(&self.reported));
        all.into_iter().filter(|event| event.of == of.id()).collect()
    }

    /// Keeps the core's rearms from the backend, or no longer. The flag is the clause's own, on its
    /// thread, so Relaxed will do.
    pub(crate) fn hold_rearms(&self, hold: bool) {
        self.holds_rearms.store(hold, Relaxed);
    }

    /// Has `around` called with "before" and "after" each turn.
    pub(crate) fn around_turns(&self, around: impl FnMut(&'static str) + Send + 'static) {
        *lock(&self.around_turns) = Some(Box::new(around));
    }

    fn around(&self, when: &'static str) {
        if let Some(around) = &mut *lock(&self.around_turns) {
            around(when);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl GlobalReactor for Probe {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.backend.register(io, source)
    }

    fn rearm(
        &self,
        io: BorrowedIo<'_>,
        source: &Arc<Source>,
        wanted: Directions,
    ) -> io::Result<()> {
        match self.holds_rearms.load(Relaxed) {
            true => Ok(()),
            false => self.backend.rearm(io, source, wanted),
        }
    }

    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.backend.deregister(io, source)
    }

    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        self.around("before");
        let result = self.backend.turn(timeout, ready);
        self.around("after");
        lock(&self.reported).extend(ready.events().iter().map(|event| Reported {
            of: event.source.id(),
            ready: event.ready,
            closed: event.closed,
            disarmed: event.disarmed,
        }));
        result
    }

    fn notify(&self) {
        self.backend.notify();
    }

    fn now(&self) -> Instant {
        self.backend.now()
    }

    fn pollable(&self) -> Option<BorrowedIo<'_>> {
        self.backend.pollable()
    }

    fn observe(&self, observation: Observation<'_>) -> bool {
        self.backend.observe(observation)
    }
}
