//! The state of one simulation, behind one lock, and its agenda: what is under way.
//!
//! Everything is in one place because everything is in one order: that is what makes a run repeat.
//! The parts that act on it are `reactor.rs`, `network/` and `task.rs`, each with methods of its
//! own on [`World`].

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use mini_reactor::{BorrowedIo, Directions};

use crate::chance::Chance;
use crate::fault::Fault;
use crate::network::{Network, Parcel};
use crate::reactor::Watched;
use crate::settings::{Settings, nanoseconds};
use crate::task::Tasks;
use crate::trace::{Trace, What};

/// One simulation, shared by its reactor and its objects.
#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    /// Somebody may have something for the turn that really waits.
    changed: Condvar,
}

#[derive(Debug)]
pub(crate) struct World {
    /// Tells the objects of different simulations apart. It is a number of the process, so it is
    /// never in the trace.
    pub(crate) id: u32,
    pub(crate) settings: Settings,
    /// Virtual time, in nanoseconds.
    pub(crate) clock: u64,
    pub(crate) chance: Chance,
    pub(crate) trace: Trace,
    pub(crate) tasks: Tasks,
    pub(crate) network: Network,
    pub(crate) watched: BTreeMap<u32, Watched>,
    /// Which of them has which source, by the source's number. That is the process's, so it is not
    /// in the trace either.
    pub(crate) sources: BTreeMap<usize, u32>,
    /// Those of the watched objects that have something to be reported, and some that had.
    pub(crate) ready: Vec<u32>,
    pub(crate) notified: bool,
    /// Outstanding jobs of threads that are not simulated.
    pub(crate) jobs: u32,
    /// Turns and polls since the clock last jumped or a byte last moved.
    pub(crate) idle: u32,
    /// Whether a turn really waits.
    waiting: bool,
    /// What is under way, by time, and then in the order in which it was put here.
    agenda: BTreeMap<Moment, Due>,
    scheduled: u64,
}

/// When, and a number that tells entries for the same time apart.
pub(crate) type Moment = (u64, u64);

/// An entry of the agenda.
#[derive(Debug)]
pub(crate) enum Due {
    /// Readiness that is reported late.
    Late { number: u32, ready: Directions, closed: Directions },
    /// A message arrives.
    Parcel(Parcel),
    /// Nobody has answered a connect.
    ConnectTimeout(u32),
}

impl Shared {
    pub(crate) fn new(settings: Settings) -> Shared {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let world = World {
            id: NEXT.fetch_add(1, Relaxed),
            clock: 0,
            chance: Chance::new(&settings),
            trace: Trace::new(settings.seed, settings.record),
            settings,
            tasks: Tasks::default(),
            network: Network::default(),
            watched: BTreeMap::new(),
            sources: BTreeMap::new(),
            ready: Vec::new(),
            notified: false,
            jobs: 0,
            idle: 0,
            waiting: false,
            agenda: BTreeMap::new(),
            scheduled: 0,
        };
        Shared { world: Mutex::new(world), changed: Condvar::new() }
    }

    /// Nothing that panics under this lock leaves it half changed.
    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, World>> {
        self.world.try_lock().ok()
    }

    /// Changes the world, and tells the turn that really waits for that, if one does.
    pub(crate) fn with<R>(&self, change: impl FnOnce(&mut World) -> R) -> R {
        let mut world = self.lock();
        let result = change(&mut world);
        if world.waiting {
            self.changed.notify_all();
        }
        result
    }

    /// Really waits until another thread has changed something.
    pub(crate) fn wait<'a>(&self, mut world: MutexGuard<'a, World>) -> MutexGuard<'a, World> {
        world.waiting = true;
        let mut world = self.changed.wait(world).unwrap_or_else(PoisonError::into_inner);
        world.waiting = false;
        world
    }

    /// The simulation is over: lets go of the sources, which keep the reactor, which keeps this.
    pub(crate) fn end(&self) {
        let (watched, agenda) = {
            let mut world = self.lock();
            (std::mem::take(&mut world.watched), std::mem::take(&mut world.agenda))
        };
        drop((watched, agenda)); // without the lock: what is dropped may be the last of its kind
    }
}

impl World {
    pub(crate) fn log(&mut self, what: What) {
        self.trace.add(self.clock, what);
    }

    /// An occasion for `fault`, with an object or task: if it strikes, a number that says how hard.
    pub(crate) fn strikes(&mut self, fault: Fault, whom: u32) -> Option<u64> {
        let (strike, draw) = self.chance.strikes(fault, whom)?;
        self.log(What::Struck(strike));
        Some(draw)
    }

    /// Has `due` happen in `delay` nanoseconds.
    pub(crate) fn schedule(&mut self, delay: u64, due: Due) {
        self.schedule_at(self.clock.saturating_add(delay), due);
    }

    pub(crate) fn schedule_at(&mut self, at: u64, due: Due) -> Moment {
        self.scheduled += 1;
        let moment = (at, self.scheduled);
        self.agenda.insert(moment, due);
        moment
    }

    pub(crate) fn cancel(&mut self, moment: Moment) {
        self.agenda.remove(&moment);
    }

    /// Takes messages that match out of the agenda, in their order.
    pub(crate) fn recall(&mut self, matches: impl Fn(&Parcel) -> bool) -> Vec<(u64, Parcel)> {
        let is_one = |due: &Due| matches!(due, Due::Parcel(parcel) if matches(parcel));
        let moments = self.agenda.iter().filter(|(_, due)| is_one(due)).map(|(moment, _)| *moment);
        let moments: Vec<Moment> = moments.collect();
        let mut recalled = Vec::new();
        for moment in moments {
            if let Some(Due::Parcel(parcel)) = self.agenda.remove(&moment) {
                recalled.push((moment.0, parcel));
            }
        }
        recalled
    }

    pub(crate) fn next_due(&self) -> Option<u64> {
        self.agenda.first_key_value().map(|((at, _), _)| *at)
    }

    /// Has everything happen that is due by now.
    pub(crate) fn catch_up(&mut self) {
        while self.next_due().is_some_and(|at| at <= self.clock) {
            match self.agenda.pop_first() {
                Some((_, Due::Late { number, ready, closed })) => {
                    self.mark_now(number, ready, closed);
                }
                Some((_, Due::Parcel(parcel))) => self.deliver(parcel),
                Some((_, Due::ConnectTimeout(number))) => self.give_up_connecting(number),
                None => return,
            }
        }
    }

    /// The number of an object of this simulation.
    pub(crate) fn number(&self, io: BorrowedIo<'_>) -> io::Result<u32> {
        let refused = |kind, why| Err(io::Error::new(kind, why));
        let Some(object) = io.as_virtual() else {
            let why = "a simulator watches its own sockets and pipes only, not the system's";
            return refused(io::ErrorKind::Unsupported, why);
        };
        let (id, number) = ((object >> 32) as u32, object as u32);
        if id != self.id || !self.network.has(number) {
            return refused(io::ErrorKind::InvalidInput, "the object is of another simulation");
        }
        Ok(number)
    }

    pub(crate) fn time_limit(&self) -> u64 {
        nanoseconds(self.settings.time_limit)
    }
}
