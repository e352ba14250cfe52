//! Windows: sockets.

use std::io;
use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, OwnedSocket, RawSocket};

use mini_reactor::AsIo;

use crate::Async;

impl<T: AsIo + AsSocket + 'static> AsSocket for Async<T> {
    fn as_socket(&self) -> BorrowedSocket<'_> {
        self.get_ref().as_socket()
    }
}

impl<T: AsIo + AsRawSocket + 'static> AsRawSocket for Async<T> {
    fn as_raw_socket(&self) -> RawSocket {
        self.get_ref().as_raw_socket()
    }
}

impl<T: AsIo + From<OwnedSocket> + 'static> TryFrom<OwnedSocket> for Async<T> {
    type Error = io::Error;

    /// As [`Async::new`]. Whether the socket is of the kind that `T` wants is not checked.
    fn try_from(socket: OwnedSocket) -> io::Result<Self> {
        Async::new(socket.into())
    }
}

impl<T: AsIo + Into<OwnedSocket> + 'static> TryFrom<Async<T>> for OwnedSocket {
    type Error = io::Error;

    /// As [`Async::into_inner`].
    fn try_from(io: Async<T>) -> io::Result<OwnedSocket> {
        io.into_inner().map(Into::into)
    }
}
