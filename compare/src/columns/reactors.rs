//! The reactors of this workspace, as a column's process starts them.
//!
//! To add one: a line in the table. A reactor is installed once in a process, as the global one or
//! for [`enter`] to find; every runtime of ours calls [`enter`] on each thread that is about to run
//! an executor.

use std::any::Any;
use std::io;
use std::sync::OnceLock;

use mini_reactor::{GlobalReactor, Reactor, System};
use mini_reactor_mio::Mio;
use mini_reactor_tokio::Tokio;
use mini_reactor_trace::Trace;
use mini_reactor_uring::{ThreadUring, Uring};
use tokio::runtime;

use super::{Named, find, traced, unknown};

/// How a reactor becomes a program's.
pub(super) struct Choice {
    /// Why this machine has none, if so; the default takes its place then.
    missing: fn() -> Option<String>,
    /// Makes it the program's.
    install: fn() -> io::Result<()>,
    /// Enters it on this thread, until what is returned is dropped. For reactors that are more than
    /// the global one.
    enter: fn() -> io::Result<Box<dyn Any>>,
    /// Whether each thread has one of its own.
    pub(super) per_thread: bool,
}

impl Choice {
    /// One that every machine has, and that is the program's global one.
    const fn global(install: fn() -> io::Result<()>) -> Self {
        Self { missing: || None, install, enter: || Ok(Box::new(())), per_thread: false }
    }
}

/// Reactors of this workspace.
pub(super) const REACTORS: &[Named<Choice>] = &[
    Named {
        name: "system",
        about: "the default: epoll here",
        // A program has it that chose nothing.
        what: Choice::global(|| match traced::is_wanted() {
            false => Ok(()),
            true => set_global(System::new()),
        }),
    },
    Named { name: "mio", about: "the mio crate", what: Choice::global(|| set_global(Mio::new())) },
    Named {
        name: "uring",
        about: "io_uring, one ring for all threads",
        what: Choice {
            missing: || Uring::or_system().refusal().map(ToString::to_string),
            ..Choice::global(|| set_global(Uring::new()?))
        },
    },
    Named {
        name: "uring-per-thread",
        about: "io_uring, a ring for each thread",
        what: Choice {
            missing: || ThreadUring::new().err().map(|why| why.to_string()),
            install: || Ok(()),
            enter: || Ok(Box::new(mini_reactor_uring::this_thread()?.enter())),
            per_thread: true,
        },
    },
    Named {
        name: "tokio",
        about: "system, driven by the tokio runtime if the executor is one",
        what: Choice {
            enter: || match runtime::Handle::try_current() {
                Ok(runtime) => match HOSTED.attach(mini_reactor::global(), &runtime) {
                    // The runtime of another thread drives for this one too.
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
                    _ => Ok(Box::new(Hosted)),
                },
                Err(_) => Ok(Box::new(())),
            },
            ..Choice::global(|| set_global(&HOSTED))
        },
    },
    Named {
        name: "trace",
        about: "system, and what it does counted",
        what: Choice::global(|| set_global(Trace::new(System::new()))),
    },
    Named {
        name: "recording",
        about: "the same, and recorded as well",
        what: Choice::global(|| {
            let trace = Trace::new(System::new());
            trace.start(1 << 16);
            set_global(trace)
        }),
    },
];

static HOSTED: Tokio = Tokio::new(System::new());

/// What [`enter`] returns of a reactor that the tokio runtime of this thread drives.
pub(super) struct Hosted;

static INSTALLED: OnceLock<&'static Choice> = OnceLock::new();

fn set_global(backend: impl GlobalReactor + 'static) -> io::Result<()> {
    if traced::is_wanted() {
        return mini_reactor::set_global(leak(traced::decorated(backend)));
    }
    mini_reactor::set_global(leak(backend))
}

fn leak<R: GlobalReactor>(backend: R) -> &'static Reactor<R> {
    Box::leak(Box::new(Reactor::new(backend)))
}

/// Finds a reactor by name.
///
/// # Errors
///
/// A sentence that lists what exists.
pub(super) fn choose(name: &str) -> Result<&'static Named<Choice>, String> {
    find(REACTORS, name).ok_or_else(|| unknown("reactor", name, REACTORS))
}

/// The reactor, or the default with the reason if this machine has it not.
pub(super) fn to_be_had(
    reactor: &'static Named<Choice>,
) -> (&'static Named<Choice>, Option<String>) {
    match (reactor.what.missing)() {
        None => (reactor, None),
        Some(why) => {
            let said =
                format!("no reactor `{}` here: {why}; `system` takes its place", reactor.name);
            (&REACTORS[0], Some(said))
        }
    }
}

/// Makes the reactor the program's.
pub(super) fn install(reactor: &'static Named<Choice>) -> io::Result<()> {
    (reactor.what.install)()?;
    INSTALLED.set(&reactor.what).map_err(|_| io::Error::other("a second reactor in one process"))
}

/// Enters the program's reactor on this thread, until what is returned is dropped.
///
/// # Panics
///
/// If it cannot be had on this thread.
pub(super) fn enter() -> Box<dyn Any> {
    let enter = INSTALLED.get().map_or(REACTORS[0].what.enter, |reactor| reactor.enter);
    enter().unwrap_or_else(|error| panic!("this thread gets no reactor: {error}"))
}
