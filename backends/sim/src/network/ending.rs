//! How a flow of bytes ends: shut down, dropped, or broken. The states are in `end.rs`.
//!
//! Who drops an end with unread bytes resets the other one, as TCP does; else the other one reads
//! the end, and is reset if it goes on writing.

use std::io::{self, ErrorKind};
use std::net::Shutdown;

use mini_reactor::Directions;

use crate::fault::Fault;
use crate::network::end::{End, Form, State};
use crate::network::parcel::Message;
use crate::trace::{Outcome, What};
use crate::world::World;

impl World {
    /// An occasion for `ECONNRESET`, of streams between hosts.
    pub(super) fn stream_may_break(&mut self, number: u32) -> io::Result<()> {
        let Some(end) = self.network.end(number) else { return Ok(()) };
        let (Some(link), Some(peer), State::Open) = (end.link, end.peer, end.state) else {
            return Ok(());
        };
        if self.strikes(Fault::Reset, number).is_none() {
            return Ok(());
        }
        self.send(Some(link), Message::Reset { number: peer });
        self.break_end(number, None);
        Err(ErrorKind::ConnectionReset.into())
    }

    /// The end is broken from now on.
    pub(super) fn break_end(&mut self, number: u32, error: Option<ErrorKind>) {
        let Some(end) = self.network.end_mut(number) else { return };
        end.state = State::Broken;
        end.error = error;
        end.incoming.bytes.clear();
        end.incoming.arrived = 0;
        self.mark(number, Directions::BOTH, Directions::BOTH);
    }

    pub(super) fn shutdown(&mut self, number: u32, how: Shutdown) -> io::Result<()> {
        let end = self.network.end_mut(number).ok_or(ErrorKind::NotConnected)?;
        if end.state != State::Open {
            return Err(ErrorKind::NotConnected.into());
        }
        if how != Shutdown::Write && !std::mem::replace(&mut end.read_shut, true) {
            end.incoming.bytes.drain(..std::mem::take(&mut end.incoming.arrived));
            let (link, peer) = (end.link, end.peer);
            self.log(What::Did { number, op: "shut down reading", outcome: Outcome::Done });
            self.mark(number, Directions::READ, Directions::READ);
            self.tell_of_room(number);
            if let (None, Some(peer)) = (link, peer) {
                self.mark(peer, Directions::WRITE, Directions::WRITE);
            }
        }
        let end = self.network.end_mut(number).ok_or(ErrorKind::NotConnected)?;
        if how != Shutdown::Read && !std::mem::replace(&mut end.write_shut, true) {
            let (link, peer) = (end.link, end.peer);
            self.log(What::Did { number, op: "shut down writing", outcome: Outcome::Done });
            self.mark(number, Directions::WRITE, Directions::NONE);
            if let Some(number) = peer {
                self.send(link, Message::End { number });
            }
        }
        Ok(())
    }

    /// The program has dropped its end.
    pub(super) fn close_end(&mut self, end: End) {
        if let State::Connecting(moment) = end.state {
            self.cancel(moment);
        }
        let Some(number) = end.peer else { return };
        if end.state == State::Broken || !self.network.has(number) {
            return;
        }
        let is_stream = matches!(end.form, Form::Stream); // a pipe has nobody to be told
        if is_stream && !end.incoming.bytes.is_empty() {
            self.send(end.link, Message::Reset { number });
        } else if end.link.is_none() {
            self.hang_up(number);
        } else if !end.write_shut {
            self.send(end.link, Message::End { number });
        }
    }

    /// The other end of a pair or pipe was dropped.
    fn hang_up(&mut self, number: u32) {
        if let Some(end) = self.network.end_mut(number) {
            end.incoming.ended = true;
            self.log(What::Came { number, what: "the other end is gone", bytes: 0 });
            self.mark(number, Directions::BOTH, Directions::BOTH);
        }
    }

    pub(super) fn end_arrives(&mut self, number: u32) {
        if let Some(end) = self.network.end_mut(number) {
            end.incoming.ended = true;
            self.log(What::Came { number, what: "the end arrives", bytes: 0 });
            self.mark(number, Directions::READ, Directions::READ);
        }
    }

    pub(super) fn reset_arrives(&mut self, number: u32) {
        if self.network.end(number).is_some_and(|end| end.state != State::Broken) {
            self.log(What::Came { number, what: "a reset arrives", bytes: 0 });
            self.break_end(number, Some(ErrorKind::ConnectionReset));
        }
    }
}
