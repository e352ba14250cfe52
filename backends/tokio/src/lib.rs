//! A [`mini_reactor`] inside of a tokio runtime: sockets and timers of both kinds in one program,
//! and no second thread that sleeps for them.
//!
//! [`Tokio`] goes around another backend, `System` if nothing is said. How the trait maps:
//!
//! | [`GlobalReactor`] | |
//! |---|---|
//! | `register`, `deregister` | the inner backend's, noted, so that the end of the runtime ends all waits |
//! | `rearm`, `notify`, `pollable` | the inner backend's |
//! | `turn` | the inner backend's: any thread in a `block_on` of ours may drive, as without tokio |
//! | `now` | the runtime's clock, which tests can pause |
//! | `observe` | who parks, for the report of a `block_on` that keeps the runtime from running |
//!
//! What drives while no thread does is a task of the runtime ([`Tokio::attach`]): the inner
//! backend's `pollable` descriptor is in an `AsyncFd`, the next deadline in a `Sleep`, and
//! [`Reactor::poll_once`](mini_reactor::Reactor::poll_once) runs when either comes. That is one
//! `epoll_wait` more per batch of events than tokio's own sockets cost: 4.00 system calls for an
//! echo with one connection instead of 3.00, 2.04 instead of 2.02 with 64, and 1.02 times the
//! processor time. (With a thread that drives beside the runtime it is 5.00, 3.06, and 2.0 and 1.1
//! times: `compare measure echo --on tokio-ct --on tokio-ct/tokio --on tokio-ct/system`.)
//!
//! It could not be a backend whose `turn` is the runtime's: tokio has no call that waits for one
//! event and returns, and a thread may not run a runtime within a runtime. The other way, each
//! descriptor in an `AsyncFd` of its own, was built and measured, and is not here: see
//! `hosted.rs`.
//!
//! Deliberately absent: Windows, where tokio has no `AsyncFd`; there this crate is empty.
#![cfg(unix)]

mod hosted;
mod stall;

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use mini_reactor::{BorrowedIo, Directions, GlobalReactor, Observation, ReadyList, Source, System};
use tokio::runtime;

use stall::Stall;

/// A reactor that a tokio runtime drives.
///
/// Until [`attach`](Tokio::attach) this is its inner backend and nothing else. From then on:
///
/// - what waits on it, in tasks of that runtime or of any other executor, is woken from there;
/// - timers follow the runtime's clock, and are as exact as tokio's, which is a millisecond;
/// - registering and waiting work on any thread, inside of the runtime or not;
/// - a `block_on` of ours works on any thread too, and drives while it waits. On the only thread
///   of a runtime it keeps tokio from running meanwhile; if it lasts for a second, that is said
///   on standard error, because what only tokio drives would never come;
/// - when the runtime is shut down, all waits end with an error of kind `NotConnected`, and so do
///   those that begin later, until there is another runtime. A timer has no error to end with: it
///   comes only if some thread drives then.
///
/// # Examples
///
/// ```standalone_crate
/// use mini_async::Timer;
/// use mini_reactor::System;
/// use mini_reactor_tokio::Tokio;
/// use std::time::Duration;
/// use tokio::runtime::Handle;
///
/// mini_reactor::global_reactor! {
///     static REACTOR: Tokio = Tokio::new(System::new());
/// }
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> std::io::Result<()> {
///     REACTOR.attach(mini_reactor::global(), &Handle::current())?;
///     let ours = Timer::after(Duration::from_millis(5));
///     let theirs = tokio::time::sleep(Duration::from_millis(5));
///     tokio::join!(ours, theirs);
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Tokio<R = System> {
    shared: LazyLock<Arc<Shared>>,
    /// Whether anybody looked at the time while there was no runtime.
    used: AtomicBool,
    inner: R,
}

/// What the task in the runtime shares with the backend.
#[derive(Debug, Default)]
struct Shared {
    clock: RwLock<Clock>,
    watched: Mutex<Watched>,
    stall: Stall,
    /// How often `pollable` was called: by this, `attach` knows its reactor.
    asked: AtomicUsize,
}

/// Whose time it is.
#[derive(Debug, Default)]
struct Clock {
    runtime: Option<runtime::Handle>,
    /// What it was when it changed hands: it does not go back.
    floor: Option<Instant>,
}

/// What is registered, or that nothing can be any more.
#[derive(Debug, Default)]
struct Watched {
    ended: bool,
    sources: HashMap<usize, Arc<Source>>,
}

impl Shared {
    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R> Tokio<R> {
    /// Around `inner`. No system call, no thread, no allocation.
    pub const fn new(inner: R) -> Tokio<R> {
        Tokio { shared: LazyLock::new(Arc::default), used: AtomicBool::new(false), inner }
    }

    /// What is registered and driven in the end.
    pub fn inner(&self) -> &R {
        &self.inner
    }
}

impl<R: GlobalReactor> GlobalReactor for Tokio<R> {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let mut watched = self.shared.watched();
        if watched.ended {
            return Err(hosted::ended());
        }
        // Before: from here on, the end of the runtime ends it too.
        watched.sources.insert(source.id(), Arc::clone(source));
        drop(watched);
        let result = self.inner.register(io, source);
        if result.is_err() {
            self.shared.watched().sources.remove(&source.id());
        }
        result
    }

    fn rearm(
        &self,
        io: BorrowedIo<'_>,
        source: &Arc<Source>,
        wanted: Directions,
    ) -> io::Result<()> {
        self.inner.rearm(io, source, wanted)
    }

    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let watched = self.shared.watched().sources.remove(&source.id());
        drop(watched); // without the lock
        self.inner.deregister(io, source)
    }

    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        match self.shared.stall.before(timeout) {
            None => self.inner.turn(timeout, ready),
            Some(patience) => {
                let result = self.inner.turn(Some(patience), ready);
                self.shared.stall.after();
                result
            }
        }
    }

    fn notify(&self) {
        self.inner.notify();
    }

    fn now(&self) -> Instant {
        let clock = self.shared.clock.read().unwrap_or_else(PoisonError::into_inner);
        let now = match &clock.runtime {
            Some(runtime) => {
                let _entered = runtime.enter(); // its clock, and not that of this thread's runtime
                tokio::time::Instant::now().into_std()
            }
            None => {
                self.used.store(true, Relaxed);
                self.inner.now()
            }
        };
        clock.floor.map_or(now, |floor| floor.max(now))
    }

    fn pollable(&self) -> Option<BorrowedIo<'_>> {
        self.shared.asked.fetch_add(1, Relaxed);
        self.inner.pollable()
    }

    fn observe(&self, observation: Observation<'_>) -> bool {
        if matches!(observation, Observation::Parks) && self.shared.stall.begins() {
            self.inner.notify(); // whoever drives watches over this thread
        }
        self.inner.observe(observation);
        true
    }
}
