//! Unix systems in general: a socket is opened, then told its modes.
//!
//! Between opening a socket and marking it close-on-exec, another thread can fork and execute a
//! program, which then has the socket too. There is no call without this gap on all of these
//! systems; std has the same gap there.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;

use mini_reactor::BorrowedIo;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::OFlags;
use rustix::io::FdFlags;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

pub(crate) fn set_nonblocking(io: &BorrowedIo<'_>) -> io::Result<()> {
    io.as_fd().map_or(Ok(()), set_nonblocking_fd)
}

fn set_nonblocking_fd(fd: impl AsFd) -> io::Result<()> {
    let before = rustix::fs::fcntl_getfl(&fd)?;
    if !before.contains(OFlags::NONBLOCK) {
        rustix::fs::fcntl_setfl(&fd, before | OFlags::NONBLOCK)?;
    }
    Ok(())
}

pub(super) fn stream_socket(family: AddressFamily) -> io::Result<OwnedFd> {
    let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    sigpipe::never(&socket)?;
    set_nonblocking_fd(&socket)?;
    Ok(socket)
}

pub(super) fn unix_address(path: &Path) -> io::Result<SocketAddrUnix> {
    Ok(SocketAddrUnix::new(path)?)
}

pub(crate) fn tcp_accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, peer) = listener.accept()?;
    // On some systems an accepted socket inherits the mode of its listener, on others not.
    stream.set_nonblocking(true)?;
    Ok((stream, peer))
}

/// Apple's systems cannot be asked at each write to spare the process the signal.
#[cfg(target_vendor = "apple")]
mod sigpipe {
    pub(super) fn never(socket: &rustix::fd::OwnedFd) -> rustix::io::Result<()> {
        rustix::net::sockopt::set_socket_nosigpipe(socket, true)
    }
}

/// Elsewhere std asks at each write.
#[cfg(not(target_vendor = "apple"))]
mod sigpipe {
    pub(super) fn never(_: &rustix::fd::OwnedFd) -> rustix::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use mini_reactor::AsIo;

    use super::*;

    fn is_nonblocking(fd: impl AsFd) -> bool {
        rustix::fs::fcntl_getfl(fd).unwrap().contains(OFlags::NONBLOCK)
    }

    #[test]
    fn sockets_end_up_in_the_modes_that_linux_sets_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = stream_socket(AddressFamily::INET).unwrap();
        assert!(is_nonblocking(&client));
        let _ = rustix::net::connect(&client, &listener.local_addr().unwrap());
        let (server, _) = tcp_accept(&listener).unwrap();
        for socket in [&client, &OwnedFd::from(server)] {
            assert!(is_nonblocking(socket));
            assert!(rustix::io::fcntl_getfd(socket).unwrap().contains(FdFlags::CLOEXEC));
        }
    }

    #[test]
    fn other_status_flags_survive() {
        let file = std::fs::File::options().append(true).open("/dev/null").unwrap();
        set_nonblocking(&file.as_io()).unwrap();
        let flags = rustix::fs::fcntl_getfl(&file).unwrap();
        assert!(flags.contains(OFlags::NONBLOCK | OFlags::APPEND));
    }

    #[test]
    fn a_path_is_an_address() {
        let address = unix_address(Path::new("/some/socket")).unwrap();
        assert_eq!(address.path().unwrap().to_str(), Ok("/some/socket"));
    }
}
