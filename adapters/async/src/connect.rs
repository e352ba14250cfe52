//! The end of a connect: waiting until the system has decided, and asking what it decided.
//!
//! The socket's peer is asked for first. If there is one, the connection stands, and on the
//! loopback it often does before anything has to wait. Only else is the pending error looked at,
//! so a wake-up without cause is told from the real one.

use std::io;

use mini_reactor::AsIo;

use crate::Async;
use crate::sys::Connecting;

/// Waits for the connection of a stream socket, given how to ask for its peer and its error.
pub(crate) async fn finish<T: AsIo + 'static>(
    socket: Async<T>,
    connecting: Connecting,
    peer: impl Fn(&T) -> io::Result<()>,
    pending_error: impl Fn(&T) -> io::Result<Option<io::Error>>,
) -> io::Result<Async<T>> {
    if connecting == Connecting::UnderWay {
        socket
            .write_with(|io| {
                let Err(no_peer) = peer(io) else { return Ok(()) };
                match pending_error(io)? {
                    Some(error) => Err(error),
                    None if no_peer.kind() == io::ErrorKind::NotConnected => {
                        Err(io::ErrorKind::WouldBlock.into())
                    }
                    None => Err(no_peer),
                }
            })
            .await?;
    }
    Ok(socket)
}
