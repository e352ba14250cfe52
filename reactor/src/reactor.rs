//! The reactor: a backend, and the core's own state beside it (who drives, timers).
//!
//! Everything that reaches a backend goes through here, so the rules that hold for all of them are
//! enforced once: not after `fork`, retry when interrupted, no waker called inside `turn`. Timers
//! and whoever sleeps until the earliest are modelled in `tests/loom_core/deadlines.rs`.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::backend::GlobalReactor;
use crate::driving::{Driving, NEVER};
use crate::fork::Generation;
use crate::handle::{Entered, Handle};
use crate::io_object::{BorrowedIo, Directions};
use crate::observation::Observation;
use crate::ready_list::ReadyList;
use crate::source::Source;
use crate::sync::{Mutex, MutexGuard};
use crate::timers::{TimerKey, Timers};
use crate::undriven::Undriven;
use crate::wake;

/// What the system is late on its own, so that timers share a wake-up. Were it added to that,
/// sleeps of 100,000 tasks would be late by 78 µs in the median instead of 50.
const SYSTEM_SLACK_NS: u64 = 50_000;

/// A backend together with its timers and the state of who drives it.
///
/// `Reactor<System>` and every other `Reactor<R>` coerce to `Reactor`, that is
/// `Reactor<dyn GlobalReactor>`. What is made on a reactor keeps a [`Handle`] to it: a
/// `&'static Reactor`, or an `Arc<Reactor>` for reactors that end.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use mini_reactor::{Handle, Reactor, System};
///
/// static MINE: Reactor<System> = Reactor::new(System::new());
/// assert_eq!(MINE.block_on(async { 6 * 7 }), 42);
///
/// let shared = Arc::new(Reactor::new(System::new()));
/// assert_eq!(Handle::from(&shared).block_on(async { 6 * 7 }), 42);
/// ```
pub struct Reactor<R: ?Sized = dyn GlobalReactor> {
    pub(crate) driving: Driving,
    timers: Mutex<Timers>,
    /// The zero of the timers' time, by the backend's clock.
    base: OnceLock<Instant>,
    slack_ns: AtomicU64,
    registered: AtomicUsize,
    generation: Generation,
    pub(crate) undriven: Undriven,
    /// For `Handle`, if this is a static.
    pub(crate) itself: OnceLock<&'static Reactor>,
    /// Until the backend has said that it is not interested.
    observed: AtomicBool,
    backend: R,
}

/// Buffers of a driving thread, kept from turn to turn.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    ready: ReadyList,
    wakers: Vec<Waker>,
}

impl Batch {
    /// Whether the backend's own buffer was full in the last turn.
    pub(crate) fn is_full(&self) -> bool {
        self.ready.is_full()
    }
}

impl<R: GlobalReactor> Reactor<R> {
    /// A reactor on `backend`. No system call, no thread, no allocation.
    pub const fn new(backend: R) -> Reactor<R> {
        Reactor {
            driving: Driving::new(),
            timers: Mutex::new(Timers::new()),
            base: OnceLock::new(),
            slack_ns: AtomicU64::new(SYSTEM_SLACK_NS),
            registered: AtomicUsize::new(0),
            generation: Generation::new(),
            undriven: Undriven::new(),
            itself: OnceLock::new(),
            observed: AtomicBool::new(true),
            backend,
        }
    }
}

impl<R: GlobalReactor + ?Sized> Reactor<R> {
    /// The backend.
    pub fn backend(&self) -> &R {
        &self.backend
    }

    /// The time by the backend's clock.
    pub fn now(&self) -> Instant {
        self.backend.now()
    }

    /// Lets timers fire up to `slack` late, so that those near each other share one wake-up. It is
    /// 50 µs unless set. Timers never fire early.
    ///
    /// The first 50 µs are left to the system, as Linux delays every wait by up to that much on its
    /// own (`PR_SET_TIMERSLACK`); the reactor adds what is beyond.
    pub fn set_timer_slack(&self, slack: Duration) {
        self.slack_ns.store(u64::try_from(slack.as_nanos()).unwrap_or(NEVER).min(NEVER), Relaxed);
    }

    /// The earliest instant at which a timer wants to fire.
    pub fn next_deadline(&self) -> Option<Instant> {
        match self.driving.deadline() {
            NEVER => None,
            ns => self.base().checked_add(Duration::from_nanos(ns)),
        }
    }

    /// Runs `future` on this thread, and drives this reactor while it waits and nobody else does.
    /// Within it, this is the current reactor.
    ///
    /// # Panics
    ///
    /// If the backend's `turn` fails, or if called from within a waker that the reactor calls.
    pub fn block_on<T>(&'static self, future: impl Future<Output = T>) -> T
    where
        &'static Self: Into<Handle>,
    {
        self.into().block_on(future)
    }

    /// Lends this thread to the reactor: drives it, or waits to drive it, for ever.
    ///
    /// For programs whose tasks run under a foreign `block_on`, which does not drive.
    ///
    /// # Errors
    ///
    /// What the backend's `turn` returns.
    pub fn drive(&'static self) -> io::Result<Infallible>
    where
        &'static Self: Into<Handle>,
    {
        self.into().drive()
    }

    /// Makes this the current reactor of this thread until the guard is dropped.
    pub fn enter(&'static self) -> Entered
    where
        &'static Self: Into<Handle>,
    {
        self.into().enter()
    }

    /// Fails in a child process, where nothing of the parent's may be touched.
    pub(crate) fn check_fork(&self) -> io::Result<()> {
        self.generation.check()
    }

    /// Ends the current turn, or else the next; but not the parent's, in a forked child.
    pub(crate) fn notify(&self) {
        if self.generation.check().is_ok() {
            self.backend.notify();
        }
    }

    /// Tells the backend, as long as it wants to know. Relaxed: one word more or less is no harm.
    #[inline]
    pub(crate) fn observe(&self, observation: Observation<'_>) {
        if self.observed.load(Relaxed) {
            // Nothing depends on it, so its panics keep nothing from happening.
            wake::contained(|| {
                if !self.backend.observe(observation) {
                    self.observed.store(false, Relaxed);
                }
            });
        }
    }

    /// Something is about to wait, and wants this reactor to be driven.
    pub(crate) fn expects_driver(&self) {
        // In a forked child, the lock in there may be held for ever.
        if cfg!(debug_assertions) && self.generation.check().is_ok() {
            self.undriven.wait_begins(|| self.driving.is_heard(), || self.has_work());
        }
    }

    /// Whether a turn could find anything: an executor that is busy need not ask otherwise.
    pub fn has_work(&self) -> bool {
        self.registered.load(Relaxed) != 0 || self.driving.deadline() != NEVER
    }

    pub(crate) fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.generation.check()?;
        self.backend.register(io, source)?;
        self.registered.fetch_add(1, Relaxed);
        Ok(())
    }

    pub(crate) fn rearm(
        &self,
        io: BorrowedIo<'_>,
        source: &Arc<Source>,
        wanted: Directions,
    ) -> io::Result<()> {
        self.generation.check()?;
        self.backend.rearm(io, source, wanted)
    }

    pub(crate) fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.generation.check()?;
        self.registered.fetch_sub(1, Relaxed);
        self.backend.deregister(io, source)
    }

    /// One turn of the backend and all that follows from it. The caller has the role.
    pub(crate) fn turn(&self, at_once: bool, batch: &mut Batch) -> io::Result<()> {
        self.turn_for(if at_once { Some(Duration::ZERO) } else { self.timeout() }, batch, || false)
            .map(drop)
    }

    /// As `turn`, waiting as long as the timers and `limit` allow; `awake` is called when the
    /// backend has returned and before any waker is, and its result passed on.
    pub(crate) fn turn_then(
        &self,
        limit: Option<Duration>,
        batch: &mut Batch,
        awake: impl FnOnce() -> bool,
    ) -> io::Result<bool> {
        let timeout = self.timeout().into_iter().chain(limit).min();
        self.turn_for(timeout, batch, awake)
    }

    fn turn_for(
        &self,
        timeout: Option<Duration>,
        batch: &mut Batch,
        awake: impl FnOnce() -> bool,
    ) -> io::Result<bool> {
        self.generation.check()?;
        self.undriven.driven();
        batch.ready.clear();
        let turn = AssertUnwindSafe(|| self.backend.turn(timeout, &mut batch.ready));
        let result = catch_unwind(turn); // what it had reported is delivered all the same
        let notified = awake();
        for event in batch.ready.events.drain(..) {
            let before = batch.wakers.len();
            event.source.apply(&event, &mut batch.wakers);
            let wakers = batch.wakers.len() - before;
            self.observe(Observation::Wakes { source: &event.source, wakers });
        }
        self.expire(&mut batch.wakers);
        wake::all(&mut batch.wakers);
        match result {
            // A signal: the caller turns again, with a timeout that is computed anew.
            Ok(Err(error)) if error.kind() == ErrorKind::Interrupted => Ok(notified),
            Ok(result) => result.map(|()| notified),
            Err(payload) => resume_unwind(payload),
        }
    }

    /// Whether a timer wants to fire now.
    pub(crate) fn is_due(&self) -> bool {
        let due = self.driving.deadline();
        due != NEVER && due <= self.ns(self.now())
    }

    /// How long a turn may wait: until the earliest deadline has been due for the slack.
    fn timeout(&self) -> Option<Duration> {
        let deadline = self.driving.deadline();
        if deadline == NEVER {
            return None;
        }
        let now = self.ns(self.now());
        if deadline <= now {
            return Some(Duration::ZERO);
        }
        let slack = self.slack_ns.load(Relaxed).saturating_sub(SYSTEM_SLACK_NS);
        Some(Duration::from_nanos(deadline.saturating_add(slack) - now))
    }

    /// Moves the wakers of the timers that are due to `wakers`.
    fn expire(&self, wakers: &mut Vec<Waker>) {
        let deadline = self.driving.deadline();
        if deadline == NEVER {
            return;
        }
        let now = self.ns(self.now());
        if deadline <= now {
            let mut timers = self.timers();
            let before = wakers.len();
            timers.expire(now, wakers);
            self.driving.set_deadline(timers.first().unwrap_or(NEVER));
            drop(timers);
            if wakers.len() > before {
                self.observe(Observation::TimersExpire { timers: wakers.len() - before });
            }
        }
    }

    /// Inserts a timer; `None` if the instant is too far away to be represented, or never comes
    /// (in a forked child none does).
    pub(crate) fn insert_timer(&self, at: Instant, waker: &Waker) -> Option<TimerKey> {
        let when = self.ns(at);
        if when == NEVER || self.generation.check().is_err() {
            return None;
        }
        self.expects_driver();
        let waker = waker.clone(); // before the lock: cloning may run anything
        let mut timers = self.timers();
        let key = timers.insert(when, waker);
        let earlier = timers.first() == Some(when) && self.driving.set_deadline(when);
        drop(timers);
        self.observe(Observation::TimerSet { timer: key.name(), at });
        if earlier {
            self.notify();
        }
        Some(key)
    }

    /// Gives a timer another waker; false if it has expired.
    pub(crate) fn update_timer(&self, key: TimerKey, waker: &Waker) -> bool {
        if self.generation.check().is_err() {
            return true; // the parent's lock may be held for ever
        }
        self.expects_driver();
        match self.timers().waker(key) {
            None => return false,
            Some(place) if place.will_wake(waker) => return true,
            Some(_) => {}
        }
        // Without the lock: cloning and dropping a waker may run anything.
        let mut waker = waker.clone();
        match self.timers().waker(key) {
            None => return false,
            Some(place) => std::mem::swap(place, &mut waker),
        }
        true
    }

    pub(crate) fn remove_timer(&self, key: TimerKey) {
        if self.generation.check().is_err() {
            return; // as above
        }
        let mut timers = self.timers();
        let first = timers.first();
        let waker = timers.remove(key);
        if timers.first() != first {
            self.driving.set_deadline(timers.first().unwrap_or(NEVER));
        }
        drop(timers);
        if waker.is_some() {
            self.observe(Observation::TimerDropped { timer: key.name() });
        }
        drop(waker); // without the lock: dropping a waker may run anything
    }

    /// An instant in the timers' own nanoseconds.
    fn ns(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.base()).as_nanos();
        u64::try_from(since).unwrap_or(NEVER).min(NEVER)
    }

    fn base(&self) -> Instant {
        *self.base.get_or_init(|| self.backend.now())
    }

    fn timers(&self) -> MutexGuard<'_, Timers> {
        self.timers.lock().expect("no code that can panic runs under this lock")
    }
}

impl<R: fmt::Debug + ?Sized> fmt::Debug for Reactor<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor").field("backend", &&self.backend).finish_non_exhaustive()
    }
}
