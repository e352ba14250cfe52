//! A ring for each thread.
//!
//! The ring belongs to its thread, as a thread-local: it goes with the thread, with its descriptors
//! and its memory, whoever still has a handle. What others have is a weak reference, so they find
//! it or they do not.

use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::mem::ManuallyDrop;
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use mini_reactor::{BorrowedIo, Directions, GlobalReactor, Handle, Reactor, ReadyList, Source};

use crate::engine::Engine;
use crate::probe::{self, Sizes};

/// A reactor on a ring that belongs to the thread which has made it.
///
/// That thread alone may wait on it: to other threads, `turn` is `Unsupported`, and so a `block_on`
/// of theirs on this reactor panics. They may register, wake, and drop what they have; what they
/// submit goes out when the thread next enters the kernel, and if it sleeps there, they wake it.
///
/// When the thread ends, all waits on the ring end with an error of kind `NotConnected`, and its
/// descriptors and memory are freed; handles that are left are of no use then. Dropping this frees
/// them earlier, on the thread itself; another thread's drop leaves them to the end of the thread.
///
/// [`pollable`](GlobalReactor::pollable) is not offered: it would outlive the thread.
#[derive(Debug)]
pub struct ThreadUring {
    engine: Weak<Engine>,
    process: u32,
    /// Whether this is the process that has made it; found out at the first use, after which the
    /// core does not let a child use it.
    is_ours: OnceLock<bool>,
}

/// What a thread has.
struct Rings {
    process: u32,
    engines: Vec<Arc<Engine>>,
    reactor: Option<Arc<Reactor<ThreadUring>>>,
}

thread_local! {
    static RINGS: RefCell<Rings> = RefCell::new(Rings::new());
}

/// The reactor of this thread's own ring, which is made at the first call.
///
/// # Errors
///
/// As [`ThreadUring::new`].
///
/// # Examples
///
/// ```no_run
/// let reactor = mini_reactor_uring::this_thread()?;
/// let _entered = reactor.enter();
/// mini_reactor::block_on(async { /* on this thread's ring */ });
/// # std::io::Result::Ok(())
/// ```
pub fn this_thread() -> io::Result<Handle> {
    let made = with_rings(|rings| rings.reactor.clone())?;
    let reactor = match made {
        Some(reactor) => reactor,
        None => {
            let reactor = Arc::new(Reactor::new(ThreadUring::new()?));
            with_rings(|rings| rings.reactor = Some(Arc::clone(&reactor)))?;
            reactor
        }
    };
    Ok(Handle::from(reactor))
}

impl ThreadUring {
    /// A ring of this thread's.
    ///
    /// # Errors
    ///
    /// `Unsupported` if there is no io_uring here that can do this: the message says why, as far as
    /// the system tells. It takes Linux 6.1. `Other` if the thread is ending, and its thread-locals
    /// are gone. Else what the system says (`EMFILE`, `ENOMEM`).
    pub fn new() -> io::Result<ThreadUring> {
        ThreadUring::of_sizes(Sizes::USUAL)
    }

    /// As [`new`](ThreadUring::new), with queues of this many entries: see
    /// [`Uring::with_entries`](crate::Uring::with_entries).
    ///
    /// # Errors
    ///
    /// As [`new`](ThreadUring::new); and `Unsupported` for sizes that the kernel does not take.
    pub fn with_entries(submissions: u32, completions: u32) -> io::Result<ThreadUring> {
        ThreadUring::of_sizes(Sizes { submissions, completions })
    }

    fn of_sizes(sizes: Sizes) -> io::Result<ThreadUring> {
        let engine = Arc::new(Engine::alone(probe::alone(sizes)?, probe::notifier()?));
        let weak = Arc::downgrade(&engine);
        let process = with_rings(|rings| {
            rings.engines.push(engine);
            rings.process
        })?;
        Ok(ThreadUring { engine: weak, process, is_ours: OnceLock::new() })
    }

    fn engine(&self) -> io::Result<Arc<Engine>> {
        if !*self.is_ours.get_or_init(|| self.process == std::process::id()) {
            return Err(io::Error::new(
                ErrorKind::Unsupported,
                "this process was forked after the ring was made; make one after the fork",
            ));
        }
        self.engine.upgrade().ok_or_else(ended)
    }
}

fn ended() -> io::Error {
    io::Error::new(ErrorKind::NotConnected, "the thread that this ring belonged to has ended")
}

/// What the current thread has; in a child after `fork`, where that is the parent's, nothing.
fn with_rings<T>(with: impl FnOnce(&mut Rings) -> T) -> io::Result<T> {
    let result = RINGS.try_with(|rings| {
        let mut rings = rings.borrow_mut();
        if rings.process != std::process::id() {
            let _parents = ManuallyDrop::new(std::mem::replace(&mut *rings, Rings::new()));
        }
        with(&mut rings)
    });
    result.map_err(|_| io::Error::other("this thread is ending, and can have no ring any more"))
}

impl Rings {
    fn new() -> Rings {
        Rings { process: std::process::id(), engines: Vec::new(), reactor: None }
    }
}

impl Drop for Rings {
    fn drop(&mut self) {
        let (engines, reactor) = (std::mem::take(&mut self.engines), self.reactor.take());
        if self.process != std::process::id() {
            let _parents = ManuallyDrop::new((engines, reactor));
            return;
        }
        for engine in engines {
            for source in engine.close() {
                source.fail(ended());
            }
        }
    }
}

impl Drop for ThreadUring {
    fn drop(&mut self) {
        let Some(engine) = self.engine.upgrade() else { return };
        // If it is another thread's, or this one is ending, that thread's end drops it.
        let dropped = RINGS.try_with(|rings| {
            let engines = &mut rings.try_borrow_mut().ok()?.engines;
            let place = engines.iter().position(|other| Arc::ptr_eq(other, &engine))?;
            Some(engines.swap_remove(place))
        });
        drop((dropped, engine));
    }
}

impl GlobalReactor for ThreadUring {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.engine()?.register(io, source)
    }

    fn rearm(
        &self,
        io: BorrowedIo<'_>,
        source: &Arc<Source>,
        wanted: Directions,
    ) -> io::Result<()> {
        self.engine()?.rearm(io, source, wanted)
    }

    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        match self.engine.upgrade() {
            Some(_) => self.engine()?.deregister(io, source),
            None => Ok(()), // let go of when the thread ended
        }
    }

    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        self.engine()?.turn(timeout, ready)
    }

    fn notify(&self) {
        if let Ok(engine) = self.engine() {
            engine.notify();
        }
    }

    fn now(&self) -> Instant {
        Instant::now()
    }
}
