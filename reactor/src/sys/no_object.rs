//! Systems without I/O objects that could be waited for: only virtual objects exist.

use std::convert::Infallible;
use std::io;
use std::marker::PhantomData;

use crate::io_object::{AsIo, BorrowedIo, Direction, Kind};

#[derive(Clone, Copy, Debug)]
pub(crate) struct OsIo<'a>(Infallible, PhantomData<&'a ()>);

impl OsIo<'_> {
    pub(crate) fn try_clone_to_owned(&self) -> io::Result<OwnedOsIo> {
        match self.0 {}
    }
}

#[derive(Debug)]
pub(crate) struct OwnedOsIo(Infallible);

pub(crate) type Raw = i32;
pub(crate) type AtomicRaw = std::sync::atomic::AtomicI32;

impl AsIo for OwnedOsIo {
    fn as_io(&self) -> BorrowedIo<'_> {
        BorrowedIo(Kind::Os(OsIo(self.0, PhantomData)))
    }
}

pub(crate) fn raw(_: BorrowedIo<'_>) -> Raw {
    -1
}

pub(crate) fn is_ready_now(_: BorrowedIo<'_>, _: Direction) -> Option<bool> {
    None
}

/// What a virtual object is, its own backend knows.
pub(crate) fn check(_: BorrowedIo<'_>) -> io::Result<()> {
    Ok(())
}

pub(crate) fn watch_forks() {}
