//! Who waits for the two directions of one source.
//!
//! Any number of wakers per direction; the first has a place of its own, because almost always
//! there is only one and it should not cost an allocation. A future has a key, so that dropping it
//! takes its waker along; a `poll_*` call has none, so its waker stays until the next event and
//! repeated calls of the same task are recognised by `will_wake`.

use std::io;
use std::sync::Arc;
use std::task::Waker;

use crate::io_object::{Direction, Directions, Twin};

/// Names the waker of one future within its source. Zero: not stored (yet).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Key(u32);

impl Key {
    pub(crate) fn is_stored(self) -> bool {
        self.0 != 0
    }
}

#[derive(Debug)]
struct Waiter {
    key: Key,
    waker: Waker,
}

#[derive(Debug, Default)]
pub(crate) struct Waiters {
    first: [Option<Waker>; 2],
    /// The keys of the first ones.
    keys: [Key; 2],
    last_key: u32,
    /// The directions that the backend watches, as far as is known. See `Registration::rearm`.
    pub(crate) armed: Directions,
    /// What most sources never have.
    more: Option<Box<More>>,
}

#[derive(Debug, Default)]
struct More {
    rest: Vec<(Direction, Waiter)>,
    failure: Option<Arc<io::Error>>,
    twin: Option<Arc<Twin>>,
}

/// What storing a waker leaves over, to be dropped or woken without the lock: both may run
/// anything.
#[derive(Debug)]
#[must_use]
pub(crate) enum Left {
    Nothing,
    Replaced(Waker),
    /// To be woken: see `make_room`.
    Crowd(Vec<Waker>),
}

impl Waiters {
    /// The directions that somebody waits for.
    pub(crate) fn wanted(&self) -> Directions {
        let mut wanted = Directions::NONE;
        for direction in Direction::ALL {
            if self.first[direction as usize].is_some() {
                wanted |= direction.into();
            }
        }
        let Some(more) = &self.more else { return wanted };
        more.rest.iter().fold(wanted, |wanted, (direction, _)| wanted | (*direction).into())
    }

    /// Stores a waker, in place of the one that the same future (by its key, which it is given at
    /// the first time) or the same task (by `will_wake`, for calls without a key) had.
    pub(crate) fn store(
        &mut self,
        direction: Direction,
        key: Option<&mut Key>,
        waker: Waker,
    ) -> Left {
        let known = self.find(direction, |other, old| match &key {
            Some(key) => key.is_stored() && other == **key,
            None => !other.is_stored() && old.will_wake(&waker),
        });
        if let Some(old) = known {
            return Left::Replaced(std::mem::replace(old, waker));
        }
        let (key, left) = match key {
            Some(key) => {
                self.last_key = self.last_key.wrapping_add(1).max(1);
                *key = Key(self.last_key);
                (*key, Left::Nothing)
            }
            None => (Key::default(), self.make_room(direction)),
        };
        let first = direction as usize;
        if self.first[first].is_none() {
            self.first[first] = Some(waker);
            self.keys[first] = key;
        } else {
            self.more.get_or_insert_default().rest.push((direction, Waiter { key, waker }));
        }
        left
    }

    /// Before the list of the others would have to grow beyond a page of them, those of this
    /// direction are given back to be woken: who is still alive comes back, and wakers of tasks
    /// that went away do not pile up for ever.
    fn make_room(&mut self, direction: Direction) -> Left {
        let capacity = match &self.more {
            Some(more) if more.rest.len() >= 32 => more.rest.capacity(),
            _ => return Left::Nothing,
        };
        let mut crowd = Vec::new();
        if self.more.as_ref().is_some_and(|more| more.rest.len() == capacity) {
            self.take(direction.into(), &mut crowd);
            self.more.get_or_insert_default().rest.reserve(2 * capacity);
        }
        Left::Crowd(crowd)
    }

    /// Takes back the waker of a future that goes away. The waker is returned so that the caller
    /// can drop it without the lock.
    pub(crate) fn remove(&mut self, direction: Direction, key: Key) -> Option<Waker> {
        let first = direction as usize;
        if self.keys[first] == key && self.first[first].is_some() {
            return self.first[first].take();
        }
        let rest = &mut self.more.as_mut()?.rest;
        let at = rest.iter().position(|(_, waiter)| waiter.key == key)?;
        Some(rest.swap_remove(at).1.waker)
    }

    /// Moves the wakers of `directions` out, to be called without the lock.
    pub(crate) fn take(&mut self, directions: Directions, out: &mut Vec<Waker>) {
        for direction in Direction::ALL {
            if directions.contains(direction) {
                if let Some(waker) = self.first[direction as usize].take() {
                    out.push(waker);
                }
            }
        }
        let Some(more) = &mut self.more else { return };
        let mut at = 0;
        while let Some((direction, _)) = more.rest.get(at) {
            if directions.contains(*direction) {
                out.push(more.rest.swap_remove(at).1.waker);
            } else {
                at += 1;
            }
        }
    }

    /// Why all waits end, once they do.
    pub(crate) fn failure(&self) -> Option<&Arc<io::Error>> {
        self.more.as_ref()?.failure.as_ref()
    }

    /// The first one stays.
    pub(crate) fn set_failure(&mut self, error: io::Error) {
        self.more.get_or_insert_default().failure.get_or_insert_with(|| Arc::new(error));
    }

    /// What is registered in place of the object, once the object was lent out between waits.
    pub(crate) fn twin(&self) -> Option<&Arc<Twin>> {
        self.more.as_ref()?.twin.as_ref()
    }

    pub(crate) fn set_twin(&mut self, twin: Twin) {
        self.more.get_or_insert_default().twin = Some(Arc::new(twin));
    }

    /// The twin is returned so that it can be closed without the lock.
    pub(crate) fn take_twin(&mut self) -> Option<Arc<Twin>> {
        self.more.as_mut()?.twin.take()
    }

    fn find(
        &mut self,
        direction: Direction,
        is: impl Fn(Key, &Waker) -> bool,
    ) -> Option<&mut Waker> {
        let first = direction as usize;
        if let Some(waker) = &mut self.first[first] {
            if is(self.keys[first], waker) {
                return Some(waker);
            }
        }
        let rest = self.more.as_mut()?.rest.iter_mut();
        rest.filter(|(other, _)| *other == direction)
            .map(|(_, waiter)| waiter)
            .find(|waiter| is(waiter.key, &waiter.waker))
            .map(|waiter| &mut waiter.waker)
    }
}
