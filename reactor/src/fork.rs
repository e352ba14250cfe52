//! What happens after `fork`: the child shares the parent's set of descriptors, and must not touch
//! it.
//!
//! A process-wide count goes up in each child. A reactor remembers the count of its first use, and
//! refuses afterwards to reach its backend when the count is another.

use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// How many forks lie between this process and its first ancestor that used a reactor, plus one.
pub(crate) static GENERATION: AtomicU32 = AtomicU32::new(1);

/// The generation in which a reactor was first used; zero before.
#[derive(Debug, Default)]
pub(crate) struct Generation(AtomicU32);

impl Generation {
    pub(crate) const fn new() -> Generation {
        Generation(AtomicU32::new(0))
    }

    /// Relaxed throughout: a fork copies the memory of the one thread that goes on in the child.
    pub(crate) fn check(&self) -> io::Result<()> {
        let now = GENERATION.load(Relaxed);
        let mine = self.0.load(Relaxed);
        if mine == now {
            return Ok(());
        }
        if mine == 0 {
            crate::sys::watch_forks();
            self.0.store(GENERATION.load(Relaxed), Relaxed);
            return Ok(());
        }
        Err(io::Error::new(
            ErrorKind::Unsupported,
            "this process was forked after its reactor was used; use a reactor of its own, made \
             after the fork",
        ))
    }
}
