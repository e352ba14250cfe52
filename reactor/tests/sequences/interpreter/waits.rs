//! The model's waits: what each call ends with, and what it leaves behind.

use std::io::ErrorKind;
use std::task::Poll;

use mini_reactor::{Direction, Directions};

use super::kernel::Registered;
use super::model::{Attempt, Future, Kind, Model, Outcome, Stored};

/// So many successes in a row, then a break.
const STREAK_MAX: usize = 128;

enum Wait {
    Newer,
    Stored,
    Failed(ErrorKind),
}

impl Model {
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
}
