//! The portable path: the `polling` crate, edge-triggered or one-shot.
//!
//! Used where there is no direct path, and on Linux under test. One-shot is what every system has,
//! Windows only that; there arming one direction disarms the other, so the union is armed.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use super::mode::{MODE, ONE_SHOT};
use super::table::{self, Table};
use crate::io_object::{BorrowedIo, Directions, Kind};
use crate::ready_list::ReadyList;
use crate::source::{KeepOpen, Source};

#[derive(Debug)]
pub(crate) struct Poller {
    poller: polling::Poller,
    sources: Table<KeepOpen>,
    /// Set from a wait that failed until the next one. Relaxed: one thread at a time waits.
    failed: AtomicBool,
}

impl Poller {
    pub(crate) fn new() -> io::Result<Poller> {
        let poller = polling::Poller::new()?;
        Ok(Poller { poller, sources: Table::new(), failed: AtomicBool::new(false) })
    }

    #[expect(unsafe_code, reason = "polling demands that an object stay open until it is deleted")]
    pub(crate) fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let Kind::Os(_) = io.0 else { return Err(ErrorKind::Unsupported.into()) };
        let Some(token) = source.keep_open() else { return Err(ErrorKind::NotConnected.into()) };
        let wanted = if ONE_SHOT { Directions::NONE } else { Directions::BOTH };
        // Held over the add: another thread's turn must not meet an event of an unknown source.
        let mut sources = self.sources.lock();
        let Some(key) = sources.insert(token) else {
            return Err(ErrorKind::AlreadyExists.into());
        };
        let token = sources.get(key).expect("inserted just now");
        // SAFETY: the token keeps its object open; it is dropped only after `delete`, by
        // `deregister`, or below, if nothing was added.
        let added = unsafe { self.poller.add_with_mode(token, event(source, wanted), MODE) };
        if added.is_err() {
            sources.remove(source);
        }
        match added {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                source.set_always_ready();
                Ok(())
            }
            added => added,
        }
    }

    pub(crate) fn rearm(
        &self,
        _: BorrowedIo<'_>,
        source: &Arc<Source>,
        wanted: Directions,
    ) -> io::Result<()> {
        if !ONE_SHOT || source.is_always_ready() {
            return Ok(());
        }
        match self.sources.lock().get(table::key(source)) {
            Some(token) => self.poller.modify_with_mode(token, event(source, wanted), MODE),
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    pub(crate) fn deregister(&self, _: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let known = self.sources.lock().remove(source);
        match known {
            Some(token) => self.poller.delete(&token),
            None if source.is_always_ready() => Ok(()), // never was in the set
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    pub(crate) fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        let mut events = polling::Events::new();
        // After an error `polling` may believe for ever that a notification is under way, and pass
        // on no other, until a wait succeeds: the next one does not sleep.
        let timeout = if self.failed.load(Relaxed) { Some(Duration::ZERO) } else { timeout };
        let result = self.poller.wait(&mut events, timeout);
        self.failed.store(result.is_err(), Relaxed);
        // What it had found before an error it will not find again.
        let sources = self.sources.lock();
        for event in events.iter() {
            let Some(KeepOpen(source)) = sources.get(event.key) else { continue };
            let mut directions = Directions::NONE;
            if event.readable || event.is_priority() {
                directions |= Directions::READ;
            }
            if event.writable {
                directions |= Directions::WRITE;
            }
            if ONE_SHOT {
                ready.push_disarmed(source, directions);
            } else {
                ready.push(source, directions);
            }
            if event.is_interrupt() || event.is_err() == Some(true) {
                ready.push_closed(source, Directions::BOTH);
            }
        }
        result.map(drop)
    }

    pub(crate) fn notify(&self) {
        // It fails only where the set itself is broken, which the next turn reports.
        let _ = self.poller.notify();
    }

    /// One level of sets within sets is not portable.
    pub(crate) fn pollable(&self) -> Option<BorrowedIo<'_>> {
        None
    }
}

fn event(source: &Arc<Source>, wanted: Directions) -> polling::Event {
    let readable = wanted.contains(Directions::READ);
    polling::Event::new(table::key(source), readable, wanted.contains(Directions::WRITE))
}
