//! What the workers of a pool know of each other's looks at the reactor: when the last one was, and
//! whether somebody makes sure that there are more.
//!
//! Nothing rests on its being accurate but the time for which events wait, so nothing here orders
//! anything.

use std::ptr;
use std::time::{Duration, Instant};

use mini_reactor::Reactor;

use crate::sync::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// A look was made lately if it was not longer ago than this.
const LATELY: Duration = Duration::from_micros(150);

#[derive(Debug)]
pub(crate) struct Looks {
    began: Instant,
    /// At which reactor the last one was, by its address: not all threads need have the same.
    reactor: AtomicUsize,
    /// When that was, in nanoseconds since it began.
    last_ns: AtomicU64,
    /// When there would have been one last, but for a sleeper that waits for events. At whichever
    /// reactor: who relies on it finds out.
    spared_ns: AtomicU64,
    /// Whether somebody watches.
    watched: AtomicBool,
}

impl Looks {
    pub(crate) fn new() -> Looks {
        Looks {
            began: Instant::now(),
            reactor: AtomicUsize::new(0),
            last_ns: AtomicU64::new(0),
            spared_ns: AtomicU64::new(0),
            watched: AtomicBool::new(false),
        }
    }

    pub(crate) fn now_ns(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64 // 584 years
    }

    /// Notes that a worker has looked, or would have.
    pub(crate) fn note(&self, reactor: &Reactor, now_ns: u64, spared: bool) {
        if spared {
            return self.spared_ns.store(now_ns, Ordering::Relaxed);
        }
        self.reactor.store(ptr::from_ref(reactor).addr(), Ordering::Relaxed);
        self.last_ns.store(now_ns, Ordering::Relaxed);
    }

    /// When somebody looked last.
    pub(crate) fn last_ns(&self, reactor: &Reactor) -> u64 {
        let same = self.reactor.load(Ordering::Relaxed) == ptr::from_ref(reactor).addr();
        if same { self.last_ns.load(Ordering::Relaxed) } else { 0 }
    }

    /// Whether somebody has looked lately, or would have.
    pub(crate) fn lately(&self, reactor: &Reactor, spared: bool) -> bool {
        let last_ns = match spared {
            true => self.spared_ns.load(Ordering::Relaxed),
            false => self.last_ns(reactor),
        };
        last_ns != 0 && self.now_ns().saturating_sub(last_ns) < LATELY.as_nanos() as u64
    }

    /// Makes sure, while what this returns lives, that somebody looks. `None` if another does.
    pub(crate) fn watch(&self) -> Option<Watching<'_>> {
        let watches = !self.watched.swap(true, Ordering::Relaxed);
        watches.then_some(Watching(&self.watched))
    }
}

/// Somebody watches while this lives.
pub(crate) struct Watching<'a>(&'a AtomicBool);

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
