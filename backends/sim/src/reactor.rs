//! The reactor of a simulation: everything that the trait asks of a backend, in one file.
//!
//! The author of another backend may begin here. What a system does in its kernel is a few lines
//! each: a table of what is watched, a list of what became ready, a flag for `notify`, a clock, and
//! an agenda of what is under way. The sockets are elsewhere (`network/`); they call
//! [`World::mark`] when one of them became readable or writable, as a network driver would.
//!
//! # A turn
//!
//! 1. What is due by now on the agenda happens (messages arrive, and so on).
//! 2. If that, or anything before, made an object ready, it is reported, and the turn is over. So
//!    it is if `notify` was called, or if the timeout is used up.
//! 3. Else nothing can run, and the clock jumps: to the end of the timeout or to the first entry of
//!    the agenda, whichever is earlier. Then from the top.
//! 4. If there is neither, nothing will ever happen again, and the turn panics with a report of
//!    who waits for what.
//!
//! While a job of another thread is outstanding (`Sim::job`), 3 and 4 are a real wait instead, for
//! `notify`: only the other thread knows when it is done, and no virtual time passes meanwhile.
//!
//! It is edge-triggered: an object is reported when something about it changed, for both directions
//! from `register` on; what was ready before is reported then. Nothing is lost between a reader
//! that meets `WouldBlock` and the event that ends the wait, because the state of the objects and
//! the list of ready ones change under the same lock.
//!
//! Deliberately absent: `pollable`, as there is no descriptor; and one-shot mode.

use std::io::{self, ErrorKind};
use std::mem;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use mini_reactor::{BorrowedIo, Directions, Event, GlobalReactor, Observation, ReadyList, Source};

use crate::chance::{below, shuffle};
use crate::fault::Fault;
use crate::report::{Verdict, fail};
use crate::settings::nanoseconds;
use crate::trace::What;
use crate::world::{Due, Shared, World};

/// Virtual zero, of every simulation of this process: an `Instant` cannot be made from nothing.
static ZERO: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The most that readiness is reported late.
const LATE_NS: u64 = 10_000_000;

/// The backend of a simulation: see [`Sim::reactor`](crate::Sim::reactor).
#[derive(Clone, Debug)]
pub struct Simulator {
    pub(crate) shared: Arc<Shared>,
}

/// An object that is watched, and what of its readiness was not reported yet.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) source: Arc<Source>,
    ready: Directions,
    closed: Directions,
}

impl GlobalReactor for Simulator {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.shared.with(|world| world.watch(world.number(io)?, source))
    }

    fn rearm(&self, io: BorrowedIo<'_>, _: &Arc<Source>, _: Directions) -> io::Result<()> {
        let world = self.shared.lock();
        let number = world.number(io)?;
        world.watched.get(&number).map(drop).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let mut world = self.shared.lock();
        let number = world.number(io);
        // Whatever `io` is, the source must be let go.
        let watched = world.sources.remove(&source.id()).ok_or(ErrorKind::NotFound)?;
        world.watched.remove(&watched);
        world.log(What::Unwatched(watched));
        if number? == watched { Ok(()) } else { Err(ErrorKind::NotFound.into()) }
    }

    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        let mut world = self.shared.lock();
        if world.spins() {
            fail(world, Verdict::Spins);
        }
        world.may_be_interrupted(0)?;
        let end = timeout.map(|timeout| world.clock.saturating_add(nanoseconds(timeout)));
        loop {
            world.catch_up();
            let over = end.is_some_and(|end| end <= world.clock);
            if world.report(ready) | mem::take(&mut world.notified) | over {
                return Ok(());
            }
            match [end, world.next_due()].into_iter().flatten().min() {
                None if !world.others_may_act() => fail(world, Verdict::Deadlock),
                Some(at) if world.jobs == 0 && at > world.time_limit() => {
                    fail(world, Verdict::TimeLimit)
                }
                Some(at) if world.jobs == 0 => world.jump(at),
                _ => world = self.shared.wait(world),
            }
        }
    }

    fn notify(&self) {
        self.shared.with(|world| world.notified = true);
    }

    fn now(&self) -> Instant {
        *ZERO + Duration::from_nanos(self.shared.lock().clock)
    }

    /// The core says who waits; kept for reports.
    fn observe(&self, observation: Observation<'_>) -> bool {
        if let Observation::Waits { source, direction } = observation {
            let mut world = self.shared.lock();
            if let Some(&number) = world.sources.get(&source.id()) {
                world.note_wait(number, direction);
            }
        }
        true
    }
}

impl World {
    fn watch(&mut self, number: u32, source: &Arc<Source>) -> io::Result<()> {
        if self.watched.contains_key(&number) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        self.may_lack_descriptors(number)?;
        self.log(What::Watched(number));
        self.sources.insert(source.id(), number);
        let (source, none) = (Arc::clone(source), Directions::NONE);
        self.watched.insert(number, Watched { source, ready: none, closed: none });
        let (ready, closed) = self.readiness(number);
        self.mark(number, ready, closed);
        Ok(())
    }

    /// Something about an object changed: `ready` became ready, and `closed` has reached its end.
    pub(crate) fn mark(&mut self, number: u32, ready: Directions, closed: Directions) {
        if (ready | closed).is_empty() || !self.watched.contains_key(&number) {
            return;
        }
        match self.strikes(Fault::LateEvent, number) {
            Some(draw) => self.schedule(draw % LATE_NS, Due::Late { number, ready, closed }),
            None => self.mark_now(number, ready, closed),
        }
    }

    pub(crate) fn mark_now(&mut self, number: u32, ready: Directions, closed: Directions) {
        let Some(watched) = self.watched.get_mut(&number) else { return };
        if watched.ready.is_empty() {
            self.ready.push(number);
        }
        watched.ready |= ready | closed;
        watched.closed |= closed;
    }

    /// Moves what became ready to the list of the turn; false if there was nothing.
    fn report(&mut self, list: &mut ReadyList) -> bool {
        let mut batch = mem::take(&mut self.ready);
        batch.retain(|number| self.watched.get(number).is_some_and(|one| !one.ready.is_empty()));
        let mut length = batch.len();
        if length > 1 {
            if let Some(draw) = self.strikes(Fault::Reorder, 0) {
                shuffle(&mut batch, draw);
                length = below(draw, length) + 1;
                list.set_full();
            }
        }
        for number in batch.drain(..length) {
            self.report_one(number, Directions::NONE, list);
        }
        self.ready = batch; // the rest, for the next turn
        if length > 0 {
            if let Some(draw) = self.strikes(Fault::SpuriousWake, 0) {
                let nth = below(draw, self.watched.len());
                let number = *self.watched.keys().nth(nth).expect("it is one of them");
                let what = [Directions::READ, Directions::WRITE, Directions::BOTH];
                self.report_one(number, what[below(draw >> 32, what.len())], list);
            }
        }
        length > 0
    }

    fn report_one(&mut self, number: u32, more: Directions, list: &mut ReadyList) {
        let Some(watched) = self.watched.get_mut(&number) else { return };
        let (ready, closed) =
            (mem::take(&mut watched.ready) | more, mem::take(&mut watched.closed));
        let source = Arc::clone(&watched.source);
        list.push_event(Event { source, ready, closed, disarmed: false });
        self.log(What::Reported { number, ready, closed });
    }

    /// Counts a turn or poll in which nothing has moved since the last; true if it is one too many.
    pub(crate) fn spins(&mut self) -> bool {
        self.idle += 1;
        self.idle > self.settings.spin_limit
    }

    fn jump(&mut self, at: u64) {
        self.clock = at;
        self.idle = 0;
    }

    /// Whether a thread that is not simulated may still make something happen.
    fn others_may_act(&self) -> bool {
        self.jobs > 0 || self.settings.foreign_threads
    }
}
