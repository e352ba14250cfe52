//! What `sync.rs` of the executor and of the core offer, made of loom's types.

#[path = "../../../../reactor/tests/loom_core/sync.rs"]
mod of_core;

use std::cell::Cell;
use std::time::Duration;

use loom::sync::atomic;

pub(crate) use loom::sync::atomic::AtomicIsize;
pub(crate) use std::sync::PoisonError;

pub(crate) use crate::handle::Handle;
pub(crate) use crate::parker::{Parker, Team, Unparker};
pub(crate) use crate::reactor::Reactor;
pub(crate) use of_core::{
    AtomicBool, AtomicU8, AtomicU32, AtomicU64, Local, Mutex, MutexGuard, Ordering,
};

loom::thread_local! {
    static NOW: Cell<Duration> = Cell::new(Duration::ZERO);
    static RESTED: Cell<bool> = Cell::new(false);
}

/// Whether the thread has slept for a while, and not looked for a task to run since.
pub(crate) fn has_rested() -> bool {
    RESTED.with(Cell::get)
}

pub(crate) fn has_worked() {
    RESTED.with(|rested| rested.set(false));
}

/// Numbers that are stored by one thread at a time. Who has rested sees the newest of them: a store
/// is not hidden for ever.
#[derive(Debug, Default)]
pub(crate) struct Number<L, S> {
    number: L,
    newest: S,
}

macro_rules! numbers {
    ($($name:ident $atomic:ident $number:ident),+) => {$(
        pub(crate) type $name = Number<atomic::$atomic, std::sync::atomic::$atomic>;

        impl $name {
            pub(crate) fn new(value: $number) -> Self {
                Number { number: atomic::$atomic::new(value), newest: value.into() }
            }
            pub(crate) fn load(&self, order: Ordering) -> $number {
                let seen = self.number.load(order);
                if has_rested() { self.newest.load(Ordering::Relaxed) } else { seen }
            }
            pub(crate) fn store(&self, value: $number, order: Ordering) {
                self.newest.store(value, Ordering::Relaxed);
                self.number.store(value, order);
            }
        }
    )+};
}

numbers!(Gauge AtomicU32 u32, Length AtomicUsize usize);

/// Parking, as in the core's models. A limit lets the thread's time pass.
pub(crate) mod thread {
    use std::time::Duration;

    pub(crate) use super::of_core::thread::{Thread, current, park};

    pub(crate) fn park_timeout(limit: Duration) {
        super::pass(limit);
        super::of_core::thread::park_timeout(limit);
    }
}

fn pass(time: Duration) {
    NOW.with(|now| now.set(now.get() + time));
    RESTED.with(|rested| rested.set(true));
}

pub(crate) fn sleep(time: Duration) {
    thread::park_timeout(time);
}

/// The thread's own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Instant(Duration);

impl Instant {
    pub(crate) fn now() -> Instant {
        Instant(NOW.with(Cell::get))
    }

    pub(crate) fn elapsed(self) -> Duration {
        Instant::now().0 - self.0
    }

    pub(crate) fn saturating_duration_since(self, earlier: Instant) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}
