//! A ring where there is one, else the system's default.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mini_reactor::{BorrowedIo, Directions, GlobalReactor, Observation, ReadyList, Source, System};

use crate::shared::Uring;

/// A [`Uring`], or a [`System`] with the reason. Made by [`Uring::or_system`].
///
/// Its `Display` is a sentence for a log:
///
/// ```
/// use mini_reactor_uring::Uring;
///
/// let reactor = Uring::or_system();
/// let said = reactor.to_string();
/// match reactor.refusal() {
///     None => assert_eq!(said, "io_uring"),
///     Some(why) => assert_eq!(said, format!("the system's default, without io_uring: {why}")),
/// }
/// ```
#[derive(Debug)]
pub struct OrSystem(Choice);

#[derive(Debug)]
enum Choice {
    Uring(Box<Uring>),
    System(System, io::Error),
}

impl OrSystem {
    /// Why it is no ring; `None`: it is one.
    pub fn refusal(&self) -> Option<&io::Error> {
        match &self.0 {
            Choice::Uring(_) => None,
            Choice::System(_, why) => Some(why),
        }
    }

    fn chosen(&self) -> &dyn GlobalReactor {
        match &self.0 {
            Choice::Uring(uring) => &**uring,
            Choice::System(system, _) => system,
        }
    }
}

/// The default takes the place of an error.
impl From<io::Result<Uring>> for OrSystem {
    fn from(uring: io::Result<Uring>) -> OrSystem {
        OrSystem(match uring {
            Ok(uring) => Choice::Uring(Box::new(uring)),
            Err(why) => Choice::System(System::new(), why),
        })
    }
}

impl fmt::Display for OrSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.refusal() {
            None => f.write_str("io_uring"),
            Some(why) => write!(f, "the system's default, without io_uring: {why}"),
        }
    }
}

impl GlobalReactor for OrSystem {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.chosen().register(io, source)
    }
    fn rearm(
        &self,
        io: BorrowedIo<'_>,
        source: &Arc<Source>,
        wanted: Directions,
    ) -> io::Result<()> {
        self.chosen().rearm(io, source, wanted)
    }
    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.chosen().deregister(io, source)
    }
    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        self.chosen().turn(timeout, ready)
    }
    fn notify(&self) {
        self.chosen().notify();
    }
    fn now(&self) -> Instant {
        self.chosen().now()
    }
    fn pollable(&self) -> Option<BorrowedIo<'_>> {
        self.chosen().pollable()
    }
    fn observe(&self, observation: Observation<'_>) -> bool {
        self.chosen().observe(observation)
    }
}
