//! A backend for [`mini_reactor`] on [`mio`].
//!
//! How the trait maps to mio:
//!
//! | [`GlobalReactor`] | mio |
//! |---|---|
//! | `register` | `Registry::register` of a `SourceFd`, both directions; the token is the source's number |
//! | `rearm` | nothing: mio is edge-triggered, both directions are watched from `register` on |
//! | `deregister` | `Registry::deregister` |
//! | `turn` | `Poll::poll`, which wants `&mut`, so under a lock that only the driver takes |
//! | `notify` | `Waker::wake`, once per turn however many ask: an event of a number that no source has |
//! | `pollable` | the descriptor of the `Registry` |
//! | a regular file, which epoll refuses with `EPERM` | [`Source::set_always_ready`] |
//! | timers | nothing: the core has them, a turn has a timeout |
//!
//! mio's timeouts are whole milliseconds, rounded up: timers are late by up to one. Everything else
//! is as [`System`](mini_reactor::System) does it. This crate exists for programs that have mio in
//! their tree already, and to show how small a backend is.
//!
//! Deliberately absent: Windows, where mio watches its own types only; there this crate is empty.
#![cfg(unix)]

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering::AcqRel, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use mini_reactor::{BorrowedIo, Directions, GlobalReactor, ReadyList, Source};
use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token, Waker};

/// Events taken per turn; more stay in the kernel for the next one.
const EVENTS: usize = 128;

/// The waker's number; no source has it.
const WAKER: Token = Token(usize::MAX);

/// A reactor on mio.
///
/// Each value is a set of its own, which opens its descriptors at the first use. As with
/// [`System`](mini_reactor::System), the core refuses to use it in a child after `fork`.
///
/// # Examples
///
/// ```standalone_crate
/// use std::time::Duration;
/// use mini_reactor_mio::Mio;
///
/// mini_reactor::global_reactor! {
///     static REACTOR: Mio = Mio::new();
/// }
///
/// mini_reactor::block_on(async {
///     let mut nap = mini_reactor::Deadline::after(Duration::from_millis(2));
///     std::future::poll_fn(|cx| nap.poll(cx)).await;
/// });
/// ```
#[derive(Debug, Default)]
pub struct Mio {
    set: OnceLock<Set>,
    /// Held while the set is made; true if `notify` was called before there was one.
    notified: Mutex<bool>,
}

#[derive(Debug)]
struct Set {
    /// Of the one thread that is in `turn`.
    driver: Mutex<(Poll, Events)>,
    registry: Registry,
    waker: Waker,
    /// Set from a `notify` until a turn has seen it, so that many cost one system call.
    notified: AtomicBool,
    sources: Mutex<Sources>,
}

impl Mio {
    /// A set of its own; no system call.
    pub const fn new() -> Mio {
        Mio { set: OnceLock::new(), notified: Mutex::new(false) }
    }

    fn set(&self) -> io::Result<&Set> {
        if let Some(set) = self.set.get() {
            return Ok(set);
        }
        let mut notified = lock(&self.notified);
        if let Some(set) = self.set.get() {
            return Ok(set);
        }
        let set = Set::new()?;
        if std::mem::take(&mut *notified) {
            set.notify();
        }
        Ok(self.set.get_or_init(|| set))
    }
}

impl Set {
    fn new() -> io::Result<Set> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        Ok(Set {
            driver: Mutex::new((poll, Events::with_capacity(EVENTS))),
            waker: Waker::new(&registry, WAKER)?,
            registry,
            notified: AtomicBool::new(false),
            sources: Mutex::default(),
        })
    }

    fn notify(&self) {
        // AcqRel: pairs with the swap in `turn`; what was done before is seen after that turn.
        if !self.notified.swap(true, AcqRel) && self.waker.wake().is_err() {
            self.notified.store(false, Relaxed); // so that later calls try again
        }
    }
}

impl GlobalReactor for Mio {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let fd = raw(io)?;
        let set = self.set()?;
        // Before the system knows it: another thread's turn must not meet an unknown number.
        lock(&set.sources).insert(source.id(), Arc::clone(source));
        source.set_short_is_drained(ENDS_ARE_REPORTED);
        let result = set.registry.register(&mut SourceFd(&fd), Token(source.id()), interest());
        match result {
            Ok(()) => Ok(()),
            Err(error) => {
                lock(&set.sources).remove(&source.id());
                // The system's way to say that an object never blocks.
                if error.kind() == ErrorKind::PermissionDenied {
                    source.set_always_ready();
                    return Ok(());
                }
                Err(error)
            }
        }
    }

    fn rearm(&self, _: BorrowedIo<'_>, _: &Arc<Source>, _: Directions) -> io::Result<()> {
        Ok(())
    }

    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let fd = raw(io)?;
        let set = self.set()?;
        match lock(&set.sources).remove(&source.id()) {
            Some(_) => set.registry.deregister(&mut SourceFd(&fd)),
            None if source.is_always_ready() => Ok(()), // never was in the set
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        let set = self.set()?;
        let (poll, events) = &mut *lock(&set.driver);
        poll.poll(events, timeout)?;
        let sources = lock(&set.sources);
        let mut count = 0;
        for event in &*events {
            count += 1;
            if event.token() == WAKER {
                // AcqRel: acquires what the caller of `notify` did before.
                set.notified.swap(false, AcqRel);
            } else if let Some(source) = sources.get(&event.token().0) {
                translate(event, source, ready);
            }
        }
        if count == EVENTS {
            ready.set_full();
        }
        Ok(())
    }

    fn notify(&self) {
        if let Some(set) = self.set.get() {
            return set.notify();
        }
        // Making a set may fail, which `notify` must not: whoever makes it passes this on.
        let mut notified = lock(&self.notified);
        match self.set.get() {
            Some(set) => set.notify(),
            None => *notified = true,
        }
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn pollable(&self) -> Option<BorrowedIo<'_>> {
        Some(BorrowedIo::from(&self.set().ok()?.registry))
    }
}

/// Both directions, the end of reading, and priority data where there is such a thing.
fn interest() -> Interest {
    let both = Interest::READABLE | Interest::WRITABLE;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let both = both | Interest::PRIORITY;
    both
}

/// Whether the end of a stream is reported as an event of its own kind, so that a short read may be
/// believed: by epoll.
const ENDS_ARE_REPORTED: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// What mio says, in the core's words.
fn translate(event: &Event, source: &Arc<Source>, ready: &mut ReadyList) {
    let when = |condition, directions| if condition { directions } else { Directions::NONE };
    let directions = when(event.is_readable() || event.is_priority(), Directions::READ)
        | when(event.is_writable(), Directions::WRITE);
    if event.is_priority() {
        source.set_short_is_drained(false); // a read stops at the mark
    }
    if !directions.is_empty() {
        ready.push(source, directions);
    }
    let closed = when(event.is_read_closed(), Directions::READ)
        | when(event.is_write_closed(), Directions::WRITE)
        | when(event.is_error(), Directions::BOTH);
    if !closed.is_empty() {
        ready.push_closed(source, closed);
    }
}

fn raw(io: BorrowedIo<'_>) -> io::Result<i32> {
    let fd = io.as_fd().ok_or_else(|| {
        io::Error::new(ErrorKind::Unsupported, "mio waits for objects of the system only")
    })?;
    Ok(fd.as_raw_fd())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no code that can panic runs under this lock")
}

/// The sources by their numbers. A number is never used again, so an event of a source that is gone
/// finds nothing.
type Sources = HashMap<usize, Arc<Source>, BuildHasherDefault<Spread>>;

/// Consecutive numbers need no secret hash: one multiplication spreads them.
#[derive(Debug, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_usize(usize::from(*byte));
        }
    }
    fn write_usize(&mut self, number: usize) {
        self.0 = (self.0 ^ number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}
