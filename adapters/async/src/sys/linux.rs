//! Linux and Android: `socket` and `accept4` set the modes themselves, and `FIONBIO` works on
//! every descriptor, in one call where `fcntl` needs two.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use mini_reactor::BorrowedIo;
use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

/// Non-blocking, and closed when another program is executed.
const MODES: SocketFlags = SocketFlags::CLOEXEC.union(SocketFlags::NONBLOCK);

pub(crate) fn set_nonblocking(io: &BorrowedIo<'_>) -> io::Result<()> {
    match io.as_fd() {
        Some(fd) => Ok(rustix::io::ioctl_fionbio(fd, true)?),
        None => Ok(()),
    }
}

pub(super) fn stream_socket(family: AddressFamily) -> io::Result<OwnedFd> {
    Ok(rustix::net::socket_with(family, SocketType::STREAM, MODES, None)?)
}

/// A path that begins with a zero byte is a name in the abstract namespace.
pub(super) fn unix_address(path: &Path) -> io::Result<SocketAddrUnix> {
    match path.as_os_str().as_bytes() {
        [0, name @ ..] => Ok(SocketAddrUnix::new_abstract_name(name)?),
        _ => Ok(SocketAddrUnix::new(path)?),
    }
}

pub(crate) fn tcp_accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (socket, peer) = rustix::net::acceptfrom_with(listener, MODES)?;
    let stream = TcpStream::from(socket);
    match peer.and_then(|peer| SocketAddr::try_from(peer).ok()) {
        Some(peer) => Ok((stream, peer)),
        None => stream.peer_addr().map(|peer| (stream, peer)),
    }
}
