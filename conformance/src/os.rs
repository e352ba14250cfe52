//! Ready-made endpoints, for backends that watch what the operating system has.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;

/// Two ends of a TCP connection through the loopback device, non-blocking, without delay.
///
/// # Errors
///
/// What the system says.
pub fn tcp_pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let here = TcpStream::connect(listener.local_addr()?)?;
    let there = loop {
        let (there, peer) = listener.accept()?;
        if peer == here.local_addr()? {
            break there; // and not somebody else who happened to try this port
        }
    };
    for stream in [&here, &there] {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
    }
    Ok((here, there))
}

/// Two connected sockets of the Unix domain, non-blocking.
///
/// # Errors
///
/// What the system says.
#[cfg(unix)]
pub fn unix_pair() -> io::Result<(UnixStream, UnixStream)> {
    let (here, there) = UnixStream::pair()?;
    here.set_nonblocking(true)?;
    there.set_nonblocking(true)?;
    Ok((here, there))
}
