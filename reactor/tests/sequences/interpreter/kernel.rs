//! The system under the virtual objects, as plain data: what is there, what is watched, what is to
//! be reported. The backend and the model have one each, and they have to stay equal.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use mini_reactor::{Direction, Directions};

use super::ops::{NUMBERS, Refusal, What};

pub(crate) const BOTH: [Direction; 2] = [Direction::Read, Direction::Write];

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kernel {
    /// One-shot, else edge-triggered.
    pub(crate) one_shot: bool,
    /// Nanoseconds.
    pub(crate) now: u64,
    /// How much an attempt could move, by object and direction.
    level: [[u32; 2]; NUMBERS],
    /// No more comes to be read.
    ended: [bool; NUMBERS],
    always: [bool; NUMBERS],
    watched: BTreeMap<usize, Watch>,
    queue: Vec<(usize, What)>,
    full: bool,
    notified: bool,
    /// What the next register, rearm, deregister and turn are refused with.
    refusals: [Option<ErrorKind>; 4],
}

#[derive(Clone, Debug, PartialEq)]
struct Watch {
    source: usize,
    armed: Directions,
}

/// What came of a registration.
#[derive(PartialEq)]
pub(crate) enum Registered {
    Watched,
    AlwaysReady,
}

/// What came of a turn.
pub(crate) struct Turned {
    pub(crate) events: Vec<(usize, What)>,
    pub(crate) full: bool,
    pub(crate) result: Result<(), ErrorKind>,
}

impl Kernel {
    pub(crate) fn new(one_shot: bool) -> Kernel {
        Kernel {
            one_shot,
            now: 0,
            level: Default::default(),
            ended: Default::default(),
            always: Default::default(),
            watched: BTreeMap::new(),
            queue: Vec::new(),
            full: false,
            notified: false,
            refusals: [None; 4],
        }
    }

    pub(crate) fn refuse(&mut self, call: Refusal, kind: Option<ErrorKind>) {
        self.refusals[call as usize] = kind;
    }

    pub(crate) fn refuse_nothing(&mut self) {
        self.refusals = [None; 4];
    }

    /// Whether the next turn ends well, or at least as if a signal had come.
    pub(crate) fn tolerates_turns(&self) -> bool {
        self.refusals[Refusal::Turn as usize].is_none_or(|kind| kind == ErrorKind::Interrupted)
    }

    fn admit(&mut self, call: Refusal) -> Result<(), ErrorKind> {
        self.refusals[call as usize].take().map_or(Ok(()), Err)
    }

    pub(crate) fn register(
        &mut self,
        number: usize,
        source: usize,
    ) -> Result<Registered, ErrorKind> {
        self.admit(Refusal::Register)?;
        if self.always[number] {
            return Ok(Registered::AlwaysReady);
        }
        if self.watched.contains_key(&number) {
            return Err(ErrorKind::AlreadyExists);
        }
        let armed = if self.one_shot { Directions::NONE } else { Directions::BOTH };
        self.watched.insert(number, Watch { source, armed });
        self.report(number, Directions::BOTH);
        Ok(Registered::Watched)
    }

    pub(crate) fn rearm(
        &mut self,
        number: usize,
        source: usize,
        wanted: Directions,
    ) -> Result<(), ErrorKind> {
        self.admit(Refusal::Rearm)?;
        if self.one_shot {
            let watch = self.watched.get_mut(&number).filter(|watch| watch.source == source);
            watch.ok_or(ErrorKind::NotFound)?.armed = wanted;
            self.report(number, Directions::BOTH);
        }
        Ok(())
    }

    /// A refusal leaves it watched.
    pub(crate) fn deregister(&mut self, number: usize, source: usize) -> Result<(), ErrorKind> {
        self.admit(Refusal::Deregister)?;
        if self.watched.get(&number).is_some_and(|watch| watch.source == source) {
            self.watched.remove(&number);
        }
        Ok(())
    }

    /// Nothing comes after the end.
    pub(crate) fn arrive(&mut self, number: usize, direction: Direction, amount: u32) {
        if amount > 0 && !self.is_at_end(number, direction) {
            self.level[number][direction as usize] += amount;
            self.report(number, direction.into());
        }
    }

    /// The last data, and the end.
    pub(crate) fn finish(&mut self, number: usize, amount: u32) {
        if !self.ended[number] {
            self.level[number][Direction::Read as usize] += amount;
            self.ended[number] = true;
            self.report(number, Directions::READ);
        }
    }

    pub(crate) fn renew(&mut self, number: usize, always: bool) {
        self.ended[number] = false;
        self.always[number] = always;
    }

    fn is_at_end(&self, number: usize, direction: Direction) -> bool {
        direction == Direction::Read && self.ended[number]
    }

    /// Whether an attempt would not block.
    pub(crate) fn is_ready(&self, number: usize, direction: Direction) -> bool {
        self.level[number][direction as usize] > 0 || self.is_at_end(number, direction)
    }

    /// Reports what is ready of the directions that are armed and of interest.
    fn report(&mut self, number: usize, interest: Directions) {
        let Some(watch) = self.watched.get(&number) else { return };
        let (source, armed) = (watch.source, watch.armed);
        let mut ready = Directions::NONE;
        for direction in BOTH {
            let heard = armed.contains(direction) && interest.contains(direction);
            if heard && self.is_ready(number, direction) {
                ready |= direction.into();
            }
        }
        if ready.is_empty() {
            return;
        }
        if self.one_shot {
            if let Some(watch) = self.watched.get_mut(&number) {
                watch.armed = Directions::NONE;
            }
            self.queue.push((source, What::Disarmed(ready)));
        } else {
            self.queue.push((source, What::Ready(ready)));
        }
        if ready.contains(Direction::Read) && self.ended[number] {
            self.queue.push((source, What::Closed(Directions::READ)));
        }
    }

    /// What a transfer of at most `most` moves, zero at the end; `None`: it would block.
    pub(crate) fn transfer(
        &mut self,
        number: usize,
        direction: Direction,
        most: u32,
    ) -> Option<u32> {
        let ready = self.is_ready(number, direction);
        let level = &mut self.level[number][direction as usize];
        let moved = most.min(*level);
        *level -= moved;
        ready.then_some(moved)
    }

    pub(crate) fn push(&mut self, source: usize, what: What) {
        self.queue.push((source, what));
    }

    pub(crate) fn set_full(&mut self) {
        self.full = true;
    }

    pub(crate) fn notify(&mut self) {
        self.notified = true;
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.queue.is_empty()
    }

    /// Waits, in no time at all.
    pub(crate) fn turn(&mut self, timeout: Option<u64>) -> Turned {
        let result = self.admit(Refusal::Turn);
        let events = std::mem::take(&mut self.queue);
        let awake = std::mem::take(&mut self.notified) || !events.is_empty() || result.is_err();
        if !awake {
            self.now += timeout.expect("a turn that would never end");
        }
        Turned { events, full: std::mem::take(&mut self.full), result }
    }

    /// Whether this source can still be heard of.
    pub(crate) fn knows(&self, source: usize) -> bool {
        self.watched.values().any(|watch| watch.source == source)
            || self.queue.iter().any(|(other, _)| *other == source)
    }
}
