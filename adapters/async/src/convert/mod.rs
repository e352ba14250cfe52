//! Conversions to and from std's types: what every `Async<T>` owes to the descriptor inside.

use std::io;
use std::net::{TcpListener, TcpStream, UdpSocket};

use crate::Async;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

/// One conversion for each of std's sockets.
macro_rules! try_from {
    ($($socket:ty),+) => {$(
        impl TryFrom<$socket> for Async<$socket> {
            type Error = io::Error;

            /// As [`Async::new`].
            fn try_from(socket: $socket) -> io::Result<Self> {
                Async::new(socket)
            }
        }
    )+};
}
#[cfg(unix)]
use try_from;

try_from!(TcpListener, TcpStream, UdpSocket);
