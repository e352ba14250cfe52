//! `System`: the default backend, on what the operating system has.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::backend::GlobalReactor;
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
}

impl System {
    /// A set of its own; no system call.
    pub const fn new() -> System {
        System { poller: OnceLock::new() }
    }

    fn poller(&self) -> io::Result<&Poller> {
        if let Some(poller) = self.poller.get() {
            return Ok(poller);
        }
        // Of several threads at once, one wins, and the others close theirs.
        let poller = Poller::new()?;
        Ok(self.poller.get_or_init(|| poller))
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
        // Without a set nobody waits in it; the error of one that cannot be made is `turn`'s to
        // report.
        if let Ok(poller) = self.poller() {
            poller.notify();
        }
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn pollable(&self) -> Option<BorrowedIo<'_>> {
        self.poller().ok()?.pollable()
    }
}
