//! One end of a flow of bytes in both directions: what streams and pipes are made of.
//!
//! The bytes that A has written and B has not read lie in B's buffer from the moment of the write
//! on; a message on the link says when the next so many of them have arrived. So there is one bound
//! for what is under way and what waits, as with a window, and nothing is copied twice.
//!
//! # States
//!
//! - *connecting*: attempts would block. Ends by *open* or *broken*.
//! - *open*: until either side breaks it. Each direction may be shut by itself.
//! - *broken*: the next attempt tells the error, once; after that reads find the end and writes a
//!   broken pipe. What had arrived and was not read is gone.
//!
//! How it comes to an end is in `ending.rs`.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read};
use std::net::SocketAddr;

use mini_reactor::{Direction, Directions};

use crate::chance::below;
use crate::fault::Fault;
use crate::network::link::Link;
use crate::network::parcel::Message;
use crate::network::{Network, World};
use crate::trace::Outcome;
use crate::world::Moment;

#[derive(Debug)]
pub(super) struct End {
    pub(super) form: Form,
    /// The way to the peer; `None` within a pair or a pipe, where everything arrives at once.
    pub(super) link: Option<Link>,
    /// Here and there, for streams between hosts.
    pub(super) addresses: Option<(SocketAddr, SocketAddr)>,
    /// The other end; `None` while nobody has answered the connect.
    pub(super) peer: Option<u32>,
    pub(super) state: State,
    /// What the next attempt has to tell.
    pub(super) error: Option<ErrorKind>,
    pub(super) incoming: Flow,
    pub(super) read_shut: bool,
    pub(super) write_shut: bool,
    /// A write has met a full buffer: say when there is room.
    wants_room: bool,
}

/// What the program made.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Stream,
    PipeReader,
    PipeWriter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// With the entry of the agenda that gives up.
    Connecting(Moment),
    Open,
    Broken,
}

/// Bytes on the way to one end.
#[derive(Debug, Default)]
pub(super) struct Flow {
    pub(super) bytes: VecDeque<u8>,
    /// How many of them have arrived.
    pub(super) arrived: usize,
    /// All have arrived, and no more will come.
    pub(super) ended: bool,
    /// When the last message arrives; the next may not overtake it.
    pub(super) last: u64,
}

const READ: (&str, Direction) = ("read", Direction::Read);
const WRITE: (&str, Direction) = ("write", Direction::Write);

impl End {
    pub(super) fn new(form: Form, state: State) -> End {
        End {
            form,
            link: None,
            addresses: None,
            peer: None,
            state,
            error: None,
            incoming: Flow::default(),
            read_shut: matches!(form, Form::PipeWriter),
            write_shut: matches!(form, Form::PipeReader),
            wants_room: false,
        }
    }

    pub(super) fn is_connecting(&self) -> bool {
        matches!(self.state, State::Connecting(_))
    }

    pub(super) fn name(&self, network: &Network) -> String {
        match (self.form, self.addresses) {
            (_, Some((here, there))) => {
                format!("stream {} -> {}", network.place(here), network.place(there))
            }
            (Form::Stream, None) => "stream of a pair".to_owned(),
            (Form::PipeReader, None) => "reader of a pipe".to_owned(),
            (Form::PipeWriter, None) => "writer of a pipe".to_owned(),
        }
    }

    /// What an attempt meets before it looks at any bytes.
    pub(super) fn check(&mut self) -> io::Result<()> {
        match self.state {
            State::Connecting(_) => Err(ErrorKind::WouldBlock.into()),
            _ => self.error.take().map_or(Ok(()), |kind| Err(kind.into())),
        }
    }
}

impl Network {
    /// Whether an end is there, and may still read.
    fn reads(&self, number: u32) -> bool {
        self.end(number).is_some_and(|end| !end.read_shut)
    }
}

impl World {
    pub(super) fn read(&mut self, number: u32, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let room = bufs.iter().map(|buf| buf.len()).sum();
        let read = self.try_read(number, bufs, room);
        self.did(number, READ, read, |bytes| moved(*bytes, room))
    }

    fn try_read(
        &mut self,
        number: u32,
        bufs: &mut [IoSliceMut<'_>],
        room: usize,
    ) -> io::Result<usize> {
        self.may_be_interrupted(number)?;
        self.stream_may_break(number)?;
        let end = self.network.end_mut(number).ok_or(ErrorKind::NotConnected)?;
        end.check()?;
        let mut bytes = end.incoming.arrived.min(room);
        if bytes == 0 {
            let is_end = end.incoming.ended || end.read_shut || end.state == State::Broken;
            return if is_end || room == 0 { Ok(0) } else { Err(ErrorKind::WouldBlock.into()) };
        }
        if bytes > 1 {
            if let Some(draw) = self.strikes(Fault::ShortRead, number) {
                bytes = below(draw, bytes - 1) + 1;
            }
        }
        let end = self.network.end_mut(number).ok_or(ErrorKind::NotConnected)?;
        end.incoming.take(bufs, bytes)?;
        self.tell_of_room(number);
        Ok(bytes)
    }

    /// Bytes have left the buffer of this end: whoever waits to write to it may.
    pub(super) fn tell_of_room(&mut self, number: u32) {
        let Some(End { link, peer: Some(peer), .. }) = self.network.end(number) else { return };
        let (link, peer) = (*link, *peer);
        let Some(writer) = self.network.end_mut(peer) else { return };
        if std::mem::take(&mut writer.wants_room) {
            self.send(link, Message::Room { number: peer });
        }
    }

    pub(super) fn write(&mut self, number: u32, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let amount = bufs.iter().map(|buf| buf.len()).sum();
        let written = self.try_write(number, bufs, amount);
        self.did(number, WRITE, written, |bytes| moved(*bytes, amount))
    }

    fn try_write(&mut self, number: u32, bufs: &[IoSlice<'_>], amount: usize) -> io::Result<usize> {
        self.may_be_interrupted(number)?;
        self.stream_may_break(number)?;
        let end = self.network.end_mut(number).ok_or(ErrorKind::NotConnected)?;
        end.check()?;
        let (link, peer) = (end.link, end.peer.ok_or(ErrorKind::NotConnected)?);
        let is_over = end.write_shut || end.state == State::Broken;
        if is_over || link.is_none() && !self.network.reads(peer) {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let mut bytes = self.room_towards(peer).min(amount);
        if bytes == 0 && amount > 0 {
            if let Some(end) = self.network.end_mut(number) {
                end.wants_room = true;
            }
            return Err(ErrorKind::WouldBlock.into());
        }
        if bytes > 1 {
            if let Some(draw) = self.strikes(Fault::ShortWrite, number) {
                bytes = below(draw, bytes - 1) + 1;
            }
        }
        if bytes > 0 {
            if let Some(reader) = self.network.end_mut(peer) {
                reader.incoming.put(bufs, bytes);
            }
            let bytes = bytes as u32;
            self.send(link, Message::Data { number: peer, sender: number, bytes });
        }
        Ok(bytes)
    }

    /// How many bytes may be written to an end. One that is gone takes all: its host resets.
    fn room_towards(&self, peer: u32) -> usize {
        let taken = self.network.end(peer).map_or(0, |peer| peer.incoming.bytes.len());
        self.settings.buffer.saturating_sub(taken)
    }

    /// False: there is nobody to take it.
    pub(super) fn data_arrives(&mut self, number: u32, bytes: u32) -> bool {
        let Some(end) = self.network.end_mut(number) else { return false };
        match end.state {
            State::Broken => {}
            _ if end.read_shut => {
                end.incoming.bytes.drain(..bytes as usize);
                self.tell_of_room(number);
            }
            _ => {
                end.incoming.arrived += bytes as usize;
                self.mark(number, Directions::READ, Directions::NONE);
            }
        }
        true
    }

    pub(super) fn readiness_of(&self, end: &End) -> (Directions, Directions) {
        match end.state {
            State::Connecting(_) => return (Directions::NONE, Directions::NONE),
            State::Broken => return (Directions::BOTH, Directions::BOTH),
            State::Open => {}
        }
        let peer = end.peer.unwrap_or_default();
        let mut closed = Directions::NONE;
        if end.incoming.ended || end.read_shut {
            closed |= Directions::READ;
        }
        if end.link.is_none() && !self.network.reads(peer) {
            closed |= Directions::WRITE;
        }
        let mut ready = closed;
        if end.incoming.arrived > 0 {
            ready |= Directions::READ;
        }
        if end.write_shut || self.room_towards(peer) > 0 {
            ready |= Directions::WRITE;
        }
        (ready, closed)
    }
}

impl Flow {
    /// Moves the first `bytes` out, which have arrived.
    fn take(&mut self, bufs: &mut [IoSliceMut<'_>], mut bytes: usize) -> io::Result<()> {
        self.arrived -= bytes;
        for buf in bufs {
            let part = buf.len().min(bytes);
            self.bytes.read_exact(&mut buf[..part])?;
            bytes -= part;
        }
        Ok(())
    }

    fn put(&mut self, bufs: &[IoSlice<'_>], mut bytes: usize) {
        for buf in bufs {
            let part = buf.len().min(bytes);
            self.bytes.extend(&buf[..part]);
            bytes -= part;
        }
    }
}

fn moved(bytes: usize, of: usize) -> Outcome {
    Outcome::Moved { bytes: bytes as u32, of: u32::try_from(of).unwrap_or(u32::MAX) }
}
