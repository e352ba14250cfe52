//! What all Unix systems have in common.

use std::any::Any;
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{ChildStderr, ChildStdin, ChildStdout};

use mini_reactor::BorrowedIo;
use rustix::fd::{AsRawFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::AddressFamily;
use rustix::net::addr::SocketAddrArg;

use super::{Connecting, stream_socket, unix_address};

/// The last of the descriptors for standard input, output and error.
const LAST_STDIO: i32 = 2;

pub(crate) fn check(io: &BorrowedIo<'_>) -> io::Result<()> {
    match io.as_fd().map(|fd| fd.as_raw_fd()) {
        // Not open, and not even a number to ask the system about.
        Some(..0) => Err(Errno::BADF.into()),
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

/// See `sys/mod.rs`.
pub(crate) enum StdIo<'a> {
    Tcp(&'a TcpStream),
    Unix(&'a UnixStream),
    File(&'a File),
    Pipe(Pipe<'a>),
}

impl<'a> StdIo<'a> {
    #[inline]
    pub(crate) fn of(io: &'a dyn Any) -> Option<StdIo<'a>> {
        if let Some(io) = io.downcast_ref() {
            Some(StdIo::Tcp(io))
        } else if let Some(io) = io.downcast_ref() {
            Some(StdIo::Unix(io))
        } else if let Some(io) = io.downcast_ref() {
            Some(StdIo::File(io))
        } else if let Some(io) = io.downcast_ref::<ChildStdin>() {
            Some(StdIo::Pipe(Pipe(io.as_fd())))
        } else if let Some(io) = io.downcast_ref::<ChildStdout>() {
            Some(StdIo::Pipe(Pipe(io.as_fd())))
        } else {
            io.downcast_ref::<ChildStderr>().map(|io| StdIo::Pipe(Pipe(io.as_fd())))
        }
    }

    #[inline]
    pub(crate) fn as_read(&mut self) -> &mut dyn Read {
        match self {
            StdIo::Tcp(io) => io,
            StdIo::Unix(io) => io,
            StdIo::File(io) => io,
            StdIo::Pipe(io) => io,
        }
    }

    #[inline]
    pub(crate) fn as_write(&mut self) -> &mut dyn Write {
        match self {
            StdIo::Tcp(io) => io,
            StdIo::Unix(io) => io,
            StdIo::File(io) => io,
            StdIo::Pipe(io) => io,
        }
    }

    pub(crate) fn end_of_writing(&self) -> io::Result<()> {
        match self {
            StdIo::Tcp(io) => io.shutdown(Shutdown::Write),
            StdIo::Unix(io) => io.shutdown(Shutdown::Write),
            StdIo::File(_) | StdIo::Pipe(_) => Ok(()),
        }
    }
}

/// A pipe from or to a child process, used as std uses it.
pub(crate) struct Pipe<'a>(BorrowedFd<'a>);

impl Read for Pipe<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(self.0, buf)?)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        Ok(rustix::io::readv(self.0, bufs)?)
    }
}

impl Write for Pipe<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(self.0, buf)?)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(rustix::io::writev(self.0, bufs)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) fn tcp_connect(address: SocketAddr) -> io::Result<(TcpStream, Connecting)> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let (socket, connecting) = connect(family, &address)?;
    Ok((socket.into(), connecting))
}

pub(crate) fn unix_connect(path: &Path) -> io::Result<(UnixStream, Connecting)> {
    let (socket, connecting) = connect(AddressFamily::UNIX, &unix_address(path)?)?;
    Ok((socket.into(), connecting))
}

/// `WouldBlock` is an error here, not a wait: it is how Linux says that the backlog of a Unix
/// listener is full, and that no connection is under way.
fn connect(
    family: AddressFamily,
    address: &impl SocketAddrArg,
) -> io::Result<(OwnedFd, Connecting)> {
    let socket = stream_socket(family)?;
    match rustix::net::connect(&socket, address) {
        Ok(()) => Ok((socket, Connecting::Done)),
        // A signal interrupts the call, not the connection.
        Err(Errno::INPROGRESS | Errno::INTR) => Ok((socket, Connecting::UnderWay)),
        Err(error) => Err(error.into()),
    }
}
