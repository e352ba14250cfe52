//! A backend on the plain data of `kernel.rs`: virtual objects, virtual time.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mini_reactor::{AsIo, BorrowedIo, Directions, GlobalReactor, ReadyList, Source};

use super::kernel::{Kernel, Registered};
use super::ops::What;

/// An object that only this backend knows.
#[derive(Debug, PartialEq)]
pub(crate) struct Object(pub(crate) usize);

impl AsIo for Object {
    fn as_io(&self) -> BorrowedIo<'_> {
        BorrowedIo::virtual_object(self.0 as u64)
    }
}

pub(crate) struct Backend {
    kernel: Mutex<Kernel>,
    /// The sources that the kernel may still report, by their numbers.
    sources: Mutex<BTreeMap<usize, Arc<Source>>>,
    begin: Instant,
}

fn number(io: BorrowedIo<'_>) -> usize {
    io.as_virtual().expect("all objects here are virtual") as usize
}

impl Backend {
    pub(crate) fn new(one_shot: bool) -> Backend {
        Backend {
            kernel: Mutex::new(Kernel::new(one_shot)),
            sources: Mutex::default(),
            begin: Instant::now(),
        }
    }

    pub(crate) fn kernel(&self) -> MutexGuard<'_, Kernel> {
        self.kernel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sources(&self) -> MutexGuard<'_, BTreeMap<usize, Arc<Source>>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The instant that is so many nanoseconds after the begin.
    pub(crate) fn instant(&self, nanoseconds: u64) -> Instant {
        self.begin + Duration::from_nanos(nanoseconds)
    }

    /// Has the next turn report `what`.
    pub(crate) fn report(&self, source: &Arc<Source>, what: What) {
        self.sources().insert(source.id(), Arc::clone(source));
        self.kernel().push(source.id(), what);
    }

    /// A source keeps its reactor, and a reactor this: what was not deregistered is a circle.
    pub(crate) fn forget_all(&self) {
        self.sources().clear();
    }

    fn forget_unknown(&self, kernel: &Kernel) {
        self.sources().retain(|source, _| kernel.knows(*source));
    }
}

impl GlobalReactor for Backend {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let mut kernel = self.kernel();
        if kernel.register(number(io), source.id())? == Registered::AlwaysReady {
            source.set_always_ready();
        } else {
            source.set_short_is_drained(!kernel.one_shot);
            self.sources().insert(source.id(), Arc::clone(source));
        }
        Ok(())
    }

    fn rearm(
        &self,
        io: BorrowedIo<'_>,
        source: &Arc<Source>,
        wanted: Directions,
    ) -> io::Result<()> {
        Ok(self.kernel().rearm(number(io), source.id(), wanted)?)
    }

    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let mut kernel = self.kernel();
        let result = kernel.deregister(number(io), source.id());
        self.forget_unknown(&kernel);
        Ok(result?)
    }

    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        let mut kernel = self.kernel();
        let turned = kernel.turn(timeout.map(|timeout| timeout.as_nanos() as u64));
        for (source, what) in turned.events {
            let source = Arc::clone(&self.sources()[&source]);
            match what {
                What::Ready(directions) => ready.push(&source, directions),
                What::Closed(directions) => ready.push_closed(&source, directions),
                What::Disarmed(directions) => ready.push_disarmed(&source, directions),
            }
        }
        if turned.full {
            ready.set_full();
        }
        self.forget_unknown(&kernel);
        Ok(turned.result?)
    }

    fn notify(&self) {
        self.kernel().notify();
    }

    fn now(&self) -> Instant {
        self.instant(self.kernel().now)
    }
}
