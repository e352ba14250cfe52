//! A worker that has run a closure for a thread outside expects another.
//!
//! Who has one closure run after the other comes with the next one as soon as it hears that the
//! last is over; and that is before the worker has looked at all queues, found nothing, and said
//! so. Another one would be woken then, for nothing. So the worker says that it is hungry *before*
//! the other hears that the closure is over. Then it stays awake for a moment
//! ([`patience`](crate::patience)), and who calls it meanwhile makes no system call.
//!
//! From then on all is as if it slept with its wish in the list (`demand.rs`): the wish is taken
//! out by who has something for it, or by itself when the moment is over; and then it looks at all
//! queues, as after each step, before it says again that it is hungry and goes to sleep; or leaves
//! its loop, and then has others do what it was called for (`Leaving` in `work.rs`).
//!
//! Only a worker in its loop does so. One that takes a step in the middle of something else would
//! be called, and not come.

use std::cell::Cell;

use crate::demand::Wish;
use crate::patience::Patience;
use crate::worker::Worker;

/// What a worker knows of closures that may come.
#[derive(Debug)]
pub(crate) struct Expects {
    /// Whether it is in a step of its loop, so that it looks out afterwards.
    in_loop: Cell<bool>,
    /// Whether its wish is in the list, or was until somebody took it out.
    another: Cell<bool>,
    patience: Patience,
}

impl Expects {
    pub(crate) fn new() -> Expects {
        let (in_loop, another) = (Cell::new(false), Cell::new(false));
        Expects { in_loop, another, patience: Patience::new() }
    }
}

impl Worker {
    /// Calls `step`, after which another closure is expected, or is not.
    pub(crate) fn expecting<R>(&self, expecting: bool, step: impl FnOnce() -> R) -> R {
        let before = self.expects.in_loop.replace(expecting);
        let result = step();
        self.expects.in_loop.set(before);
        result
    }

    /// Says that it is hungry, if it will be. To be called at the end of a closure that a step
    /// runs; [`look_out`](Worker::look_out) follows, and nothing of the user's is run in between.
    pub(crate) fn expect_another(&self) {
        let shared = self.shared();
        if !self.expects.in_loop.get() {
            return;
        }
        let busy = self.pool().has_work() || !shared.tasks.is_empty() || !shared.calls.is_empty();
        if busy || !self.expects.patience.is_left() {
            return;
        }
        self.expects.another.set(true);
        let wish = Wish { within: None, tasks: true, jobs: true };
        self.pool().demand.ask(&shared.place, self.parker().waker().clone(), wish);
    }

    /// After a step: if another closure is expected, looks for it for a moment while it is `idle`.
    #[inline]
    pub(crate) fn look_out(&self, idle: &mut dyn FnMut() -> bool) {
        if self.expects.another.take() {
            self.look_out_for_another(idle);
        }
    }

    #[cold]
    fn look_out_for_another(&self, idle: &mut dyn FnMut() -> bool) {
        let place = &self.shared().place;
        if idle() {
            self.expects.patience.linger(|| place.is_wishing() && idle() && !self.has_something());
        }
        self.pool().demand.withdraw(place);
        self.look_anew();
        self.note_events();
    }
}
