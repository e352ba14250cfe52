//! Unix: descriptors, and Unix sockets.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

use mini_reactor::AsIo;

use super::try_from;
use crate::Async;

try_from!(UnixListener, UnixStream, UnixDatagram);

impl<T: AsIo + AsFd + 'static> AsFd for Async<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.get_ref().as_fd()
    }
}

impl<T: AsIo + AsRawFd + 'static> AsRawFd for Async<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.get_ref().as_raw_fd()
    }
}

impl<T: AsIo + From<OwnedFd> + 'static> TryFrom<OwnedFd> for Async<T> {
    type Error = io::Error;

    /// As [`Async::new`]. Whether the descriptor is of the kind that `T` wants is not checked.
    fn try_from(fd: OwnedFd) -> io::Result<Self> {
        Async::new(fd.into())
    }
}

impl<T: AsIo + Into<OwnedFd> + 'static> TryFrom<Async<T>> for OwnedFd {
    type Error = io::Error;

    /// As [`Async::into_inner`].
    fn try_from(io: Async<T>) -> io::Result<OwnedFd> {
        io.into_inner().map(Into::into)
    }
}
