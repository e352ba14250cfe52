//! The sources of a poller by their numbers. A number is never used again, so an event of a source
//! that is gone finds nothing.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::source::{KeepOpen, Source};

type Set<V> = HashSet<ById<V>, BuildHasherDefault<Spread>>;

#[derive(Debug)]
pub(super) struct Table<V: Of>(Mutex<Set<V>>);

impl<V: Of> Table<V> {
    pub(super) fn new() -> Table<V> {
        Table(Mutex::new(Set::default()))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Set<V>> {
        self.0.lock().expect("no code that can panic runs under this lock")
    }

    pub(super) fn remove(&self, source: &Arc<Source>) -> Option<V> {
        self.lock().take(&source.id).map(|ById(value)| value)
    }
}

/// What a poller keeps of a source.
pub(super) trait Of {
    fn source(&self) -> &Source;
}

impl Of for Arc<Source> {
    fn source(&self) -> &Source {
        self
    }
}

impl Of for KeepOpen {
    fn source(&self) -> &Source {
        &self.0
    }
}

/// Known by its source's number, which is not stored a second time.
#[derive(Debug)]
pub(super) struct ById<V>(pub(super) V);

impl<V: Of> Borrow<usize> for ById<V> {
    fn borrow(&self) -> &usize {
        &self.0.source().id
    }
}

impl<V: Of> Hash for ById<V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.source().id.hash(state);
    }
}

impl<V: Of> PartialEq for ById<V> {
    fn eq(&self, other: &Self) -> bool {
        self.0.source().id == other.0.source().id
    }
}

impl<V: Of> Eq for ById<V> {}

/// Consecutive numbers need no secret hash: one multiplication spreads them.
#[derive(Default)]
pub(super) struct Spread(u64);

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
