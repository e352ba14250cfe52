//! TCP: std's methods that can block, made async. Everything else is reached by `get_ref`.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::task::{Context, Poll};

use mini_reactor::Handle;

use crate::{Async, Incoming, connect, sys};

impl Async<TcpListener> {
    /// Opens a listener on `address`, on the current reactor.
    ///
    /// As with std, port 0 asks the system for a free one; `get_ref().local_addr()` tells which.
    ///
    /// # Errors
    ///
    /// As [`TcpListener::bind`], among them `AddrInUse`.
    ///
    /// # Examples
    ///
    /// ```
    /// use mini_async::Async;
    /// use std::net::{Ipv6Addr, TcpListener};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # if std::net::TcpListener::bind("[::1]:0").is_err() { return Ok(()) }
    /// let listener = Async::<TcpListener>::bind((Ipv6Addr::LOCALHOST, 0))?;
    /// assert_ne!(listener.get_ref().local_addr()?.port(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn bind(address: impl Into<SocketAddr>) -> io::Result<Async<TcpListener>> {
        let listener = TcpListener::bind(address.into())?;
        listener.set_nonblocking(true)?;
        Async::new_nonblocking(listener)
    }

    /// Accepts a connection, and says who connected.
    ///
    /// The connection belongs to the reactor of its listener.
    ///
    /// # Errors
    ///
    /// As [`TcpListener::accept`]. Some errors concern only the one connection, others the process,
    /// such as having no descriptor left; the listener stays usable after all of them. The next
    /// call does not wait for anything new, so pause before it if the error is likely to persist.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no connection: it stays in the listener's queue.
    ///
    /// # Examples
    ///
    /// ```
    /// use mini_async::{Async, block_on};
    /// use std::net::{Ipv4Addr, TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// block_on(async {
    ///     let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0))?;
    ///     let client = TcpStream::connect(listener.get_ref().local_addr()?)?;
    ///     let (_stream, peer) = listener.accept().await?;
    ///     assert_eq!(peer, client.local_addr()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[doc(alias = "accept4")]
    pub async fn accept(&self) -> io::Result<(Async<TcpStream>, SocketAddr)> {
        self.accept_by(sys::tcp_accept).await
    }

    /// Polls for a connection; the task in `cx` is woken when `Pending` may have changed.
    ///
    /// # Errors
    ///
    /// As [`accept`](Async#method.accept).
    pub fn poll_accept(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(Async<TcpStream>, SocketAddr)>> {
        self.poll_accept_by(cx, sys::tcp_accept)
    }

    /// The connections of this listener as a stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::StreamExt;
    /// use mini_async::{Async, block_on};
    /// use std::net::{Ipv4Addr, TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// block_on(async {
    ///     let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0))?;
    ///     let address = listener.get_ref().local_addr()?;
    ///     let _clients = [TcpStream::connect(address)?, TcpStream::connect(address)?];
    ///     let mut connections = listener.incoming().take(2);
    ///     while let Some(stream) = connections.next().await {
    ///         assert_eq!(stream?.get_ref().local_addr()?, address);
    ///     }
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn incoming(&self) -> Incoming<'_, TcpListener> {
        Incoming { listener: self }
    }
}

impl Async<TcpStream> {
    /// Connects to `address`, on the current reactor.
    ///
    /// # Errors
    ///
    /// Those that [`TcpStream::connect`] has, whenever they come: `ConnectionRefused` if nobody
    /// listens, `TimedOut` if nobody answers, and others.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the socket, and with it the attempt.
    ///
    /// # Examples
    ///
    /// ```
    /// use mini_async::{Async, block_on};
    /// use std::net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let address = listener.local_addr()?;
    /// let stream = block_on(Async::<TcpStream>::connect(address))?;
    /// assert_eq!(stream.get_ref().peer_addr()?, address);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(address: impl Into<SocketAddr>) -> io::Result<Async<TcpStream>> {
        let (stream, connecting) = sys::tcp_connect(address.into())?;
        let peer = |io: &TcpStream| io.peer_addr().map(drop);
        let stream = Async::wrap(stream, Handle::current());
        connect::finish(stream, connecting, peer, TcpStream::take_error).await
    }

    /// Reads without taking what was read from the stream: the next read gets it again.
    ///
    /// Returns 0 at the end of the stream.
    ///
    /// # Errors
    ///
    /// As [`TcpStream::peek`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    #[doc(alias = "MSG_PEEK")]
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_with(|io| io.peek(buf)).await
    }
}
