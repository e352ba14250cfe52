//! The model's timers and turns.

use std::io::ErrorKind;
use std::task::Poll;

use super::kernel::Turned;
use super::model::{Model, State, Timer};

impl Model {
    pub(crate) fn set_timer(&mut self, timer: usize, at: u64) {
        self.timers[timer] = Some(Timer { at: Some(at), state: State::New });
    }

    pub(crate) fn reset_timer(&mut self, timer: usize, at: Option<u64>) {
        if let Some(timer) = &mut self.timers[timer] {
            *timer = Timer { at, state: State::New };
        }
    }

    pub(crate) fn poll_timer(&mut self, timer: usize, task: usize) -> Poll<()> {
        let (earliest, now) = (self.earliest(), self.kernel.now);
        let timer = self.timers[timer].as_mut().expect("the interpreter looked");
        let Some(at) = timer.at else { return Poll::Pending };
        let is_new = match timer.state {
            State::Inserted(_) => false,
            State::New if now < at => true,
            State::New | State::Fired | State::Done => {
                timer.state = State::Done;
                return Poll::Ready(());
            }
        };
        timer.state = State::Inserted(Some(task));
        if is_new {
            self.hear_of(at, earliest);
        }
        Poll::Pending
    }

    /// Whoever drives from outside hears of a timer that is earlier than all others.
    fn hear_of(&mut self, at: u64, earliest: Option<u64>) {
        if self.external && earliest.is_none_or(|earliest| at < earliest) {
            self.kernel.notify();
            self.missed = true;
        }
    }

    /// The earliest timer that is inserted.
    pub(crate) fn earliest(&self) -> Option<u64> {
        let timers = self.timers.iter().chain([&self.own]).flatten();
        let inserted = timers.filter(|timer| matches!(timer.state, State::Inserted(_)));
        inserted.filter_map(|timer| timer.at).min()
    }

    /// A turn that does not wait. True: there may be more to report.
    pub(crate) fn turn(&mut self) -> Result<bool, ErrorKind> {
        self.missed = false;
        let turned = self.kernel.turn(Some(0));
        let (full, result) = (turned.full, turned.result);
        self.deliver(turned);
        match result {
            Ok(()) | Err(ErrorKind::Interrupted) => {
                let now = self.kernel.now;
                Ok(full || self.earliest().is_some_and(|at| at <= now))
            }
            Err(kind) => Err(kind),
        }
    }

    /// A `block_on` of a timer: turns until that has fired.
    pub(crate) fn sleep(&mut self, duration: u64) {
        if duration == 0 {
            return;
        }
        let at = self.kernel.now + duration;
        let earliest = self.earliest();
        self.own = Some(Timer { at: Some(at), state: State::Inserted(None) });
        self.hear_of(at, earliest);
        while self.own.as_ref().is_some_and(|own| own.state != State::Fired) {
            let due = self.earliest().expect("the one of this sleep");
            let now = self.kernel.now;
            let turned = self.kernel.turn(Some(due.saturating_sub(now)));
            self.deliver(turned);
        }
        self.own = None;
        if std::mem::take(&mut self.missed) {
            self.kernel.notify(); // the loop may have heard of nothing: this thread turned
        }
    }

    fn deliver(&mut self, turned: Turned) {
        for (source, what) in turned.events {
            self.apply(source, what);
        }
        let now = self.kernel.now;
        for timer in self.timers.iter_mut().chain([&mut self.own]).flatten() {
            if let State::Inserted(task) = timer.state {
                if timer.at.is_some_and(|at| at <= now) {
                    timer.state = State::Fired;
                    if let Some(task) = task {
                        self.woken[task] += 1;
                    }
                }
            }
        }
    }
}
