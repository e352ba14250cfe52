//! Who waits for the two directions of one source.
//!
//! Any number of wakers per direction; the first has a place of its own, because almost always
//! there is only one and it should not cost an allocation. A future has a key, so that dropping it
//! takes its waker along; a `poll_*` call has none, so its waker stays until the next event and
//! repeated calls of the same task are recognised by `will_wake`.

use std::io;
use std::task::Waker;

use crate::io_object::{Direction, Directions};
use crate::sync::Arc;

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
    first: [Option<Waiter>; 2],
    rest: Vec<(Direction, Waiter)>,
    last_key: u32,
    /// The directions that the backend watches, as far as is known. See `Registration::rearm`.
    pub(crate) armed: Directions,
    /// Why all waits end, once they do.
    pub(crate) failure: Option<Arc<io::Error>>,
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
        self.rest.iter().fold(wanted, |wanted, (direction, _)| wanted | (*direction).into())
    }

    /// Stores the waker of a `poll_*` call. As in `store_keyed`, what is left in `waker` is to be
    /// dropped without the lock.
    ///
    /// Before the list of the others would have to grow beyond
    /// a page of them, those are given back to be woken: who is still alive comes back, and wakers
    /// of tasks that went away do not pile up for ever.
    pub(crate) fn store_anonymous(
        &mut self,
        direction: Direction,
        waker: &mut Option<Waker>,
    ) -> Vec<Waker> {
        let Some(new) = waker else { return Vec::new() };
        let known = |waiter: &Waiter| !waiter.key.is_stored() && waiter.waker.will_wake(new);
        if self.iter(direction).any(known) {
            return Vec::new();
        }
        let mut crowd = Vec::new();
        if self.rest.len() >= 32 && self.rest.len() == self.rest.capacity() {
            self.take(direction.into(), &mut crowd);
            self.rest.reserve(2 * self.rest.capacity());
        }
        self.insert(direction, Waiter { key: Key(0), waker: waker.take().expect("checked above") });
        crowd
    }

    /// Stores or replaces the waker of the future that owns `key`, and names it at the first time.
    pub(crate) fn store_keyed(
        &mut self,
        direction: Direction,
        key: &mut Key,
        waker: &mut Option<Waker>,
    ) {
        if key.is_stored() {
            if let Some(waiter) = self.iter_mut(direction).find(|waiter| waiter.key == *key) {
                if let Some(new) = waker {
                    std::mem::swap(&mut waiter.waker, new);
                }
                return;
            }
        }
        self.last_key = self.last_key.wrapping_add(1).max(1);
        *key = Key(self.last_key);
        if let Some(waker) = waker.take() {
            self.insert(direction, Waiter { key: *key, waker });
        }
    }

    /// Takes back the waker of a future that goes away. The waker is returned so that the caller
    /// can drop it without the lock.
    pub(crate) fn remove(&mut self, direction: Direction, key: Key) -> Option<Waker> {
        let first = &mut self.first[direction as usize];
        if first.as_ref().is_some_and(|waiter| waiter.key == key) {
            return first.take().map(|waiter| waiter.waker);
        }
        let at = self.rest.iter().position(|(_, waiter)| waiter.key == key)?;
        Some(self.rest.swap_remove(at).1.waker)
    }

    /// Moves the wakers of `directions` out, to be called without the lock.
    pub(crate) fn take(&mut self, directions: Directions, out: &mut Vec<Waker>) {
        for direction in Direction::ALL {
            if directions.contains(direction) {
                out.extend(self.first[direction as usize].take().map(|waiter| waiter.waker));
            }
        }
        let mut at = 0;
        while let Some((direction, _)) = self.rest.get(at) {
            if directions.contains(*direction) {
                out.push(self.rest.swap_remove(at).1.waker);
            } else {
                at += 1;
            }
        }
    }

    fn insert(&mut self, direction: Direction, waiter: Waiter) {
        let first = &mut self.first[direction as usize];
        if first.is_none() {
            *first = Some(waiter);
        } else {
            self.rest.push((direction, waiter));
        }
    }

    fn iter(&self, direction: Direction) -> impl Iterator<Item = &Waiter> {
        let rest = self.rest.iter().filter(move |(other, _)| *other == direction);
        self.first[direction as usize].iter().chain(rest.map(|(_, waiter)| waiter))
    }

    fn iter_mut(&mut self, direction: Direction) -> impl Iterator<Item = &mut Waiter> {
        let rest = self.rest.iter_mut().filter(move |(other, _)| *other == direction);
        self.first[direction as usize].iter_mut().chain(rest.map(|(_, waiter)| waiter))
    }
}
