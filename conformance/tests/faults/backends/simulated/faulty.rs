//! A backend without a system, with something wrong about it: pipes of bytes in memory, and a clock
//! that jumps. It is edge-triggered or one-shot, as is asked for.

use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::ops::BitOr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use mini_reactor::{
    AsIo, BorrowedIo, Direction, Directions, Event, GlobalReactor, ReadyList, Source,
};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    DeregistersLate,
    ForgetsTheUnion,
    RearmsTheUnknown,
    GoesOnAfterAnEvent,
    ReportsOneOfTwo,
    WatchesBeforeRearm,
    ReliesOnRearm,
    WatchesOneDirection,
    TurnsWithoutTimeTakeTime,
    JumpsTooFar,
    ForgetsEventsAtANotify,
}

/// So much fits into one direction of a connection.
const CAPACITY: usize = 8_192;

pub(super) struct Sim {
    one_shot: bool,
    fault: Fault,
    start: Instant,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    elapsed: Duration,
    notified: bool,
    /// Endpoints by number; number ^ 1 is the peer.
    ends: HashMap<u64, End>,
    next: u64,
    watched: Vec<Watched>,
    /// Numbers that were deregistered since the last turn.
    late: Vec<u64>,
}

#[derive(Default)]
struct End {
    /// What the peer has written and this end has not read.
    incoming: VecDeque<u8>,
    peer_is_gone: bool,
    /// How often something became ready, in each direction.
    edges: [usize; 2],
}

impl End {
    fn edge(&mut self, direction: Direction) {
        self.edges[direction as usize] += 1;
    }
}

struct Watched {
    number: u64,
    source: Arc<Source>,
    armed: Directions,
    /// The edges that were told; `None`: whether it is ready at all.
    told: [Option<usize>; 2],
}

impl State {
    fn ready(&self, number: u64) -> Directions {
        let end = &self.ends[&number];
        let mut ready = Directions::NONE;
        if !end.incoming.is_empty() || end.peer_is_gone {
            ready |= Directions::READ;
        }
        let room = self.ends.get(&(number ^ 1)).is_none_or(|peer| peer.incoming.len() < CAPACITY);
        if room || end.peer_is_gone {
            ready |= Directions::WRITE;
        }
        ready
    }
}

/// One end of a connection.
pub(super) struct Stream {
    number: u64,
    state: Arc<Mutex<State>>,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap()
}

impl Read for &Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut state = lock(&self.state);
        let end = state.ends.get_mut(&self.number).unwrap();
        let was_full = end.incoming.len() == CAPACITY;
        let read = match end.incoming.len().min(bytes.len()) {
            0 if !end.peer_is_gone => return Err(ErrorKind::WouldBlock.into()),
            some => end.incoming.read(&mut bytes[..some]),
        };
        if let (true, Some(peer)) = (was_full, state.ends.get_mut(&(self.number ^ 1))) {
            peer.edge(Direction::Write);
        }
        read
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = lock(&self.state);
        let Some(peer) = state.ends.get_mut(&(self.number ^ 1)) else {
            return Err(ErrorKind::BrokenPipe.into());
        };
        match (CAPACITY - peer.incoming.len()).min(bytes.len()) {
            0 => Err(ErrorKind::WouldBlock.into()),
            some => {
                peer.edge(Direction::Read);
                peer.incoming.write(&bytes[..some])
            }
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsIo for Stream {
    fn as_io(&self) -> BorrowedIo<'_> {
        BorrowedIo::virtual_object(self.number)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        state.ends.remove(&self.number);
        if let Some(peer) = state.ends.get_mut(&(self.number ^ 1)) {
            peer.peer_is_gone = true;
            peer.edge(Direction::Read);
            peer.edge(Direction::Write);
        }
    }
}

impl Sim {
    pub(super) fn new(one_shot: bool, fault: Fault) -> Sim {
        Sim { one_shot, fault, start: Instant::now(), state: Arc::default() }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    pub(super) fn pair(&self) -> (Stream, Stream) {
        let mut state = lock(&self.state);
        let first = state.next;
        state.next += 2;
        let stream = |number| Stream { number, state: Arc::clone(&self.state) };
        for number in [first, first + 1] {
            state.ends.insert(number, End::default());
        }
        (stream(first), stream(first + 1))
    }

    /// What there is to say of an object, and marks it as said.
    fn news(&self, state: &mut State, at: usize) -> Option<Event> {
        let number = state.watched[at].number;
        let (now, edges) = (state.ready(number), state.ends[&number].edges);
        let watched = &mut state.watched[at];
        let is_new = |direction: Direction| {
            let level = self.one_shot && !self.has(Fault::GoesOnAfterAnEvent);
            level || watched.told[direction as usize] != Some(edges[direction as usize])
        };
        let news = [Direction::Read, Direction::Write].into_iter().filter(|one| is_new(*one));
        let news = news.fold(Directions::NONE, |all, one| all | one.into());
        let mut new = within(within(now, news), watched.armed);
        for direction in [Direction::Read, Direction::Write] {
            if new.contains(direction) {
                watched.told[direction as usize] = Some(edges[direction as usize]);
            }
        }
        if new.is_empty() {
            return None;
        }
        if self.has(Fault::ReportsOneOfTwo) && new == Directions::BOTH {
            new = Directions::READ;
        }
        let goes_on = self.has(Fault::GoesOnAfterAnEvent);
        if (self.one_shot && !goes_on) || self.has(Fault::ReliesOnRearm) {
            watched.armed = Directions::NONE;
        }
        let closed = match state.ends[&number].peer_is_gone {
            true => new,
            false => Directions::NONE,
        };
        let source = Arc::clone(&state.watched[at].source);
        let disarmed = self.one_shot || self.has(Fault::ReliesOnRearm);
        Some(Event { source, ready: new, closed, disarmed })
    }
}

impl GlobalReactor for Sim {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let number = io.as_virtual().ok_or(ErrorKind::Unsupported)?;
        let mut state = lock(&self.state);
        if !state.ends.contains_key(&number) {
            return Err(ErrorKind::Unsupported.into());
        }
        let is_known = state.watched.iter().any(|watched| watched.number == number);
        if is_known || (self.has(Fault::DeregistersLate) && state.late.contains(&number)) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let armed = match self.one_shot && !self.has(Fault::WatchesBeforeRearm) {
            true => Directions::NONE,
            false if self.has(Fault::WatchesOneDirection) => Directions::READ,
            false => Directions::BOTH,
        };
        let source = Arc::clone(source);
        state.watched.push(Watched { number, source, armed, told: [None; 2] });
        Ok(())
    }

    fn rearm(&self, _: BorrowedIo<'_>, source: &Arc<Source>, wanted: Directions) -> io::Result<()> {
        let mut state = lock(&self.state);
        let found = state.watched.iter_mut().find(|watched| watched.source.id() == source.id());
        match found {
            Some(watched) if self.one_shot => {
                let is_more = self.has(Fault::ForgetsTheUnion) && wanted == Directions::BOTH;
                let more = without(wanted, watched.armed);
                watched.armed = if is_more && !more.is_empty() { more } else { wanted };
                watched.told = [None; 2];
            }
            Some(watched) if self.has(Fault::WatchesOneDirection) => {
                watched.armed |= wanted;
            }
            Some(watched) if self.has(Fault::ReliesOnRearm) => {
                watched.armed = Directions::BOTH;
                watched.told = [None; 2];
            }
            None if !self.has(Fault::RearmsTheUnknown) => {
                return Err(ErrorKind::NotFound.into());
            }
            _ => {}
        }
        Ok(())
    }

    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let mut state = lock(&self.state);
        let before = state.watched.len();
        state.watched.retain(|watched| watched.source.id() != source.id());
        if state.watched.len() == before {
            return Err(ErrorKind::NotFound.into());
        }
        state.late.extend(io.as_virtual());
        Ok(())
    }

    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        let mut state = lock(&self.state);
        state.late.clear();
        let notified = std::mem::take(&mut state.notified);
        let forgets = notified && self.has(Fault::ForgetsEventsAtANotify);
        for at in 0..state.watched.len() {
            if let Some(event) = self.news(&mut state, at) {
                if !forgets || !ready.events().is_empty() {
                    ready.push_event(event);
                }
            }
        }
        if self.has(Fault::TurnsWithoutTimeTakeTime) && timeout == Some(Duration::ZERO) {
            state.elapsed += Duration::from_nanos(1);
        }
        if notified || !ready.events().is_empty() {
            return Ok(());
        }
        let time = timeout.expect("nothing can happen any more");
        state.elapsed += time;
        if self.has(Fault::JumpsTooFar) && time > Duration::from_secs(60) {
            state.elapsed += Duration::from_secs(1);
        }
        Ok(())
    }

    fn notify(&self) {
        lock(&self.state).notified = true;
    }

    fn now(&self) -> Instant {
        self.start + lock(&self.state).elapsed
    }
}

fn only(all: Directions, keep: impl Fn(Directions) -> bool) -> Directions {
    let each = [Direction::Read, Direction::Write].map(Directions::from).into_iter();
    each.filter(|one| all.contains(*one) && keep(*one)).fold(Directions::NONE, BitOr::bitor)
}

fn within(all: Directions, some: Directions) -> Directions {
    only(all, |one| some.contains(one))
}

fn without(all: Directions, some: Directions) -> Directions {
    only(all, |one| !some.contains(one))
}
