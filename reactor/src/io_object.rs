//! The things that are waited for, as plain values: an I/O object, and the directions of it.
//!
//! Deliberately absent: descriptors as the only noun. A simulator's sockets are `Virtual` numbers,
//! and what an operating system calls a handle is known to `sys/` alone.

use std::fmt;
use std::io;
use std::ops::{BitOr, BitOrAssign};

use crate::sys::{self, OsIo, OwnedOsIo};

/// One direction of an I/O object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Reading, accepting, receiving; priority data counts as readable.
    Read,
    /// Writing, sending, and the end of a connect.
    Write,
}

impl Direction {
    pub(crate) const ALL: [Direction; 2] = [Direction::Read, Direction::Write];
}

/// A set of [`Direction`]s.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Directions(u8);

impl Directions {
    /// No direction.
    pub const NONE: Directions = Directions(0);
    /// Reading only.
    pub const READ: Directions = Directions(1);
    /// Writing only.
    pub const WRITE: Directions = Directions(2);
    /// Reading and writing.
    pub const BOTH: Directions = Directions(3);

    /// Whether every direction of `other` is in this set.
    pub fn contains(self, other: impl Into<Directions>) -> bool {
        let other = other.into();
        self.0 & other.0 == other.0
    }

    /// Whether no direction is in this set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl From<Direction> for Directions {
    fn from(direction: Direction) -> Directions {
        match direction {
            Direction::Read => Directions::READ,
            Direction::Write => Directions::WRITE,
        }
    }
}

impl BitOr for Directions {
    type Output = Directions;
    fn bitor(self, other: Directions) -> Directions {
        Directions(self.0 | other.0)
    }
}

impl BitOrAssign for Directions {
    fn bitor_assign(&mut self, other: Directions) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for Directions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(["NONE", "READ", "WRITE", "BOTH"][usize::from(self.0 & 3)])
    }
}

/// Something that can be waited for.
///
/// Every type with a descriptor (`AsFd`; on Windows, `AsSocket`) is one; a simulated object
/// implements it with [`BorrowedIo::virtual_object`]. The provided methods are for simulated ones;
/// about its own objects, the system is asked.
pub trait AsIo {
    /// The object, borrowed; the same one at each call.
    fn as_io(&self) -> BorrowedIo<'_>;

    /// Whether an attempt in `direction` would make progress now. `None`: cannot be said.
    ///
    /// Asked by [`Registration::poll_ready`](crate::Registration::poll_ready) of an object whose
    /// I/O is done past its registration: one that cannot say counts as ready from each event on.
    fn is_ready(&self, direction: Direction) -> Option<bool> {
        let _ = direction;
        None
    }

    /// Ends the writing half of a stream, for adapters whose streams are closed by a method. Does
    /// nothing, unless a simulated stream says what.
    ///
    /// # Errors
    ///
    /// Those of the stream; `NotConnected` if there is nobody left to tell.
    fn end_of_writing(&self) -> io::Result<()> {
        Ok(())
    }
}

/// An I/O object, open for the lifetime `'a`: a descriptor or socket of the system, or a number
/// that only a simulator understands.
#[derive(Clone, Copy, Debug)]
pub struct BorrowedIo<'a>(pub(crate) Kind<'a>);

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind<'a> {
    Os(OsIo<'a>),
    Virtual(u64),
}

impl BorrowedIo<'_> {
    /// An object that no operating system knows, named by a number of its simulator's choice.
    pub fn virtual_object(number: u64) -> BorrowedIo<'static> {
        BorrowedIo(Kind::Virtual(number))
    }

    /// The number of a virtual object; `None` for one of the system.
    pub fn as_virtual(&self) -> Option<u64> {
        match self.0 {
            Kind::Os(_) => None,
            Kind::Virtual(number) => Some(number),
        }
    }
}

/// A duplicate of an object: ready when the object is, and open as long as it is kept, whatever
/// becomes of the object.
#[derive(Debug)]
pub(crate) struct Twin {
    of: i64,
    io: TwinIo,
}

#[derive(Debug)]
enum TwinIo {
    Os(OwnedOsIo),
    Virtual(u64),
}

impl Twin {
    pub(crate) fn of(io: BorrowedIo<'_>) -> io::Result<Twin> {
        let of = number(io);
        let io = match io.0 {
            Kind::Os(io) => TwinIo::Os(io.try_clone_to_owned()?),
            Kind::Virtual(number) => TwinIo::Virtual(number),
        };
        Ok(Twin { of, io })
    }

    /// Whether `io` may still be the object that this is a duplicate of.
    pub(crate) fn may_be_of(&self, io: BorrowedIo<'_>) -> bool {
        self.of == number(io)
    }

    pub(crate) fn as_io(&self) -> BorrowedIo<'_> {
        match &self.io {
            TwinIo::Os(io) => io.as_io(),
            TwinIo::Virtual(number) => BorrowedIo::virtual_object(*number),
        }
    }
}

fn number(io: BorrowedIo<'_>) -> i64 {
    io.as_virtual().map_or_else(|| sys::raw(io).into(), |number| number as i64)
}
