//! `System`: the default backend, on what the operating system has.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use crate::backend::GlobalReactor;
use crate::fork::Generation;
use crate::io_object::{BorrowedIo, Directions};
use crate::ready_list::ReadyList;
use crate::source::Source;
use crate::sys::Poller;

/// The reactor that a program gets if it does nothing: epoll on Linux, elsewhere what the `polling`
/// crate has (kqueue, IOCP, event ports).
///
/// Each value is a set of its own. It opens its descriptors at the first use, so an unused one
/// costs nothing. The clock is `Instant::now`.
#[derive(Debug, Default)]
pub struct System {
    poller: OnceLock<Poller>,
    /// Held while the set is made; true if `notify` was called before there was one.
    notified: Mutex<bool>,
    generation: Generation,
}

impl System {
    /// A set of its own; no system call.
    pub const fn new() -> System {
        System {
            poller: OnceLock::new(),
            notified: Mutex::new(false),
            generation: Generation::new(),
        }
    }

    /// Fails in a forked child, for a reactor that is new there may have been given this all the
    /// same.
    fn poller(&self) -> io::Result<&Poller> {
        self.generation.check()?;
        if let Some(poller) = self.poller.get() {
            return Ok(poller);
        }
        let mut notified = self.notified();
        if let Some(poller) = self.poller.get() {
            return Ok(poller);
        }
        let poller = Poller::new()?;
        if std::mem::take(&mut *notified) {
            poller.notify();
        }
        Ok(self.poller.get_or_init(|| poller))
    }

    fn notified(&self) -> MutexGuard<'_, bool> {
        self.notified.lock().expect("no code that can panic runs under this lock")
    }
}

impl Drop for System {
    fn drop(&mut self) {
        // In a forked child the set is the parent's too, and closing it may change it.
        if self.poller.get().is_some() && self.generation.check().is_err() {
            let _leaked = std::mem::ManuallyDrop::new(self.poller.take());
        }
    }
}

impl GlobalReactor for System {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.poller()?.register(io, source)
    }

    fn rearm(
        &self,
        io: BorrowedIo<'_>,
        source: &Arc<Source>,
        wanted: Directions,
    ) -> io::Result<()> {
        self.poller()?.rearm(io, source, wanted)
    }

    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.poller()?.deregister(io, source)
    }

    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        self.poller()?.turn(timeout, ready)
    }

    fn notify(&self) {
        if self.generation.check().is_err() {
            return;
        }
        if let Some(poller) = self.poller.get() {
            return poller.notify();
        }
        // Making a set may fail, which `notify` must not: whoever makes it passes this on.
        let mut notified = self.notified();
        match self.poller.get() {
            Some(poller) => poller.notify(),
            None => *notified = true,
        }
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn pollable(&self) -> Option<BorrowedIo<'_>> {
        self.poller().ok()?.pollable()
    }
}
