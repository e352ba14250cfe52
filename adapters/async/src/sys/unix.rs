//! What all Unix systems have in common.

use std::any::Any;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;

use mini_reactor::BorrowedIo;
use rustix::fd::{AsRawFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::AddressFamily;
use rustix::net::addr::SocketAddrArg;

use super::Connecting;

/// The last of the descriptors for standard input, output and error.
const LAST_STDIO: i32 = 2;

pub(crate) fn refuse_stdio(io: &BorrowedIo<'_>) -> io::Result<()> {
    match io.as_fd().map(|fd| fd.as_raw_fd()) {
        Some(fd @ 0..=LAST_STDIO) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "descriptor {fd} is standard input, output or error: non-blocking mode would \
                 affect every process that shares the open file"
            ),
        )),
        _ => Ok(()),
    }
}

pub(crate) fn end_of_writing(io: &dyn Any) -> io::Result<()> {
    if let Some(stream) = io.downcast_ref::<TcpStream>() {
        stream.shutdown(Shutdown::Write)
    } else if let Some(stream) = io.downcast_ref::<UnixStream>() {
        stream.shutdown(Shutdown::Write)
    } else {
        Ok(())
    }
}

pub(super) fn family(address: &SocketAddr) -> AddressFamily {
    match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    }
}

/// Connects a socket that is in non-blocking mode.
///
/// `WouldBlock` is an error here, not a wait: it is how Linux says that the backlog of a Unix
/// listener is full, and that no connection is under way.
pub(super) fn start_connect(
    socket: &OwnedFd,
    address: &impl SocketAddrArg,
) -> io::Result<Connecting> {
    match rustix::net::connect(socket, address) {
        Ok(()) => Ok(Connecting::Done),
        // A signal interrupts the call, not the connection.
        Err(Errno::INPROGRESS | Errno::INTR) => Ok(Connecting::UnderWay),
        Err(error) => Err(error.into()),
    }
}
