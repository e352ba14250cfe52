//! The sources of a poller by their numbers. A number is never used again, so an event of a source
//! that is gone finds nothing.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::source::Source;

type Map<V> = HashMap<usize, V, BuildHasherDefault<Spread>>;

#[derive(Debug)]
pub(super) struct Table<V>(Mutex<Map<V>>);

impl<V> Table<V> {
    pub(super) fn new() -> Table<V> {
        Table(Mutex::new(Map::default()))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Map<V>> {
        self.0.lock().expect("no code that can panic runs under this lock")
    }

    pub(super) fn remove(&self, source: &Arc<Source>) -> Option<V> {
        self.lock().remove(&source.id())
    }
}

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
