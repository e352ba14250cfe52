//! One ring for all threads.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use mini_reactor::{BorrowedIo, Directions, GlobalReactor, ReadyList, Source};

use crate::engine::Engine;
use crate::or_system::OrSystem;
use crate::probe::{self, Sizes};

/// A reactor on a ring that any thread may use: the whole program's, as a rule.
///
/// Threads register and wait while another one sleeps in the ring; what they submit then costs them
/// a call, as it does not need the sleeper. A thread that computes, and makes no system call, may
/// keep events of what it waited for itself from the sleeper until the kernel's next tick: 4 ms, as
/// a rule.
///
/// # Examples
///
/// ```standalone_crate
/// use std::sync::LazyLock;
/// use std::time::Duration;
/// use mini_reactor_uring::{OrSystem, Uring};
///
/// mini_reactor::global_reactor! {
///     static REACTOR: LazyLock<OrSystem> = LazyLock::new(Uring::or_system);
/// }
///
/// if let Some(why) = REACTOR.refusal() {
///     eprintln!("going on without io_uring: {why}");
/// }
/// mini_reactor::block_on(async {
///     let mut nap = mini_reactor::Deadline::after(Duration::from_millis(2));
///     std::future::poll_fn(|cx| nap.poll(cx)).await;
/// });
/// ```
#[derive(Debug)]
pub struct Uring {
    sizes: Sizes,
    unused: Mutex<Unused>,
    used: OnceLock<Engine>,
}

/// Until the first use.
#[derive(Debug)]
struct Unused {
    /// What was made to see if it can be had, and the process that did. A child of that process
    /// makes another, if it is the first to use this; else the core does not let it.
    engine: Option<(u32, Engine)>,
    /// Whether `notify` was called.
    notified: bool,
}

impl Uring {
    /// A ring of its own.
    ///
    /// # Errors
    ///
    /// `Unsupported` if there is no io_uring here that can do this: the message says why, as far as
    /// the system tells. It takes Linux 5.19. Else what the system says (`EMFILE`, `ENOMEM`).
    pub fn new() -> io::Result<Uring> {
        Uring::of_sizes(Sizes::USUAL)
    }

    /// A ring whose queues have this many entries, rounded up to powers of two; the completions
    /// have to be at least as many. Longer queues save calls where thousands of objects become
    /// ready at the same time; nothing is lost in short ones.
    ///
    /// # Errors
    ///
    /// As [`new`](Uring::new); and `Unsupported` for sizes that the kernel does not take.
    pub fn with_entries(submissions: u32, completions: u32) -> io::Result<Uring> {
        Uring::of_sizes(Sizes { submissions, completions })
    }

    /// A ring; or, where that is [`Unsupported`](io::ErrorKind::Unsupported) or fails, the system's
    /// default. What it is, and why, the result tells.
    pub fn or_system() -> OrSystem {
        OrSystem::from(Uring::new())
    }

    fn of_sizes(sizes: Sizes) -> io::Result<Uring> {
        let engine = Engine::shared(probe::shared(sizes)?);
        let unused = Unused { engine: Some((std::process::id(), engine)), notified: false };
        Ok(Uring { sizes, unused: Mutex::new(unused), used: OnceLock::new() })
    }

    fn engine(&self) -> io::Result<&Engine> {
        if let Some(engine) = self.used.get() {
            return Ok(engine);
        }
        let mut unused = self.unused();
        if let Some(engine) = self.used.get() {
            return Ok(engine);
        }
        let made = unused.engine.take().filter(|(process, _)| *process == std::process::id());
        let engine = match made {
            Some((_, engine)) => engine,
            None => Engine::shared(probe::shared(self.sizes)?),
        };
        if unused.notified {
            engine.notify();
        }
        Ok(self.used.get_or_init(|| engine))
    }

    fn unused(&self) -> MutexGuard<'_, Unused> {
        self.unused.lock().expect("no code that can panic runs under this lock")
    }
}

impl GlobalReactor for Uring {
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
        self.engine()?.deregister(io, source)
    }

    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        self.engine()?.turn(timeout, ready)
    }

    fn notify(&self) {
        if let Some(engine) = self.used.get() {
            return engine.notify();
        }
        // Making a ring may fail, which `notify` must not: whoever makes it passes this on.
        let mut unused = self.unused();
        match self.used.get() {
            Some(engine) => engine.notify(),
            None => unused.notified = true,
        }
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn pollable(&self) -> Option<BorrowedIo<'_>> {
        Some(self.engine().ok()?.pollable())
    }
}
