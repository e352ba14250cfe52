//! Datagrams: messages with an address, which may get lost, arrive twice, and overtake each other.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use mini_reactor::{AsIo, BorrowedIo, Direction, Directions};

use crate::fault::Fault;
use crate::network::link::Link;
use crate::network::object::{Open, known};
use crate::network::parcel::Message;
use crate::network::{Kind, Target};
use crate::trace::{Outcome, What};
use crate::world::World;

/// A socket for datagrams of a simulated host, with the methods of `std::net::UdpSocket` in
/// non-blocking mode.
///
/// Made by [`Host::datagram`](crate::Host::datagram). Sending never blocks. What does not fit into
/// the receiver's buffer is lost, and so is what no socket waits for.
///
/// # Examples
///
/// ```
/// use mini_async::Async;
/// use mini_reactor_sim::{Settings, Sim};
///
/// let sim = Sim::new(Settings::new());
/// let here = Async::new_in(sim.host("here").datagram(7)?, &sim)?;
/// let there = Async::new_in(sim.host("there").datagram(0)?, &sim)?;
/// sim.block_on(async {
///     there.write_with(|socket| socket.send_to(b"hello", ("here", 7))).await?;
///     let mut buffer = [0; 16];
///     let (bytes, from) = here.read_with(|socket| socket.recv_from(&mut buffer)).await?;
///     assert_eq!(&buffer[..bytes], b"hello");
///     assert_eq!(from, there.get_ref().local_addr()?);
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Datagram(pub(super) Open);

#[derive(Debug)]
pub(super) struct DatagramState {
    host: u16,
    pub(super) local: SocketAddr,
    /// The only one to send to and to receive from, if there is one.
    peer: Option<SocketAddr>,
    pub(super) queue: VecDeque<(SocketAddr, Vec<u8>)>,
    queued_bytes: usize,
}

/// As much as fits into an IPv4 packet.
const LENGTH_MAX: usize = 65_507;

impl Datagram {
    /// Where this is.
    ///
    /// # Errors
    ///
    /// None.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        known(self.0.with(|world, number| world.network.datagram_mut(number).map(|it| it.local)))
    }

    /// Names the only peer: [`send`](Datagram::send) sends to it, and datagrams of others are
    /// thrown away. Nothing is sent.
    ///
    /// # Errors
    ///
    /// `NotFound`: there is no such host.
    pub fn connect(&self, to: impl Into<Target>) -> io::Result<()> {
        let to = to.into();
        self.0.with(|world, number| world.connect_datagram(number, &to))
    }

    /// Sends a datagram.
    ///
    /// # Errors
    ///
    /// - `NotFound`: there is no such host.
    /// - `InvalidInput`: it is longer than 65,507 bytes.
    /// - `Interrupted`, if [`Interrupted`](crate::Fault::Interrupted) strikes.
    pub fn send_to(&self, buf: &[u8], to: impl Into<Target>) -> io::Result<usize> {
        let to = to.into();
        self.0.with(|world, number| world.send_datagram(number, buf, Some(&to)))
    }

    /// Sends a datagram to the only peer.
    ///
    /// # Errors
    ///
    /// `NotConnected`: there is none. Others as [`send_to`](Datagram::send_to).
    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.0.with(|world, number| world.send_datagram(number, buf, None))
    }

    /// Receives a datagram; what of it is longer than `buf` is lost.
    ///
    /// # Errors
    ///
    /// - `WouldBlock`: none has arrived.
    /// - `Interrupted`, if [`Interrupted`](crate::Fault::Interrupted) strikes.
    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.with(|world, number| world.receive_datagram(number, buf))
    }

    /// As [`recv_from`](Datagram::recv_from), without the address.
    ///
    /// # Errors
    ///
    /// As [`recv_from`](Datagram::recv_from).
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.recv_from(buf).map(|(bytes, _)| bytes)
    }
}

impl AsIo for Datagram {
    fn as_io(&self) -> BorrowedIo<'_> {
        self.0.as_io()
    }

    fn is_ready(&self, direction: Direction) -> Option<bool> {
        self.0.is_ready(direction)
    }
}

impl World {
    pub(super) fn bind_datagram(&mut self, host: u16, port: u16) -> io::Result<u32> {
        self.may_lack_descriptors(0)?;
        let local = self.bind(host, port, |state, port| state.receiving.contains_key(&port))?;
        let (queue, queued_bytes) = Default::default();
        let socket = DatagramState { host, local, peer: None, queue, queued_bytes };
        let number = self.open(Kind::Datagram(socket));
        self.network.hosts[usize::from(host)].receiving.insert(local.port(), number);
        Ok(number)
    }

    pub(super) fn close_datagram(&mut self, socket: &DatagramState) {
        self.network.hosts[usize::from(socket.host)].receiving.remove(&socket.local.port());
    }

    fn connect_datagram(&mut self, number: u32, to: &Target) -> io::Result<()> {
        let host = known(self.network.datagram_mut(number).map(|socket| socket.host))?;
        let peer = self.network.resolve(host, to).ok_or(ErrorKind::NotFound)?;
        if let Some(socket) = self.network.datagram_mut(number) {
            socket.peer = Some(peer);
            socket.queue.retain(|(from, _)| *from == peer);
            socket.queued_bytes = socket.queue.iter().map(|(_, bytes)| bytes.len()).sum();
        }
        Ok(())
    }

    fn send_datagram(&mut self, number: u32, buf: &[u8], to: Option<&Target>) -> io::Result<usize> {
        let sent = self.try_send_datagram(number, buf, to);
        let op = ("send a datagram", Direction::Write);
        self.did(number, op, sent, |bytes| moved(*bytes, buf.len()))
    }

    fn try_send_datagram(
        &mut self,
        number: u32,
        buf: &[u8],
        to: Option<&Target>,
    ) -> io::Result<usize> {
        self.may_be_interrupted(number)?;
        let socket = self.network.datagram_mut(number).ok_or(ErrorKind::NotConnected)?;
        let (host, from, peer) = (socket.host, socket.local, socket.peer);
        let to = match to {
            Some(to) => self.network.resolve(host, to).ok_or(ErrorKind::NotFound)?,
            None => known(peer)?,
        };
        if buf.len() > LENGTH_MAX {
            return Err(io::Error::new(ErrorKind::InvalidInput, "the datagram is too long"));
        }
        let link = Link { from: host, to: self.network.host_at(to).unwrap_or(host) };
        if self.strikes(Fault::Loss, number).is_some() {
            return Ok(buf.len());
        }
        let copies = if self.strikes(Fault::Duplication, number).is_some() { 2 } else { 1 };
        for _ in 0..copies {
            self.send(
                Some(link),
                Message::Datagram { sender: number, to, from, bytes: buf.to_vec() },
            );
        }
        Ok(buf.len())
    }

    fn receive_datagram(&mut self, number: u32, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let received = self.try_receive_datagram(number, buf);
        let op = ("receive a datagram", Direction::Read);
        self.did(number, op, received, |(bytes, _)| moved(*bytes, buf.len()))
    }

    fn try_receive_datagram(
        &mut self,
        number: u32,
        buf: &mut [u8],
    ) -> io::Result<(usize, SocketAddr)> {
        self.may_be_interrupted(number)?;
        let socket = self.network.datagram_mut(number).ok_or(ErrorKind::NotConnected)?;
        let (from, bytes) = socket.queue.pop_front().ok_or(ErrorKind::WouldBlock)?;
        socket.queued_bytes -= bytes.len();
        let length = bytes.len().min(buf.len());
        buf[..length].copy_from_slice(&bytes[..length]);
        Ok((length, from))
    }

    pub(super) fn datagram_arrives(&mut self, to: SocketAddr, from: SocketAddr, bytes: Vec<u8>) {
        let host = self.network.host_at(to).map(|host| &self.network.hosts[usize::from(host)]);
        let number = host.and_then(|host| host.receiving.get(&to.port()).copied());
        let (Some(number), buffer) = (number, self.settings.buffer) else { return };
        let Some(socket) = self.network.datagram_mut(number) else { return };
        let (wanted, length) = (socket.peer.is_none_or(|peer| peer == from), bytes.len());
        let fits = socket.queue.is_empty() || socket.queued_bytes + length <= buffer;
        let mut what = "a datagram is thrown away";
        if wanted && fits {
            what = "a datagram arrives";
            socket.queued_bytes += length;
            socket.queue.push_back((from, bytes));
            self.mark(number, Directions::READ, Directions::NONE);
        }
        self.log(What::Came { number, what, bytes: length as u32 });
    }
}

fn moved(bytes: usize, of: usize) -> Outcome {
    Outcome::Moved { bytes: bytes as u32, of: of as u32 }
}
