//! What operating systems do differently, behind one list of functions. Every platform has:
//!
//! - `set_nonblocking(&BorrowedIo)`: puts any object into non-blocking mode.
//! - `check(&BorrowedIo)`: fails with `InvalidInput` for standard input, output and error.
//! - `tcp_connect(SocketAddr)`: a new non-blocking socket, connected or on its way there.
//! - `tcp_accept(&TcpListener)`: an accepted, non-blocking connection and its peer.
//! - `StdIo`: those of std's types that can be read and written by shared reference, which std
//!   itself lets only some of them be; they buffer nothing. `end_of_writing` does nothing but for
//!   stream sockets.
//!
//! and on Unix `unix_connect(&Path)`, as `tcp_connect` for Unix streams.
//!
//! Linux can open a socket in the right modes with one call; elsewhere it takes a few. That other
//! path is also compiled for the unit tests on Linux, so that it is run somewhere near at hand.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::{set_nonblocking, tcp_accept};
#[cfg(any(target_os = "linux", target_os = "android"))]
use linux::{stream_socket, unix_address};

#[cfg(all(unix, any(test, not(any(target_os = "linux", target_os = "android")))))]
mod portable;
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
pub(crate) use portable::{set_nonblocking, tcp_accept};
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
use portable::{stream_socket, unix_address};

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{StdIo, check, tcp_connect, unix_connect};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{StdIo, check, set_nonblocking, tcp_accept, tcp_connect};

/// What `connect` said, on a socket in non-blocking mode.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Connecting {
    /// The connection stands.
    Done,
    /// The system goes on with it; the socket becomes writable at the end.
    UnderWay,
}
