//! Unix sockets: std's methods that can block, made async. Everything else: by `get_ref`.

use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use mini_reactor::Handle;

use crate::{Async, Incoming, connect, sys};

impl Async<UnixListener> {
    /// Opens a listener at `path`, on the current reactor.
    ///
    /// # Errors
    ///
    /// As [`UnixListener::bind`]; `AddrInUse` if the path exists, even if nobody listens there.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Async<UnixListener>> {
        let listener = UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        Async::new_nonblocking(listener)
    }

    /// Accepts a connection, and says who connected. It belongs to the reactor of its listener.
    ///
    /// # Errors
    ///
    /// As [`UnixListener::accept`]. The listener stays usable after all of them; the next call
    /// does not wait for anything new.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no connection: it stays in the listener's queue.
    pub async fn accept(&self) -> io::Result<(Async<UnixStream>, SocketAddr)> {
        self.accept_by(accept).await
    }

    /// Polls for a connection; the task in `cx` is woken when `Pending` may have changed.
    ///
    /// # Errors
    ///
    /// As [`accept`](Async#method.accept-1).
    pub fn poll_accept(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(Async<UnixStream>, SocketAddr)>> {
        self.poll_accept_by(cx, accept)
    }

    /// The connections of this listener as a stream.
    pub fn incoming(&self) -> Incoming<'_, UnixListener> {
        Incoming { listener: self }
    }
}

fn accept(listener: &UnixListener) -> io::Result<(UnixStream, SocketAddr)> {
    let (stream, peer) = listener.accept()?;
    stream.set_nonblocking(true)?;
    Ok((stream, peer))
}

impl Stream for Incoming<'_, UnixListener> {
    type Item = io::Result<Async<UnixStream>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.listener.poll_accept(cx).map(|accepted| Some(accepted.map(|(stream, _)| stream)))
    }
}

impl Async<UnixStream> {
    /// Connects to the listener at `path`, on the current reactor. On Linux, a path that begins
    /// with a zero byte is a name in the abstract namespace.
    ///
    /// # Errors
    ///
    /// `NotFound` and `ConnectionRefused` if nobody listens there, and `WouldBlock` if the
    /// listener's queue is full, on systems that do not let a connection wait for a place in it
    /// (Linux): trying again later is up to the caller, as nothing tells when there is a place.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the socket, and with it the attempt.
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<Async<UnixStream>> {
        let (stream, connecting) = sys::unix_connect(path.as_ref())?;
        let peer = |io: &UnixStream| io.peer_addr().map(drop);
        let stream = Async::wrap(stream, Handle::current());
        connect::finish(stream, connecting, peer, UnixStream::take_error).await
    }

    /// Two streams connected to each other, on the current reactor.
    ///
    /// # Errors
    ///
    /// As [`UnixStream::pair`].
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::{AsyncReadExt, AsyncWriteExt};
    /// use mini_async::{Async, block_on};
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// block_on(async {
    ///     let (mut near, mut far) = Async::<UnixStream>::pair()?;
    ///     near.write_all(b"hello").await?;
    ///     near.close().await?;
    ///     let mut received = String::new();
    ///     far.read_to_string(&mut received).await?;
    ///     assert_eq!(received, "hello");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn pair() -> io::Result<(Async<UnixStream>, Async<UnixStream>)> {
        let (near, far) = UnixStream::pair()?;
        near.set_nonblocking(true)?;
        far.set_nonblocking(true)?;
        Ok((Async::new_nonblocking(near)?, Async::new_nonblocking(far)?))
    }
}

impl Async<UnixDatagram> {
    /// Opens a socket at `path`, on the current reactor.
    ///
    /// # Errors
    ///
    /// As [`UnixDatagram::bind`].
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Async<UnixDatagram>> {
        Self::nonblocking(UnixDatagram::bind(path)?)
    }

    /// Opens a socket without an address, on the current reactor.
    ///
    /// # Errors
    ///
    /// As [`UnixDatagram::unbound`].
    pub fn unbound() -> io::Result<Async<UnixDatagram>> {
        Self::nonblocking(UnixDatagram::unbound()?)
    }

    /// Two sockets connected to each other, on the current reactor.
    ///
    /// # Errors
    ///
    /// As [`UnixDatagram::pair`].
    pub fn pair() -> io::Result<(Async<UnixDatagram>, Async<UnixDatagram>)> {
        let (near, far) = UnixDatagram::pair()?;
        Ok((Self::nonblocking(near)?, Self::nonblocking(far)?))
    }

    fn nonblocking(socket: UnixDatagram) -> io::Result<Async<UnixDatagram>> {
        socket.set_nonblocking(true)?;
        Async::new_nonblocking(socket)
    }

    /// Receives one datagram, and says who sent it. What does not fit into `buf` is lost.
    ///
    /// # Errors
    ///
    /// As [`UnixDatagram::recv_from`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no datagram.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.read_with(|io| io.recv_from(buf)).await
    }

    /// Sends one datagram to the socket at `path`.
    ///
    /// # Errors
    ///
    /// As [`UnixDatagram::send_to`].
    ///
    /// # Cancel safety
    ///
    /// A dropped future has sent nothing.
    pub async fn send_to(&self, buf: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        let path = path.as_ref();
        self.write_with(|io| io.send_to(buf, path)).await
    }

    /// Receives one datagram from the peer that the socket was connected to.
    ///
    /// # Errors
    ///
    /// As [`UnixDatagram::recv`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no datagram.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_with(|io| io.recv(buf)).await
    }

    /// Sends one datagram to the peer that the socket was connected to.
    ///
    /// # Errors
    ///
    /// As [`UnixDatagram::send`].
    ///
    /// # Cancel safety
    ///
    /// A dropped future has sent nothing.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.write_with(|io| io.send(buf)).await
    }
}
