//! A backend on `poll(2)`, which every Unix has: about the smallest that keeps the whole contract.
//!
//! Two things have to be made of what `poll` is:
//!
//! - It is level-triggered: it tells again and again what is ready. So an object is watched for one
//!   event at a time; after that, nothing is asked of it until the core rearms it. That is what
//!   `push_disarmed` says.
//! - It takes its set as an argument. So whoever changes the set while a thread sleeps in `poll`
//!   ends that sleep, by a byte for a socket that is in each set.
//!
//! A descriptor must be open while `poll` sleeps on it, so the set has duplicates of its own. (The
//! other way is a token of the source, `Source::keep_open`; a token must be given back before
//! `deregister` returns, so that would have to wait for the sleeper.)
//!
//! # Why nobody sleeps through a call
//!
//! Everything is under one lock, but for `poll` itself. A turn says `sleeping` under the lock, when
//! it has read the set and seen that nobody has notified. A call that comes later finds `sleeping`
//! and writes its byte; one that came before was seen.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mini_reactor::{BorrowedIo, Directions, GlobalReactor, ReadyList, Source};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// What `poll` watches. Made without a system call.
#[derive(Debug, Default)]
pub struct PollBackend(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// By the number of their source.
    objects: HashMap<usize, Object>,
    notified: bool,
    /// Whether a turn is in `poll`; there is a bell then.
    sleeping: bool,
    /// The end in the set, and the one that is written to.
    bell: Option<Arc<(UnixStream, UnixStream)>>,
}

#[derive(Debug)]
struct Object {
    raw: RawFd,
    duplicate: Arc<OwnedFd>,
    source: Arc<Source>,
    armed: Directions,
}

impl PollBackend {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Ends the sleep of a turn, if there is one. A full buffer ends it just as well.
    fn wake(&self) {
        if let (true, Some(bell)) = (self.sleeping, &self.bell) {
            let _ = (&bell.1).write(&[0]);
        }
    }

    fn bell(&mut self) -> io::Result<Arc<(UnixStream, UnixStream)>> {
        if let Some(bell) = &self.bell {
            return Ok(Arc::clone(bell));
        }
        let bell = Arc::new(UnixStream::pair()?);
        bell.0.set_nonblocking(true)?;
        bell.1.set_nonblocking(true)?;
        self.bell = Some(Arc::clone(&bell));
        Ok(bell)
    }
}

impl GlobalReactor for PollBackend {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let fd = io.as_fd().ok_or(ErrorKind::Unsupported)?;
        let (mut state, raw) = (self.state(), fd.as_raw_fd());
        if state.objects.values().any(|object| object.raw == raw) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let (duplicate, source) = (Arc::new(fd.try_clone_to_owned()?), Arc::clone(source));
        let object = Object { raw, duplicate, source, armed: Directions::NONE };
        state.objects.insert(object.source.id(), object);
        Ok(()) // nothing is watched before it is armed
    }

    fn rearm(&self, _: BorrowedIo<'_>, source: &Arc<Source>, wanted: Directions) -> io::Result<()> {
        let mut state = self.state();
        state.objects.get_mut(&source.id()).ok_or(ErrorKind::NotFound)?.armed = wanted;
        state.wake();
        Ok(())
    }

    fn deregister(&self, _: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let mut state = self.state();
        let object = state.objects.remove(&source.id()).ok_or(ErrorKind::NotFound)?;
        state.wake(); // the sleeper has the duplicate open
        drop(state);
        drop(object);
        Ok(())
    }

    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        let mut state = self.state();
        let bell = state.bell()?;
        let timeout = if state.notified { Some(Duration::ZERO) } else { timeout };
        let watched: Vec<(usize, Arc<OwnedFd>, PollFlags)> = state
            .objects
            .iter()
            .filter(|(_, object)| !object.armed.is_empty())
            .map(|(id, object)| (*id, Arc::clone(&object.duplicate), flags(object.armed)))
            .collect();
        state.sleeping = true;
        drop(state);

        let mut set = vec![PollFd::new(&bell.0, PollFlags::IN)];
        set.extend(watched.iter().map(|(_, fd, flags)| PollFd::new(&**fd, *flags)));
        let result = poll(&mut set, timeout.map(timespec).as_ref());

        let mut state = self.state();
        (state.sleeping, state.notified) = (false, false);
        let _ = (&bell.0).read(&mut [0; 64]); // what is left costs an empty turn
        result?;
        for ((id, ..), polled) in watched.iter().zip(&set[1..]) {
            let found = directions(polled.revents());
            // It may have been deregistered meanwhile. (Numbers of sources are never used twice.)
            if let (Some(object), false) = (state.objects.get_mut(id), found.is_empty()) {
                object.armed = Directions::NONE;
                ready.push_disarmed(&object.source, found);
            }
        }
        Ok(())
    }

    fn notify(&self) {
        let mut state = self.state();
        if !state.notified {
            state.notified = true;
            state.wake();
        }
    }

    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// What to ask `poll` for.
fn flags(wanted: Directions) -> PollFlags {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN | PollFlags::PRI, wanted.contains(Directions::READ));
    flags.set(PollFlags::OUT, wanted.contains(Directions::WRITE));
    flags
}

/// What `poll` has answered. It tells of errors and hang-ups unasked; an attempt will show which.
fn directions(found: PollFlags) -> Directions {
    let mut directions = Directions::NONE;
    if found.intersects(PollFlags::IN | PollFlags::PRI) {
        directions |= Directions::READ;
    }
    if found.contains(PollFlags::OUT) {
        directions |= Directions::WRITE;
    }
    if found.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL) {
        directions |= Directions::BOTH;
    }
    directions
}

fn timespec(timeout: Duration) -> Timespec {
    let seconds = timeout.as_secs().try_into().unwrap_or(i64::MAX);
    Timespec { tv_sec: seconds, tv_nsec: timeout.subsec_nanos().into() }
}
