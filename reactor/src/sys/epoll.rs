//! Linux: epoll, edge-triggered for both directions at once, one system call per wait.
//!
//! The notifier is an eventfd, edge-triggered too and never read: each write is a new edge. (mio
//! does the same.) Deadlines go into `epoll_pwait2`, in nanoseconds; there is no timer descriptor.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::AcqRel, Ordering::Relaxed};
use std::time::Duration;

use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};
use rustix::io::{Errno, retry_on_intr};

use super::epoll_old;
use super::table::Table;
use crate::io_object::{BorrowedIo, Directions, Kind};
use crate::ready_list::ReadyList;
use crate::source::Source;

/// Events taken per turn; more stay in the kernel for the next one.
const EVENTS: usize = 128;

/// The notifier's number; no source has it.
const NOTIFIER: u64 = u64::MAX;

#[derive(Debug)]
pub(crate) struct Poller {
    epoll: OwnedFd,
    notifier: OwnedFd,
    /// Set from a `notify` until a turn has seen it, so that many cost one write.
    notified: AtomicBool,
    sources: Table<Arc<Source>>,
}

impl Poller {
    pub(crate) fn new() -> io::Result<Poller> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let notifier = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&epoll, &notifier, epoll::EventData::new_u64(NOTIFIER), flags)?;
        Ok(Poller { epoll, notifier, notified: AtomicBool::new(false), sources: Table::new() })
    }

    pub(crate) fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        use epoll::EventFlags as Flags;
        let Kind::Os(fd) = io.0 else { return Err(io::ErrorKind::Unsupported.into()) };
        let key = self.sources.lock().insert(Arc::clone(source));
        let Some(key) = key else { return Err(io::ErrorKind::AlreadyExists.into()) };
        source.set_short_is_drained(true);
        let flags = Flags::IN | Flags::OUT | Flags::PRI | Flags::RDHUP | Flags::ET;
        let data = epoll::EventData::new_u64(key as u64);
        let result = epoll::add(&self.epoll, fd, data, flags);
        if result.is_ok() {
            return Ok(());
        }
        self.sources.lock().remove(source);
        match result {
            // The system's way to say that an object never blocks.
            Err(Errno::PERM) => {
                source.set_always_ready();
                Ok(())
            }
            result => Ok(result?),
        }
    }

    /// Edge-triggered: both directions are watched from `register` on.
    pub(crate) fn rearm(
        &self,
        _: BorrowedIo<'_>,
        _: &Arc<Source>,
        _: Directions,
    ) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let Kind::Os(fd) = io.0 else { return Err(io::ErrorKind::Unsupported.into()) };
        let known = self.sources.lock().remove(source);
        match known {
            Some(_) => Ok(epoll::delete(&self.epoll, fd)?),
            None if source.is_always_ready() => Ok(()), // never was in the set
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    pub(crate) fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        let timeout = timeout.map(timespec);
        let mut buffer = [const { MaybeUninit::<epoll::Event>::uninit() }; EVENTS];
        match epoll::wait(&self.epoll, &mut buffer, timeout.as_ref()) {
            Ok((events, _)) => self.report(events, ready),
            // Before Linux 5.11, or a sandbox that does not know the call; those say either.
            Err(Errno::NOSYS | Errno::PERM) => {
                let events = epoll_old::wait::<EVENTS>(&self.epoll, timeout)?;
                self.report(&events, ready);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn report(&self, events: &[epoll::Event], ready: &mut ReadyList) {
        if events.len() == EVENTS {
            ready.set_full();
        }
        let only_notified = events.iter().all(|event| event.data.u64() == NOTIFIER);
        if only_notified && events.is_empty() {
            return;
        }
        let sources = self.sources.lock();
        for event in events {
            let number = event.data.u64();
            if number == NOTIFIER {
                // AcqRel: acquires what the caller of `notify` did before.
                self.notified.swap(false, AcqRel);
            } else if let Some(source) = sources.get(number as usize) {
                translate(event.flags, source, ready);
            }
        }
    }

    pub(crate) fn notify(&self) {
        // AcqRel: pairs with the swap in `report`; what was done before is seen after that turn.
        if !self.notified.swap(true, AcqRel) {
            let write = || rustix::io::write(&self.notifier, &1_u64.to_ne_bytes());
            // It fails only when full, after 2^64 writes; if it did, later calls try again.
            if retry_on_intr(write).is_err() {
                self.notified.store(false, Relaxed);
            }
        }
    }

    pub(crate) fn pollable(&self) -> Option<BorrowedIo<'_>> {
        Some(BorrowedIo::from(&self.epoll))
    }
}

/// What epoll says, in the core's words.
fn translate(flags: epoll::EventFlags, source: &Arc<Source>, ready: &mut ReadyList) {
    use epoll::EventFlags as Flags;
    let mut directions = Directions::NONE;
    if flags.intersects(Flags::IN | Flags::PRI) {
        directions |= Directions::READ;
    }
    if flags.contains(Flags::OUT) {
        directions |= Directions::WRITE;
    }
    if flags.contains(Flags::PRI) {
        source.set_short_is_drained(false); // a read stops at the mark
    }
    if !directions.is_empty() {
        ready.push(source, directions);
    }
    if flags.intersects(Flags::HUP | Flags::ERR) {
        ready.push_closed(source, Directions::BOTH);
    } else if flags.contains(Flags::RDHUP) {
        ready.push_closed(source, Directions::READ);
    }
}

fn timespec(timeout: Duration) -> Timespec {
    // A timeout beyond what the kernel can count is as good as the longest that it can.
    let seconds = i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX);
    Timespec { tv_sec: seconds, tv_nsec: timeout.subsec_nanos().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_notifies_before_a_turn_cost_one_write() {
        let poller = Poller::new().unwrap();
        for _ in 0..3 {
            (0..100).for_each(|_| poller.notify());
            poller.turn(None, &mut ReadyList::new()).unwrap();
        }
        let mut writes = [0; 8]; // nobody else reads the notifier, so it has counted
        assert_eq!(rustix::io::read(&poller.notifier, &mut writes).unwrap(), 8);
        assert_eq!(u64::from_ne_bytes(writes), 3);
    }
}
