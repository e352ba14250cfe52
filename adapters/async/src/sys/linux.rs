//! Linux and Android: `socket` and `accept4` set the modes themselves, and `FIONBIO` works on
//! every descriptor, in one call where `fcntl` needs two.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;

use mini_reactor::BorrowedIo;
use rustix::fd::OwnedFd;
use rustix::net::addr::SocketAddrArg;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::{Connecting, unix};

/// Non-blocking, and closed when another program is executed.
const MODES: SocketFlags = SocketFlags::CLOEXEC.union(SocketFlags::NONBLOCK);

pub(crate) fn set_nonblocking(io: &BorrowedIo<'_>) -> io::Result<()> {
    match io.as_fd() {
        Some(fd) => Ok(rustix::io::ioctl_fionbio(fd, true)?),
        None => Ok(()),
    }
}

pub(crate) fn tcp_connect(address: SocketAddr) -> io::Result<(TcpStream, Connecting)> {
    let (socket, connecting) = connect(unix::family(&address), &address)?;
    Ok((socket.into(), connecting))
}

pub(crate) fn unix_connect(path: &Path) -> io::Result<(UnixStream, Connecting)> {
    let (socket, connecting) = connect(AddressFamily::UNIX, &SocketAddrUnix::new(path)?)?;
    Ok((socket.into(), connecting))
}

fn connect(
    family: AddressFamily,
    address: &impl SocketAddrArg,
) -> io::Result<(OwnedFd, Connecting)> {
    let socket = rustix::net::socket_with(family, SocketType::STREAM, MODES, None)?;
    let connecting = unix::start_connect(&socket, address)?;
    Ok((socket, connecting))
}

pub(crate) fn tcp_accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (socket, peer) = rustix::net::acceptfrom_with(listener, MODES)?;
    let stream = TcpStream::from(socket);
    match peer.and_then(|peer| SocketAddr::try_from(peer).ok()) {
        Some(peer) => Ok((stream, peer)),
        None => stream.peer_addr().map(|peer| (stream, peer)),
    }
}
