//! Windows: everything that can be waited for is a socket.

use std::any::Any;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::OnceLock;

use mini_reactor::BorrowedIo;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType};

use super::Connecting;

pub(crate) fn set_nonblocking(io: &BorrowedIo<'_>) -> io::Result<()> {
    match io.as_socket() {
        Some(socket) => Ok(rustix::io::ioctl_fionbio(socket, true)?),
        None => Ok(()),
    }
}

/// Standard input and output are no sockets here.
pub(crate) fn check(_: &BorrowedIo<'_>) -> io::Result<()> {
    Ok(())
}

/// See `sys/mod.rs`.
pub(crate) struct StdIo<'a>(&'a TcpStream);

impl<'a> StdIo<'a> {
    #[inline]
    pub(crate) fn of(io: &'a dyn Any) -> Option<StdIo<'a>> {
        io.downcast_ref().map(StdIo)
    }

    #[inline]
    pub(crate) fn as_read(&mut self) -> &mut dyn Read {
        &mut self.0
    }

    #[inline]
    pub(crate) fn as_write(&mut self) -> &mut dyn Write {
        &mut self.0
    }

    pub(crate) fn end_of_writing(&self) -> io::Result<()> {
        self.0.shutdown(Shutdown::Write)
    }
}

pub(crate) fn tcp_connect(address: SocketAddr) -> io::Result<(TcpStream, Connecting)> {
    static STARTED: OnceLock<Result<(), Errno>> = OnceLock::new();
    (*STARTED.get_or_init(|| rustix::net::wsa_startup().map(drop)))?;
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    let connecting = match rustix::net::connect(&socket, &address) {
        Ok(()) => Connecting::Done,
        Err(Errno::WOULDBLOCK | Errno::INPROGRESS) => Connecting::UnderWay,
        Err(error) => return Err(error.into()),
    };
    Ok((socket.into(), connecting))
}

pub(crate) fn tcp_accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, peer) = listener.accept()?;
    stream.set_nonblocking(true)?;
    Ok((stream, peer))
}
