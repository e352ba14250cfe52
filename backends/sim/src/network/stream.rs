//! Streams, between hosts and in pairs.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;

use mini_reactor::{AsIo, BorrowedIo, Direction};

use crate::network::Kind;
use crate::network::end::{End, Form, State};
use crate::network::object::{Open, known};
use crate::world::{Shared, World};

/// A stream of a simulated host, with the methods of `std::net::TcpStream` in non-blocking mode;
/// or one of a pair that has no hosts.
///
/// Made by [`Host::connect`](crate::Host::connect), [`Listener::accept`](crate::Listener::accept)
/// and [`Sim::pair`](crate::Sim::pair). It is read and written through `Async`, as sockets of the
/// system are. Dropping it ends both directions: the peer reads the end, or meets a reset if it had
/// sent what was not read.
///
/// # Errors
///
/// Reading and writing fail with
///
/// - `WouldBlock`: nothing has arrived, or there is no room for more, or the connection does not
///   stand yet;
/// - `ConnectionRefused` and `TimedOut`, once, if the connection could not be made;
/// - `ConnectionReset`, once, if the peer was dropped with unread bytes, or was written to after it
///   was dropped, or if [`Reset`](crate::Fault::Reset) strikes;
/// - `BrokenPipe`: a write after any of these, or after [`shutdown`](Stream::shutdown);
/// - `Interrupted`, if [`Interrupted`](crate::Fault::Interrupted) strikes.
#[derive(Debug)]
pub struct Stream(pub(super) Open);

impl Stream {
    /// Whether the connection stands: an operation to wait with for that alone, by `write_with`.
    ///
    /// # Errors
    ///
    /// - `WouldBlock`: not yet.
    /// - `ConnectionRefused`: nobody listens there. `TimedOut`: nobody answers.
    /// - `NotConnected`: that was told before, or the connection broke.
    pub fn established(&self) -> io::Result<()> {
        self.0.with(World::established)
    }

    /// Ends one direction, or both. The peer reads the end of what this has written; what the peer
    /// writes after the reading half has ended here is thrown away.
    ///
    /// # Errors
    ///
    /// `NotConnected`: the connection does not stand.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.with(|world, number| world.shutdown(number, how))
    }

    /// The address at this end.
    ///
    /// # Errors
    ///
    /// `NotConnected`: the stream is one of a pair without addresses.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.addresses().map(|(here, _)| here)
    }

    /// The address at the other end.
    ///
    /// # Errors
    ///
    /// `NotConnected`: the stream is one of a pair without addresses.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.addresses().map(|(_, there)| there)
    }

    fn addresses(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        known(self.0.with(|world, number| world.network.end(number).and_then(|end| end.addresses)))
    }
}

impl AsIo for Stream {
    fn as_io(&self) -> BorrowedIo<'_> {
        self.0.as_io()
    }

    fn is_ready(&self, direction: Direction) -> Option<bool> {
        self.0.is_ready(direction)
    }

    /// Ends the writing half, as an adapter does to a TCP stream that is closed.
    fn end_of_writing(&self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl Read for &Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_vectored(&mut [IoSliceMut::new(buf)])
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.0.with(|world, number| world.read(number, bufs))
    }
}

impl Write for &Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.with(|world, number| world.write(number, bufs))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&*self).read_vectored(bufs)
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&*self).write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Two streams that are connected with each other, on no host.
pub(crate) fn pair(shared: &Arc<Shared>) -> (Stream, Stream) {
    let (one, other) = shared.with(|world| world.open_pair(Form::Stream, Form::Stream));
    (Stream(Open::new(shared, one)), Stream(Open::new(shared, other)))
}

impl World {
    pub(super) fn open_pair(&mut self, one: Form, other: Form) -> (u32, u32) {
        let one = self.open(Kind::End(End::new(one, State::Open)));
        let mut end = End::new(other, State::Open);
        end.peer = Some(one);
        let other = self.open(Kind::End(end));
        if let Some(end) = self.network.end_mut(one) {
            end.peer = Some(other);
        }
        (one, other)
    }
}
