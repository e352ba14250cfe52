//! How a stream between hosts begins: a question, an answer, and what may keep either from coming.
//!
//! 1. `connect` opens the client's end and sends the question.
//! 2. Where it arrives, a listener's queue gets the server's end, and the answer goes back. Without
//!    a listener, the answer is a refusal; with a full queue, the question comes again after a
//!    second.
//! 3. Where the answer arrives, the client's end is open.
//!
//! Nobody answers for 127 seconds, as when a partition holds back either message: the client's end
//! is broken.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use mini_reactor::{Direction, Directions};

use crate::network::end::{End, Form, State};
use crate::network::link::Link;
use crate::network::parcel::{Message, Parcel};
use crate::network::{Kind, Network, Target};
use crate::trace::{Outcome, What};
use crate::world::{Due, World};

/// As Linux does with six repetitions of the question.
const GIVE_UP_NS: u64 = 127_000_000_000;

const ASK_AGAIN_NS: u64 = 1_000_000_000;

/// Connections that wait to be accepted at most.
const BACKLOG: usize = 128;

impl World {
    pub(super) fn connect(&mut self, host: u16, to: &Target) -> io::Result<u32> {
        let Some(there) = self.network.resolve(host, to) else {
            return Err(io::Error::new(ErrorKind::NotFound, format!("no host is at {to:?}")));
        };
        self.may_lack_descriptors(0)?;
        // Ports of streams that connect are not looked after: 16,000 of them come before a second.
        let here = self.bind(host, 0, |state, port| state.listening.contains_key(&port))?;
        let to = self.network.host_at(there).unwrap_or(host);
        let link = Link { from: host, to };
        let mut end = End::new(Form::Stream, State::Open);
        end.link = Some(link);
        end.addresses = Some((here, there));
        let number = self.open(Kind::End(end));
        let give_up = self.clock.saturating_add(GIVE_UP_NS);
        let moment = self.schedule_at(give_up, Due::ConnectTimeout(number));
        if let Some(end) = self.network.end_mut(number) {
            end.state = State::Connecting(moment);
        }
        self.send(Some(link), Message::Syn { client: number, to: there });
        Ok(number)
    }

    /// The question has arrived.
    pub(super) fn answer_connect(&mut self, link: Option<Link>, client: u32, to: SocketAddr) {
        let (Some(link), Some(asking)) = (link, self.network.end(client)) else { return };
        let Some((from, _)) = asking.addresses.filter(|_| asking.is_connecting()) else { return };
        let listener = self.network.listener_at(link.to, to.port());
        let Some(queue) = listener.and_then(|number| self.network.listener_mut(number)) else {
            return self.send(Some(link.reversed()), Message::Refused { number: client });
        };
        if queue.backlog.len() >= BACKLOG {
            let message = Message::Syn { client, to };
            self.log_link(link, "a connect is dropped, the listener's queue is full");
            return self.schedule(ASK_AGAIN_NS, Due::Parcel(Parcel { link, message }));
        }
        let mut end = End::new(Form::Stream, State::Open);
        end.link = Some(link.reversed());
        end.addresses = Some((to, from));
        end.peer = Some(client);
        let server = self.open(Kind::End(end));
        if let Some(asking) = self.network.end_mut(client) {
            asking.peer = Some(server);
        }
        self.send(Some(link.reversed()), Message::Established { number: client });
        let Some(number) = listener else { return };
        if let Some(queue) = self.network.listener_mut(number) {
            queue.backlog.push_back(server);
            self.mark(number, Directions::READ, Directions::NONE);
        }
    }

    pub(super) fn connected(&mut self, number: u32) {
        let Some(end) = self.network.end_mut(number) else { return };
        if let State::Connecting(moment) = end.state {
            end.state = State::Open;
            self.cancel(moment);
            self.log(What::Came { number, what: "connected", bytes: 0 });
            self.mark(number, Directions::WRITE, Directions::NONE);
        }
    }

    pub(super) fn refused(&mut self, number: u32) {
        self.fail_connect(number, ErrorKind::ConnectionRefused, "refused");
    }

    pub(crate) fn give_up_connecting(&mut self, number: u32) {
        self.fail_connect(number, ErrorKind::TimedOut, "nobody answers");
    }

    fn fail_connect(&mut self, number: u32, error: ErrorKind, what: &'static str) {
        let Some(end) = self.network.end(number) else { return };
        let (link, peer) = (end.link, end.peer);
        if let State::Connecting(moment) = end.state {
            self.cancel(moment);
            self.log(What::Came { number, what, bytes: 0 });
            self.break_end(number, Some(error));
            if let Some(number) = peer {
                self.send(link, Message::Reset { number });
            }
        }
    }

    /// Whether the connection stands.
    pub(super) fn established(&mut self, number: u32) -> io::Result<()> {
        let established = self.network.end_mut(number).map_or(Ok(()), |end| {
            end.check()?;
            match end.state {
                State::Broken => Err(ErrorKind::NotConnected.into()),
                _ => Ok(()),
            }
        });
        self.did(number, ("connect", Direction::Write), established, |()| Outcome::Done)
    }
}

impl Network {
    fn listener_at(&self, host: u16, port: u16) -> Option<u32> {
        self.hosts.get(usize::from(host))?.listening.get(&port).copied()
    }
}
