//! What is under way from one host to another, and what its arrival does.

use std::net::SocketAddr;

use mini_reactor::Directions;

use crate::network::link::Link;
use crate::trace::What;
use crate::world::{Due, World};

/// A message on a link.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(super) link: Link,
    pub(super) message: Message,
}

/// Numbers are of the object that the message is for, unless the field says otherwise.
#[derive(Debug)]
pub(super) enum Message {
    /// `client` wants to be connected to whoever listens at `to`.
    Syn {
        client: u32,
        to: SocketAddr,
    },
    Established {
        number: u32,
    },
    Refused {
        number: u32,
    },
    /// So many bytes more of those that lie in the receiver's buffer may be read.
    Data {
        number: u32,
        sender: u32,
        bytes: u32,
    },
    /// No more bytes will come.
    End {
        number: u32,
    },
    Reset {
        number: u32,
    },
    /// There is room to write again.
    Room {
        number: u32,
    },
    Datagram {
        sender: u32,
        to: SocketAddr,
        from: SocketAddr,
        bytes: Vec<u8>,
    },
}

impl Message {
    /// The object that it is for, or else of.
    fn object(&self) -> u32 {
        match *self {
            Message::Syn { client: number, .. }
            | Message::Established { number }
            | Message::Refused { number }
            | Message::Data { number, .. }
            | Message::End { number }
            | Message::Reset { number }
            | Message::Room { number }
            | Message::Datagram { sender: number, .. } => number,
        }
    }

    /// Where it must not overtake what was sent before it: the end of a stream.
    pub(super) fn in_order_for(&self) -> Option<u32> {
        match *self {
            Message::Established { number }
            | Message::Refused { number }
            | Message::Data { number, .. }
            | Message::End { number }
            | Message::Reset { number } => Some(number),
            Message::Syn { .. } | Message::Room { .. } | Message::Datagram { .. } => None,
        }
    }
}

impl World {
    /// A message has crossed its link, if there is one.
    pub(crate) fn deliver(&mut self, parcel: Parcel) {
        let link = parcel.link;
        if !self.network.is_cut(link) {
            return self.arrive(Some(link), parcel.message);
        }
        if matches!(parcel.message, Message::Datagram { .. }) {
            return self.log_link(link, "a datagram is lost, the link is cut");
        }
        self.log_link(link, "a message is held back, the link is cut");
        self.network.held.push(parcel);
    }

    pub(super) fn arrive(&mut self, link: Option<Link>, message: Message) {
        match message {
            Message::Syn { client, to } => self.answer_connect(link, client, to),
            Message::Established { number } => self.connected(number),
            Message::Refused { number } => self.refused(number),
            Message::Data { number, sender, bytes } => {
                if self.data_arrives(number, bytes) {
                    self.log(What::Came { number, what: "data arrives", bytes });
                } else {
                    let back = link.map(Link::reversed);
                    self.send(back, Message::Reset { number: sender });
                }
            }
            Message::End { number } => self.end_arrives(number),
            Message::Reset { number } => self.reset_arrives(number),
            Message::Room { number } => self.mark(number, Directions::WRITE, Directions::NONE),
            Message::Datagram { to, from, bytes, .. } => self.datagram_arrives(to, from, bytes),
        }
    }

    /// Puts a message on its way. Without a link it arrives at once.
    pub(super) fn send(&mut self, link: Option<Link>, message: Message) {
        let Some(link) = link else { return self.arrive(None, message) };
        let mut at = self.clock.saturating_add(self.delay(link, message.object()));
        if let Some(end) = message.in_order_for().and_then(|number| self.network.end_mut(number)) {
            at = at.max(end.incoming.last);
            end.incoming.last = at;
        }
        self.schedule_at(at, Due::Parcel(Parcel { link, message }));
    }
}
