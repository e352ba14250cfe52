//! Listeners: a queue of connections that stand and were not accepted yet.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use mini_reactor::{AsIo, BorrowedIo, Direction};

use crate::network::object::{Open, known};
use crate::network::parcel::Message;
use crate::network::{Kind, Stream};
use crate::trace::{Outcome, What};
use crate::world::World;

/// A listener of a simulated host, with the methods of `std::net::TcpListener` in non-blocking
/// mode.
///
/// Made by [`Host::listen`](crate::Host::listen), which has an example. Dropping it resets the
/// connections that were not accepted.
#[derive(Debug)]
pub struct Listener(pub(super) Open);

#[derive(Debug)]
pub(super) struct ListenerState {
    host: u16,
    pub(super) local: SocketAddr,
    /// The server's ends.
    pub(super) backlog: VecDeque<u32>,
}

impl Listener {
    /// The next connection, and who made it.
    ///
    /// # Errors
    ///
    /// - `WouldBlock`: there is none yet.
    /// - `Interrupted`, if [`Interrupted`](crate::Fault::Interrupted) strikes.
    /// - `EMFILE`, if [`NoDescriptors`](crate::Fault::NoDescriptors) strikes; the connection stays
    ///   in the queue.
    pub fn accept(&self) -> io::Result<(Stream, SocketAddr)> {
        let (number, peer) = self.0.with(World::accept)?;
        Ok((Stream(Open::new(self.0.shared(), number)), peer))
    }

    /// Where this listens.
    ///
    /// # Errors
    ///
    /// None.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        known(self.0.with(|world, number| world.network.listener_mut(number).map(|it| it.local)))
    }
}

impl AsIo for Listener {
    fn as_io(&self) -> BorrowedIo<'_> {
        self.0.as_io()
    }

    fn is_ready(&self, direction: Direction) -> Option<bool> {
        self.0.is_ready(direction)
    }
}

impl World {
    pub(super) fn listen(&mut self, host: u16, port: u16) -> io::Result<u32> {
        self.may_lack_descriptors(0)?;
        let local = self.bind(host, port, |state, port| state.listening.contains_key(&port))?;
        let listener = ListenerState { host, local, backlog: VecDeque::new() };
        let number = self.open(Kind::Listener(listener));
        self.network.hosts[usize::from(host)].listening.insert(local.port(), number);
        Ok(number)
    }

    fn accept(&mut self, number: u32) -> io::Result<(u32, SocketAddr)> {
        let accepted = self.try_accept(number);
        self.did(number, ("accept", Direction::Read), accepted, |_| Outcome::Done)
    }

    fn try_accept(&mut self, number: u32) -> io::Result<(u32, SocketAddr)> {
        self.may_be_interrupted(number)?;
        let listener = self.network.listener_mut(number).ok_or(ErrorKind::NotConnected)?;
        if listener.backlog.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.may_lack_descriptors(number)?;
        let listener = self.network.listener_mut(number).ok_or(ErrorKind::NotConnected)?;
        let stream = listener.backlog.pop_front().ok_or(ErrorKind::WouldBlock)?;
        let (_, peer) = known(self.network.end(stream).and_then(|end| end.addresses))?;
        Ok((stream, peer))
    }

    pub(super) fn close_listener(&mut self, listener: ListenerState) {
        self.network.hosts[usize::from(listener.host)].listening.remove(&listener.local.port());
        for number in listener.backlog {
            if let Some(end) = self.network.end(number) {
                let (link, peer) = (end.link, end.peer);
                self.network.objects.remove(&number);
                self.log(What::Closed(number));
                if let Some(number) = peer {
                    self.send(link, Message::Reset { number });
                }
            }
        }
    }
}
