//! What a reactor promises, as plain data and one thread: who has been woken, who is still stored,
//! what each wait ends with.

use std::io::ErrorKind;
use std::task::Poll;

use mini_reactor::{Direction, Directions};

use super::kernel::{BOTH, Kernel};
use super::ops::{FUTURES, SLOTS, TASKS, TIMERS, What};

/// What is known of one direction.
#[derive(Clone, Copy, Default)]
pub(crate) struct Known {
    pub(crate) events: u64,
    pub(crate) ready: bool,
    pub(crate) closed: bool,
}

/// One registration.
pub(crate) struct Slot {
    pub(crate) source: usize,
    pub(crate) number: usize,
    pub(crate) known: [Known; 2],
    pub(crate) registered: bool,
    pub(crate) always: bool,
    pub(crate) failed: Option<ErrorKind>,
    pub(crate) armed: Directions,
    pub(crate) streaks: [usize; 2],
    pub(crate) stored: Vec<Stored>,
}

#[derive(PartialEq)]
pub(crate) struct Stored {
    pub(crate) direction: Direction,
    pub(crate) task: usize,
    /// `None`: of a `poll_*` call.
    pub(crate) future: Option<usize>,
}

/// What a future does.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Ready,
    Io,
}

#[derive(Clone, Copy)]
pub(crate) struct Future {
    pub(crate) slot: usize,
    pub(crate) direction: Direction,
    pub(crate) kind: Kind,
    pub(crate) race: bool,
    pub(crate) seen: Option<u64>,
    pub(crate) rested: bool,
}

pub(crate) struct Timer {
    /// `None`: never.
    pub(crate) at: Option<u64>,
    pub(crate) state: State,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum State {
    New,
    /// With the task that it wakes; none for the timer of a `block_on`.
    Inserted(Option<usize>),
    Fired,
    Done,
}

/// An attempt at I/O: of one unit, or of up to `length`; with an event after its first failure.
#[derive(Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) length: Option<u32>,
    pub(crate) race: bool,
}

pub(crate) type Outcome = Poll<Result<(), ErrorKind>>;

pub(crate) struct Model {
    pub(crate) kernel: Kernel,
    pub(crate) slots: [Option<Slot>; SLOTS],
    pub(crate) futures: [Option<Future>; FUTURES],
    pub(crate) timers: [Option<Timer>; TIMERS],
    /// The timer of a `block_on`.
    pub(crate) own: Option<Timer>,
    pub(crate) woken: [usize; TASKS],
    pub(crate) external: bool,
    /// A foreign loop was told of something, and has not come by since.
    pub(crate) missed: bool,
}

impl Slot {
    pub(crate) fn of(&mut self, direction: Direction) -> &mut Known {
        &mut self.known[direction as usize]
    }

    pub(crate) fn wanted(&self) -> Directions {
        self.stored.iter().fold(Directions::NONE, |all, stored| all | stored.direction.into())
    }

    /// How many events there were.
    pub(crate) fn events(&self, direction: Direction) -> u64 {
        self.known[direction as usize].events
    }

    /// Whether somebody waits for what is there.
    pub(crate) fn is_forgotten(&self, kernel: &Kernel) -> bool {
        let there = |stored: &Stored| {
            kernel.is_ready(self.number, stored.direction) || self.failed.is_some()
        };
        self.stored.iter().any(there)
    }
}

impl Model {
    pub(crate) fn new(one_shot: bool) -> Model {
        Model {
            kernel: Kernel::new(one_shot),
            slots: Default::default(),
            futures: Default::default(),
            timers: Default::default(),
            own: None,
            woken: [0; TASKS],
            external: false,
            missed: false,
        }
    }

    /// How many wakers of `task` are stored.
    pub(crate) fn kept(&self, task: usize) -> usize {
        let waits = self.slots.iter().flatten().flat_map(|slot| &slot.stored);
        let timers = self.timers.iter().flatten();
        waits.filter(|stored| stored.task == task).count()
            + timers.filter(|timer| timer.state == State::Inserted(Some(task))).count()
    }

    pub(crate) fn open(&mut self, slot: usize, source: usize, number: usize) {
        self.slots[slot] = Some(Slot {
            source,
            number,
            known: Default::default(),
            registered: false,
            always: false,
            failed: None,
            armed: Directions::NONE,
            streaks: [0; 2],
            stored: Vec::new(),
        });
    }

    /// The registration ends; its futures have ended before.
    pub(crate) fn close(&mut self, slot: usize) {
        self.wake(slot, Directions::BOTH);
        if let Some(ended) = self.slots[slot].take() {
            if ended.registered {
                let _ = self.kernel.deregister(ended.number, ended.source);
            }
        }
    }

    pub(crate) fn fail(&mut self, slot: usize, kind: ErrorKind) {
        let source = self.slot(slot);
        source.failed.get_or_insert(kind);
        source.known.iter_mut().for_each(|known| known.events += 1);
        self.wake(slot, Directions::BOTH);
    }

    pub(crate) fn start(
        &mut self,
        future: usize,
        slot: usize,
        direction: Direction,
        kind: Kind,
        race: bool,
    ) {
        let started = Future { slot, direction, kind, race, seen: None, rested: false };
        self.futures[future] = Some(started);
    }

    pub(crate) fn drop_future(&mut self, future: usize) {
        if let Some(dropped) = self.futures[future].take() {
            let slot = self.slot(dropped.slot);
            slot.stored.retain(|stored| stored.future != Some(future));
        }
    }

    /// What the backend reports.
    pub(crate) fn apply(&mut self, source: usize, what: What) {
        let is = |slot: &Option<Slot>| slot.as_ref().is_some_and(|slot| slot.source == source);
        let Some(slot) = self.slots.iter().position(is) else { return };
        let (What::Ready(directions) | What::Closed(directions) | What::Disarmed(directions)) =
            what;
        for direction in BOTH.into_iter().filter(|direction| directions.contains(*direction)) {
            let known = self.slot(slot).of(direction);
            known.events += 1;
            known.ready = true;
            known.closed |= matches!(what, What::Closed(_));
        }
        if let What::Disarmed(_) = what {
            self.slot(slot).armed = Directions::NONE;
            self.wake(slot, Directions::BOTH);
        } else {
            self.wake(slot, directions);
        }
    }

    /// Wakes who waits for one of `directions`; they are stored no longer.
    pub(crate) fn wake(&mut self, slot: usize, directions: Directions) {
        let Some(source) = &mut self.slots[slot] else { return };
        let woken = &mut self.woken;
        source.stored.retain(|stored| {
            let wakes = directions.contains(stored.direction);
            woken[stored.task] += usize::from(wakes);
            !wakes
        });
    }

    pub(crate) fn slot(&mut self, slot: usize) -> &mut Slot {
        self.slots[slot].as_mut().expect("the interpreter looked")
    }
}
