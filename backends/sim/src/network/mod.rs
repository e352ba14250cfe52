//! The simulated network: hosts, the links between them, and the objects that are open.
//!
//! It is as much of a network as a program can tell apart: bytes arrive in order, after a time, in
//! pieces that mean nothing; buffers are bounded; either half can be closed; connections break.
//! Objects are numbered in the order in which they are opened, and no number is used twice, so what
//! is still under way to an object that was closed cannot reach another one.
//!
//! | file | what |
//! |---|---|
//! | `host.rs`, `address.rs` | hosts and their addresses |
//! | `parcel.rs` | what is under way between them, and its arrival |
//! | `link.rs` | latency and partition |
//! | `end.rs`, `ending.rs` | one end of a flow of bytes, and how it ends |
//! | `stream.rs`, `pipe.rs` | the types that are made of it |
//! | `connect.rs`, `listener.rs` | how streams begin |
//! | `datagram.rs` | datagrams |
//! | `object.rs` | what all types have in common |
//!
//! Deliberately absent: bandwidth, routing, checksums, and time-outs of an established stream. One
//! that a partition cuts waits until it is healed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};

use mini_reactor::{Direction, Directions};

use crate::fault::Fault;
use crate::trace::{Outcome, What};
use crate::world::World;

mod address;
mod connect;
mod datagram;
mod end;
mod ending;
mod host;
mod link;
mod listener;
mod object;
mod parcel;
mod pipe;
mod stream;

pub use address::Target;
pub use datagram::Datagram;
pub use host::Host;
pub use listener::Listener;
pub use pipe::{PipeReader, PipeWriter};
pub use stream::Stream;

pub(crate) use parcel::Parcel;
pub(crate) use pipe::pipe;
pub(crate) use stream::pair;

use datagram::DatagramState;
use end::End;
use host::HostState;
use listener::ListenerState;

/// What the system says when a process has all the descriptors that it may have.
const EMFILE: i32 = if cfg!(windows) { 10024 } else { 24 };

#[derive(Debug, Default)]
pub(crate) struct Network {
    hosts: Vec<HostState>,
    objects: BTreeMap<u32, Object>,
    opened: u32,
    /// Pairs of hosts that cannot reach each other, the smaller number first.
    cut: BTreeSet<(u16, u16)>,
    /// Latencies that differ from the settings'.
    latencies: BTreeMap<(u16, u16), (u64, u64)>,
    /// What arrived at a cut link, in order.
    held: Vec<Parcel>,
}

#[derive(Debug)]
struct Object {
    kind: Kind,
    /// Who has waited in each direction and has not succeeded since.
    waits: [Vec<Wait>; 2],
}

#[derive(Debug)]
enum Kind {
    Listener(ListenerState),
    End(End),
    Datagram(DatagramState),
}

/// A task that waits, and since when it has done so without success.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    pub(crate) task: u32,
    pub(crate) since: u64,
}

impl Network {
    pub(crate) fn has(&self, number: u32) -> bool {
        self.objects.contains_key(&number)
    }

    pub(crate) fn waits(&self, number: u32, direction: Direction) -> &[Wait] {
        self.objects.get(&number).map_or(&[], |object| &object.waits[direction as usize])
    }

    /// What a wait in this direction is for, in words.
    pub(crate) fn purpose(&self, number: u32, direction: Direction) -> &'static str {
        match (self.objects.get(&number).map(|object| &object.kind), direction) {
            (Some(Kind::Listener(_)), _) => "to accept at",
            (Some(Kind::Datagram(_)), Direction::Read) => "to receive at",
            (Some(Kind::Datagram(_)), Direction::Write) => "to send from",
            (Some(Kind::End(end)), _) if end.is_connecting() => "for the connection of",
            (_, Direction::Read) => "to read from",
            (_, Direction::Write) => "to write to",
        }
    }

    pub(crate) fn name(&self, number: u32) -> String {
        match self.objects.get(&number).map(|object| &object.kind) {
            Some(Kind::Listener(listener)) => format!("listener {}", self.place(listener.local)),
            Some(Kind::Datagram(socket)) => format!("datagram {}", self.place(socket.local)),
            Some(Kind::End(end)) => end.name(self),
            None => "closed".to_owned(),
        }
    }

    fn end(&self, number: u32) -> Option<&End> {
        match &self.objects.get(&number)?.kind {
            Kind::End(end) => Some(end),
            _ => None,
        }
    }

    fn end_mut(&mut self, number: u32) -> Option<&mut End> {
        match &mut self.objects.get_mut(&number)?.kind {
            Kind::End(end) => Some(end),
            _ => None,
        }
    }

    fn listener_mut(&mut self, number: u32) -> Option<&mut ListenerState> {
        match &mut self.objects.get_mut(&number)?.kind {
            Kind::Listener(listener) => Some(listener),
            _ => None,
        }
    }

    fn datagram_mut(&mut self, number: u32) -> Option<&mut DatagramState> {
        match &mut self.objects.get_mut(&number)?.kind {
            Kind::Datagram(socket) => Some(socket),
            _ => None,
        }
    }
}

impl World {
    fn open(&mut self, kind: Kind) -> u32 {
        self.network.opened += 1;
        let number = self.network.opened;
        self.network.objects.insert(number, Object { kind, waits: Default::default() });
        if self.trace.records() {
            let name = self.network.name(number);
            self.trace.name_object(name);
        }
        self.log(What::Opened(number));
        number
    }

    /// The program has dropped the object.
    pub(crate) fn close(&mut self, number: u32) {
        let Some(object) = self.network.objects.remove(&number) else { return };
        self.log(What::Closed(number));
        match object.kind {
            Kind::Listener(listener) => self.close_listener(listener),
            Kind::End(end) => self.close_end(end),
            Kind::Datagram(socket) => self.close_datagram(&socket),
        }
    }

    /// Which directions an attempt would succeed in, if only in telling an error, and which of them
    /// have reached their end.
    pub(crate) fn readiness(&self, number: u32) -> (Directions, Directions) {
        let read_if = |ready| if ready { Directions::READ } else { Directions::NONE };
        match self.network.objects.get(&number).map(|object| &object.kind) {
            Some(Kind::Listener(listener)) => {
                (read_if(!listener.backlog.is_empty()), Directions::NONE)
            }
            Some(Kind::Datagram(socket)) => {
                (read_if(!socket.queue.is_empty()) | Directions::WRITE, Directions::NONE)
            }
            Some(Kind::End(end)) => self.readiness_of(end),
            None => (Directions::NONE, Directions::NONE),
        }
    }

    /// The current task waits for the object.
    pub(crate) fn note_wait(&mut self, number: u32, direction: Direction) {
        let (task, since) = (self.current_task(), self.clock);
        let Some(object) = self.network.objects.get_mut(&number) else { return };
        let waits = &mut object.waits[direction as usize];
        if waits.iter().all(|other| other.task != task) {
            waits.push(Wait { task, since });
        }
    }

    /// The end of an attempt: writes it into the trace; who has succeeded waits no more.
    fn did<T>(
        &mut self,
        number: u32,
        (op, direction): (&'static str, Direction),
        result: io::Result<T>,
        moved: impl FnOnce(&T) -> Outcome,
    ) -> io::Result<T> {
        let outcome = match &result {
            Ok(value) => moved(value),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => Outcome::Blocked,
                ErrorKind::Interrupted => Outcome::Failed("interrupted"),
                kind => Outcome::Failed(failure(kind)),
            },
        };
        match outcome {
            Outcome::Blocked | Outcome::Failed("interrupted") => {}
            _ => {
                self.idle = 0;
                let task = self.current_task();
                if let Some(object) = self.network.objects.get_mut(&number) {
                    object.waits[direction as usize].retain(|other| other.task != task);
                }
            }
        }
        self.log(What::Did { number, op, outcome });
        result
    }

    /// An occasion for `EINTR`, of an operation on an object or of a turn.
    pub(crate) fn may_be_interrupted(&mut self, whom: u32) -> io::Result<()> {
        match self.strikes(Fault::Interrupted, whom) {
            Some(_) => Err(ErrorKind::Interrupted.into()),
            None => Ok(()),
        }
    }

    /// An occasion for `EMFILE`, with an object or before there is one.
    pub(crate) fn may_lack_descriptors(&mut self, whom: u32) -> io::Result<()> {
        match self.strikes(Fault::NoDescriptors, whom) {
            Some(_) => Err(io::Error::from_raw_os_error(EMFILE)),
            None => Ok(()),
        }
    }
}

/// The words of the trace for an error, which must not depend on the standard library's version.
fn failure(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::AddrInUse => "address in use",
        ErrorKind::BrokenPipe => "broken pipe",
        ErrorKind::ConnectionRefused => "connection refused",
        ErrorKind::ConnectionReset => "connection reset",
        ErrorKind::NotConnected => "not connected",
        ErrorKind::TimedOut => "timed out",
        _ => "other error",
    }
}
