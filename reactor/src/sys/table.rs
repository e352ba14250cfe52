//! The sources of a poller: a slab, whose keys the system gives back with each event.
//!
//! A key is a place in the slab and, in its upper half, the low half of the source's number. An
//! event of a source that is gone meets an empty place or another number, and is dropped. (Where
//! keys have 32 bits there is only the place: whoever is in it then wakes needlessly.)

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::source::{KeepOpen, Source};

#[derive(Debug)]
pub(super) struct Table<V>(Mutex<Slab<V>>);

#[derive(Debug)]
pub(super) struct Slab<V> {
    places: Vec<Option<V>>,
    free: Vec<u32>,
}

/// What a poller keeps of a source.
pub(super) trait Of {
    fn source(&self) -> &Arc<Source>;
}

impl Of for Arc<Source> {
    fn source(&self) -> &Arc<Source> {
        self
    }
}

impl Of for KeepOpen {
    fn source(&self) -> &Arc<Source> {
        &self.0
    }
}

impl<V: Of> Table<V> {
    pub(super) const fn new() -> Table<V> {
        Table(Mutex::new(Slab { places: Vec::new(), free: Vec::new() }))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Slab<V>> {
        self.0.lock().expect("no code that can panic runs under this lock")
    }
}

impl<V: Of> Slab<V> {
    /// Returns the key. `None`: the source is in here already.
    pub(super) fn insert(&mut self, value: V) -> Option<usize> {
        if self.has(value.source()) {
            return None;
        }
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            // The largest key is the notifier's.
            u32::try_from(self.places.len()).expect("fewer than 2^32 sources") - 1
        });
        // Relaxed: this lock orders it, and the one that serialises the calls for a source.
        value.source().place.store(place, Relaxed);
        let key = key(value.source());
        self.places[place as usize] = Some(value);
        Some(key)
    }

    fn has(&self, source: &Source) -> bool {
        let place = self.places.get(source.place.load(Relaxed) as usize);
        place.is_some_and(|value| value.as_ref().is_some_and(|value| is(value, source)))
    }

    pub(super) fn get(&self, key: usize) -> Option<&V> {
        let value = self.places.get(key as u32 as usize)?.as_ref()?;
        (self::key(value.source()) == key).then_some(value)
    }

    pub(super) fn remove(&mut self, source: &Source) -> Option<V> {
        let place = source.place.load(Relaxed);
        let value = self.places.get_mut(place as usize)?.take_if(|value| is(value, source))?;
        self.free.push(place);
        Some(value)
    }
}

/// Else the source was never inserted, or no longer is, and somebody else has its place.
fn is<V: Of>(value: &V, source: &Source) -> bool {
    std::ptr::eq::<Source>(&**value.source(), source)
}

/// The key of a source that is in a table.
pub(super) fn key(source: &Source) -> usize {
    ((source.id as u64) << 32 | u64::from(source.place.load(Relaxed))) as usize
}
