//! What is registered, by descriptor; and from a completion's key back to it.
//!
//! A key is a descriptor with a direction and, in its upper half, the number of the registration.
//! So a completion of one that is gone, or whose descriptor is another object by now, meets nothing
//! or another number, and is dropped. (The numbers begin anew after 2^32 registrations, by when
//! there is no completion left that a number could be mistaken in.)

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::os::fd::RawFd;
use std::sync::Arc;

use mini_reactor::{Direction, KeepOpen, Source};
use rustix::io::Errno;

use crate::kernel::Key;

/// What is known of a source.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) source: Arc<Source>,
    /// Of this registration.
    number: u32,
    /// The kernel, or an entry on its way there, has the descriptor's number.
    pub(crate) open: KeepOpen,
    /// Whether a poll is on its way, by direction.
    pub(crate) polled: [bool; 2],
    /// Whether nothing has been reported yet.
    pub(crate) fresh: bool,
    /// Whether priority data was found there that may be there still.
    pub(crate) marked: bool,
    /// Why it cannot be polled.
    pub(crate) refused: Option<Errno>,
}

/// Descriptors are small numbers and need no secret hash: one multiplication spreads them.
#[derive(Debug, Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_i32(i32::from(*byte));
        }
    }
    fn write_i32(&mut self, number: i32) {
        self.0 = (self.0 ^ number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

pub(crate) type Sources = HashMap<RawFd, Entry, BuildHasherDefault<Spread>>;

impl Entry {
    pub(crate) fn new(source: &Arc<Source>, open: KeepOpen, number: u32) -> Entry {
        let source = Arc::clone(source);
        let polled = [false; 2];
        Entry { source, number, open, polled, fresh: true, marked: false, refused: None }
    }

    /// The key of a poll of this, whose descriptor is `fd`.
    pub(crate) fn key(&self, fd: RawFd, direction: Direction) -> Key {
        // The largest descriptors would make the keys that are none; no process can have them.
        u64::from(self.number) << 32 | u64::from(fd as u32) << 1 | direction as u64
    }
}

/// What a poll was for, if that is still registered.
pub(crate) fn find(sources: &mut Sources, key: Key) -> Option<(&mut Entry, Direction)> {
    let direction = if key & 1 == 0 { Direction::Read } else { Direction::Write };
    let fd = (key as u32 >> 1) as RawFd;
    let entry = sources.get_mut(&fd)?;
    (entry.key(fd, direction) == key).then_some((entry, direction))
}
