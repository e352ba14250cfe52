//! What a reactor promises, as plain data and one thread: who has been woken, who is still stored,
//! what each wait ends with.

use std::io::ErrorKind;
use std::task::Poll;

use mini_reactor::{Direction, Directions};

use super::kernel::{BOTH, Kernel, Registered};
use super::ops::{FUTURES, SLOTS, TASKS, TIMERS, What};

/// So many successes in a row, then a break.
const STREAK_MAX: usize = 128;

/// What is known of one direction.
#[derive(Clone, Copy, Default)]
struct Known {
    events: u64,
    ready: bool,
    closed: bool,
}

/// One registration.
pub(crate) struct Slot {
    pub(crate) source: usize,
    pub(crate) number: usize,
    known: [Known; 2],
    registered: bool,
    always: bool,
    failed: Option<ErrorKind>,
    armed: Directions,
    streaks: [usize; 2],
    stored: Vec<Stored>,
}

#[derive(PartialEq)]
struct Stored {
    direction: Direction,
    task: usize,
    /// `None`: of a `poll_*` call.
    future: Option<usize>,
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
    seen: Option<u64>,
    rested: bool,
}

pub(crate) struct Timer {
    /// `None`: never.
    pub(crate) at: Option<u64>,
    pub(crate) state: State,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum State {
    New,
    /// Made of a duration: is inserted without a look at the clock.
    Future,
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

enum Wait {
    Newer,
    Stored,
    Failed(ErrorKind),
}

pub(crate) struct Model {
    pub(crate) kernel: Kernel,
    pub(crate) slots: [Option<Slot>; SLOTS],
    pub(crate) futures: [Option<Future>; FUTURES],
    pub(crate) timers: [Option<Timer>; TIMERS],
    /// The timer of a `block_on`.
    pub(crate) own: Option<Timer>,
    pub(crate) woken: [usize; TASKS],
    pub(crate) external: bool,
}

impl Slot {
    fn of(&mut self, direction: Direction) -> &mut Known {
        &mut self.known[direction as usize]
    }

    fn wanted(&self) -> Directions {
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

    pub(crate) fn poll_future(&mut self, future: usize, task: usize) -> Outcome {
        let mut polled = self.futures[future].expect("the interpreter looked");
        let outcome = match polled.kind {
            Kind::Ready => self.poll_ready_future(&mut polled, future, task),
            Kind::Io => self.poll_io_future(&mut polled, future, task),
        };
        self.futures[future] = Some(polled);
        outcome
    }

    fn poll_ready_future(&mut self, polled: &mut Future, future: usize, task: usize) -> Outcome {
        let Future { slot, direction, .. } = *polled;
        if polled.seen.is_none() {
            if let Some(result) = self.known_ready(slot, direction) {
                return Poll::Ready(result);
            }
        }
        let seen = polled.seen.unwrap_or(self.slot(slot).events(direction));
        polled.seen = Some(seen);
        match self.wait(slot, direction, seen, task, Some(future)) {
            Wait::Newer => Poll::Ready(Ok(())),
            Wait::Stored => Poll::Pending,
            Wait::Failed(kind) => Poll::Ready(Err(kind)),
        }
    }

    fn poll_io_future(&mut self, polled: &mut Future, future: usize, task: usize) -> Outcome {
        let Future { slot, direction, .. } = *polled;
        if !polled.rested && self.takes_a_break(slot, direction, task) {
            polled.rested = true;
            return Poll::Pending;
        }
        let mut attempt = Attempt { length: None, race: polled.race };
        let outcome = self.until_it_blocks(slot, direction, task, Some(future), &mut attempt);
        polled.race = attempt.race;
        outcome
    }

    pub(crate) fn poll_ready(&mut self, slot: usize, direction: Direction, task: usize) -> Outcome {
        loop {
            if let Some(result) = self.known_ready(slot, direction) {
                return Poll::Ready(result);
            }
            let seen = self.slot(slot).events(direction);
            match self.wait(slot, direction, seen, task, None) {
                Wait::Newer => {}
                Wait::Stored => return Poll::Pending,
                Wait::Failed(kind) => return Poll::Ready(Err(kind)),
            }
        }
    }

    pub(crate) fn poll_io(
        &mut self,
        slot: usize,
        direction: Direction,
        task: usize,
        mut attempt: Attempt,
    ) -> Outcome {
        if self.takes_a_break(slot, direction, task) {
            return Poll::Pending;
        }
        self.until_it_blocks(slot, direction, task, None, &mut attempt)
    }

    fn until_it_blocks(
        &mut self,
        slot: usize,
        direction: Direction,
        task: usize,
        future: Option<usize>,
        attempt: &mut Attempt,
    ) -> Outcome {
        loop {
            let seen = self.slot(slot).events(direction);
            if let Some(result) = self.attempt(slot, direction, attempt) {
                return Poll::Ready(result);
            }
            match self.wait(slot, direction, seen, task, future) {
                Wait::Newer => {}
                Wait::Stored => return Poll::Pending,
                Wait::Failed(kind) => return Poll::Ready(Err(kind)),
            }
        }
    }

    /// What a question for readiness ends with at once; nothing is asked of a virtual object.
    fn known_ready(&mut self, slot: usize, direction: Direction) -> Option<Result<(), ErrorKind>> {
        let slot = self.slot(slot);
        if let Some(kind) = slot.failed {
            return Some(Err(kind));
        }
        (slot.always || slot.of(direction).ready).then_some(Ok(()))
    }

    fn takes_a_break(&mut self, slot: usize, direction: Direction, task: usize) -> bool {
        let streak = &mut self.slot(slot).streaks[direction as usize];
        let spent = *streak >= STREAK_MAX;
        if spent {
            *streak = 0;
            self.woken[task] += 1;
        }
        spent
    }

    /// `None`: it would block, or is known to.
    fn attempt(
        &mut self,
        slot: usize,
        direction: Direction,
        attempt: &mut Attempt,
    ) -> Option<Result<(), ErrorKind>> {
        let source = self.slot(slot);
        let (number, always) = (source.number, source.always);
        if let Some(kind) = source.failed {
            return Some(Err(kind));
        }
        if source.registered && !always && !source.of(direction).ready {
            return None;
        }
        let most = attempt.length.unwrap_or(1);
        let Some(moved) = self.kernel.transfer(number, direction, most) else {
            if std::mem::take(&mut attempt.race) {
                self.kernel.arrive(number, direction, 1);
                let _ = self.turn();
            }
            return always.then_some(Err(ErrorKind::Unsupported));
        };
        let trusts = !self.kernel.one_shot;
        let source = self.slot(slot);
        source.streaks[direction as usize] += 1;
        let believed = trusts && source.registered && !always;
        let known = source.of(direction);
        if 0 < moved && moved < most && believed && !known.closed {
            known.ready = false;
        }
        Some(Ok(()))
    }

    fn wait(
        &mut self,
        slot: usize,
        direction: Direction,
        seen: u64,
        task: usize,
        future: Option<usize>,
    ) -> Wait {
        let source = self.slot(slot);
        if let Some(kind) = source.failed {
            return Wait::Failed(kind);
        }
        if source.events(direction) != seen {
            return Wait::Newer;
        }
        let known = source.of(direction);
        (known.ready, known.closed) = (false, false);
        source.streaks[direction as usize] = 0;
        let (number, id) = (source.number, source.source);
        if !source.registered {
            let registered = self.kernel.register(number, id);
            let source = self.slot(slot);
            match registered {
                Err(kind) => return Wait::Failed(kind),
                Ok(Registered::Watched) => {}
                Ok(Registered::AlwaysReady) => {
                    source.always = true;
                    source.known.iter_mut().for_each(|known| known.events += 1);
                }
            }
            source.registered = true;
        }
        if self.slot(slot).events(direction) != seen {
            return Wait::Newer;
        }
        self.store(slot, Stored { direction, task, future });
        self.rearm(slot)
    }

    fn store(&mut self, slot: usize, new: Stored) {
        let stored = &mut self.slot(slot).stored;
        let same = |old: &Stored| match new.future {
            Some(_) => old.future == new.future,
            None => *old == new, // the same task again
        };
        match stored.iter().position(same) {
            Some(at) => stored[at] = new,
            None => stored.push(new),
        }
    }

    fn rearm(&mut self, slot: usize) -> Wait {
        let source = self.slot(slot);
        let wanted = source.wanted();
        if source.armed.contains(wanted) {
            return Wait::Stored;
        }
        source.armed = wanted;
        let (number, id) = (source.number, source.source);
        match self.kernel.rearm(number, id, wanted) {
            Ok(()) => Wait::Stored,
            Err(kind) => {
                self.slot(slot).armed = Directions::NONE;
                self.wake(slot, Directions::BOTH);
                Wait::Failed(kind)
            }
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
    fn wake(&mut self, slot: usize, directions: Directions) {
        let Some(source) = &mut self.slots[slot] else { return };
        let woken = &mut self.woken;
        source.stored.retain(|stored| {
            let wakes = directions.contains(stored.direction);
            woken[stored.task] += usize::from(wakes);
            !wakes
        });
    }

    fn slot(&mut self, slot: usize) -> &mut Slot {
        self.slots[slot].as_mut().expect("the interpreter looked")
    }
}
