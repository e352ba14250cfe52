//! UDP: std's methods that can block, made async. Everything else is reached by `get_ref`.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use crate::Async;

impl Async<UdpSocket> {
    /// Opens a socket on `address`, on the current reactor.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::bind`].
    ///
    /// # Examples
    ///
    /// ```
    /// use mini_async::{Async, block_on};
    /// use std::net::{Ipv4Addr, UdpSocket};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// block_on(async {
    ///     let server = Async::<UdpSocket>::bind((Ipv4Addr::LOCALHOST, 0))?;
    ///     let client = Async::<UdpSocket>::bind((Ipv4Addr::LOCALHOST, 0))?;
    ///     client.get_ref().connect(server.get_ref().local_addr()?)?;
    ///
    ///     client.send(b"ping").await?;
    ///     let mut datagram = [0; 64];
    ///     let (length, peer) = server.recv_from(&mut datagram).await?;
    ///     server.send_to(&datagram[..length], peer).await?;
    ///     assert_eq!(client.recv(&mut datagram).await?, 4);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn bind(address: impl Into<SocketAddr>) -> io::Result<Async<UdpSocket>> {
        let socket = UdpSocket::bind(address.into())?;
        socket.set_nonblocking(true)?;
        Async::new_nonblocking(socket)
    }

    /// Receives one datagram, and says who sent it. What does not fit into `buf` is lost.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::recv_from`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no datagram.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.read_with(|io| io.recv_from(buf)).await
    }

    /// As [`recv_from`](Async#method.recv_from), leaving the datagram to be received again.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::peek_from`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no datagram.
    #[doc(alias = "MSG_PEEK")]
    pub async fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.read_with(|io| io.peek_from(buf)).await
    }

    /// Sends one datagram to `address`.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::send_to`].
    ///
    /// # Cancel safety
    ///
    /// A dropped future has sent nothing.
    pub async fn send_to(&self, buf: &[u8], address: impl Into<SocketAddr>) -> io::Result<usize> {
        let address = address.into();
        self.write_with(|io| io.send_to(buf, address)).await
    }

    /// Receives one datagram from the peer that the socket was connected to.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::recv`]; among them `ConnectionRefused`, about an earlier send.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no datagram.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_with(|io| io.recv(buf)).await
    }

    /// As [`recv`](Async#method.recv), leaving the datagram to be received again.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::peek`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no datagram.
    #[doc(alias = "MSG_PEEK")]
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_with(|io| io.peek(buf)).await
    }

    /// Sends one datagram to the peer that the socket was connected to.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::send`].
    ///
    /// # Cancel safety
    ///
    /// A dropped future has sent nothing.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.write_with(|io| io.send(buf)).await
    }
}
