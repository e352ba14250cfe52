//! `Trace`: counts what a reactor does, and records it for a picture.
//!
//! A decorator around any backend. How the trait maps to what it counts and records:
//!
//! | [`GlobalReactor`] | what is noted, beside being forwarded |
//! |---|---|
//! | `register`, `rearm`, `deregister` | each call; while recording, what the object is called |
//! | `turn` | begin and end: a thread that is in a turn which may wait drives, and is asleep |
//! | the events in the `ReadyList` | each one, with its directions; they are not changed |
//! | `notify` | each call, and by which thread |
//! | `now` | nothing: it is the clock of the recording, so one over a simulator has its time |
//! | `pollable` | nothing |
//! | `observe` | what no decorator can see: waits, wakes, timers, and threads that park |
//!
//! Counters always run, and can be read at any time ([`Trace::counts`]). A recording is begun and
//! ended while the program runs ([`Trace::start`], [`Trace::stop`]), keeps the last so many
//! records in memory that is reserved once, and becomes a page with a timeline
//! ([`Recording::to_html`]) or JSON for the viewers of Chrome's traces, such as Perfetto
//! ([`Recording::to_chrome`]).
//!
//! Deliberately absent: tasks. A reactor knows wakers, and not what they wake.
//!
//! # What it costs
//!
//! Nothing where it is not. Otherwise, in processor time of the program, as a ratio to the same
//! without it (`compare measure WORKLOAD --on single-thread/system --on single-thread/trace --on
//! single-thread/recording`):
//!
//! | | echo, 1 connection | 64 | yield, 1000 tasks | timers |
//! |---|---|---|---|---|
//! | counting | 0.99 (0.98–1.08) | 1.04 (0.89–1.20) | 0.98 (0.93–1.00) | 1.20 (1.17–1.22) |
//! | recording | 1.05 (0.91–1.12) | 1.12 (0.98–1.31) | 0.99 (0.96–1.10) | 2.30 (2.26–2.42) |
//!
//! A counter is one atomic addition. A record takes about 50 ns, of which most is a look at the
//! clock; a timer that is set and dropped makes two. No system call is added, except two when an
//! object is registered during a recording: they ask for its name. Records share one lock, which
//! a thread holds for a few nanoseconds.

mod chrome;
mod recording;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mini_reactor::{
    BorrowedIo, Directions, Event, GlobalReactor, Observation, ReadyList, Source, System,
};

use recording::Kind::{Readable, Writable};
use recording::{KINDS, nanos};
pub use recording::{Kind, Record, Recording};

/// Counts and records what goes through a reactor, and forwards it unchanged.
///
/// # Examples
///
/// ```standalone_crate
/// use std::time::Duration;
/// use mini_reactor::{Deadline, System};
/// use mini_reactor_trace::{Kind, Trace};
///
/// mini_reactor::global_reactor! {
///     static TRACE: Trace = Trace::new(System::new());
/// }
///
/// TRACE.start(10_000);
/// mini_reactor::block_on(async {
///     let mut nap = Deadline::after(Duration::from_millis(2));
///     std::future::poll_fn(|cx| nap.poll(cx)).await;
/// });
/// assert_eq!(TRACE.counts()[&Kind::TimersExpire], 1);
/// if let Some(recording) = TRACE.stop() {
///     let page = recording.to_html(); // and into a file with it
///     # assert!(page.starts_with("<!doctype html>"));
/// }
/// ```
#[derive(Debug)]
pub struct Trace<R = System> {
    /// Relaxed, all of these: they order nothing.
    counters: [AtomicU64; KINDS.len()],
    asleep_ns: AtomicU64,
    /// Whether there is a recording.
    on: AtomicBool,
    recording: Mutex<Option<Recording>>,
    inner: R,
}

impl<R: GlobalReactor> Trace<R> {
    /// Around `inner`. No system call, no allocation.
    pub const fn new(inner: R) -> Trace<R> {
        Trace {
            counters: [const { AtomicU64::new(0) }; KINDS.len()],
            asleep_ns: AtomicU64::new(0),
            on: AtomicBool::new(false),
            recording: Mutex::new(None),
            inner,
        }
    }

    /// What is traced.
    pub fn inner(&self) -> &R {
        &self.inner
    }

    /// How often each kind of thing has happened so far; all kinds are in it. The numbers are read
    /// one after the other, so two of them may differ by what happened in between.
    pub fn counts(&self) -> BTreeMap<Kind, u64> {
        KINDS.iter().map(|&(kind, ..)| (kind, self.counters[kind as usize].load(Relaxed))).collect()
    }

    /// Time, by the backend's clock, that was spent in turns that might wait.
    pub fn asleep(&self) -> Duration {
        Duration::from_nanos(self.asleep_ns.load(Relaxed))
    }

    /// Ends the recording and gives it; `None` if there is none.
    pub fn stop(&self) -> Option<Recording> {
        self.on.store(false, Relaxed);
        let mut recording = self.recording().take()?;
        // Threads meet in the lock, after they have looked at the clock.
        recording.records.make_contiguous().sort_by_key(|record| record.at);
        Some(recording)
    }

    fn recording(&self) -> MutexGuard<'_, Option<Recording>> {
        self.recording.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a recording that keeps the last `capacity` records, of 40 bytes each, for which it
    /// reserves the memory now, and the names of the sources and threads that these speak of. One
    /// that was under way is forgotten.
    ///
    /// # Panics
    ///
    /// If `capacity` is zero.
    pub fn start(&self, capacity: usize) {
        assert!(capacity > 0, "a recording of no records shows nothing");
        let (records, sources) = (VecDeque::with_capacity(capacity), BTreeMap::new());
        let began = self.inner.now();
        *self.recording() = Some(Recording { records, dropped: 0, sources, began, capacity });
        self.on.store(true, Relaxed);
    }

    /// Counts it, and records it as of `at` or of now.
    fn note(&self, at: Option<Instant>, kind: Kind, subject: u64, value: u64) {
        let times = if matches!(kind, Kind::Wakes | Kind::TimersExpire) { value } else { 1 };
        self.counters[kind as usize].fetch_add(times, Relaxed);
        if self.on.load(Relaxed) {
            self.record(at.unwrap_or_else(|| self.inner.now()), kind, subject, value);
        }
    }

    #[cold]
    fn record(&self, at: Instant, kind: Kind, subject: u64, value: u64) {
        self.recording().iter_mut().for_each(|one| one.record(at, kind, subject, value));
    }

    fn passed(&self, result: io::Result<()>, subject: u64) -> io::Result<()> {
        let code = result.as_ref().err().and_then(io::Error::raw_os_error).unwrap_or(0);
        result.inspect_err(|_| self.note(None, Kind::Fails, subject, code.unsigned_abs().into()))
    }
}

impl<R: GlobalReactor> GlobalReactor for Trace<R> {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        // Before: its first event may come at once, on another thread.
        self.note(None, Kind::Registers, id(source), 0);
        let result = self.inner.register(io, source);
        if result.is_ok() && self.on.load(Relaxed) {
            let name = recording::name(io);
            _ = self.recording().as_mut().map(|one| one.sources.insert(id(source), name));
        }
        self.passed(result, id(source))
    }

    fn rearm(&self, io: BorrowedIo<'_>, of: &Arc<Source>, wanted: Directions) -> io::Result<()> {
        self.note(None, Kind::Rearms, id(of), bits(wanted));
        self.passed(self.inner.rearm(io, of, wanted), id(of))
    }

    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.note(None, Kind::Deregisters, id(source), 0);
        self.passed(self.inner.deregister(io, source), id(source))
    }

    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        let began = self.inner.now();
        self.note(Some(began), Kind::TurnBegins, 0, timeout.map_or(u64::MAX, nanos));
        let before = ready.events().len();
        let result = self.inner.turn(timeout, ready);
        let ended = self.inner.now();
        if timeout != Some(Duration::ZERO) {
            self.asleep_ns.fetch_add(nanos(ended.saturating_duration_since(began)), Relaxed);
        }
        let events = ready.events().get(before..).unwrap_or_default();
        for Event { source, ready, closed, disarmed } in events {
            for (kind, way) in [(Readable, Directions::READ), (Writable, Directions::WRITE)] {
                let flags = u64::from(closed.contains(way)) | u64::from(*disarmed) << 1;
                if (*ready | *closed).contains(way) {
                    self.note(Some(ended), kind, id(source), flags);
                }
            }
        }
        let kind = if events.is_empty() { Kind::TurnEndsEmpty } else { Kind::TurnEnds };
        self.note(Some(ended), kind, 0, events.len() as u64);
        self.passed(result, 0)
    }

    fn notify(&self) {
        self.note(None, Kind::Notifies, 0, 0);
        self.inner.notify();
    }

    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn pollable(&self) -> Option<BorrowedIo<'_>> {
        self.inner.pollable()
    }

    fn observe(&self, observation: Observation<'_>) -> bool {
        use Observation as O;
        let note = |kind, subject, value| self.note(None, kind, subject, value);
        match observation {
            O::Waits { source, direction } => note(Kind::Waits, id(source), bits(direction.into())),
            O::Wakes { source, wakers } => note(Kind::Wakes, id(source), wakers as u64),
            O::TimerSet { timer, at } => {
                let now = self.on.load(Relaxed).then(|| self.inner.now());
                let due = now.map_or(0, |now| nanos(at.saturating_duration_since(now)));
                self.note(now, Kind::TimerSet, timer, due);
            }
            O::TimerDropped { timer } => note(Kind::TimerDropped, timer, 0),
            O::TimersExpire { timers } => note(Kind::TimersExpire, 0, timers as u64),
            O::Parks => note(Kind::Parks, 0, 0),
            O::Unparks { to_drive: false } => note(Kind::Unparks, 0, 0),
            O::Unparks { to_drive: true } => note(Kind::HandedOver, 0, 0),
            _ => {}
        }
        self.inner.observe(observation);
        true
    }
}

fn id(source: &Source) -> u64 {
    source.id() as u64
}

fn bits(of: Directions) -> u64 {
    u64::from(of.contains(Directions::READ)) | u64::from(of.contains(Directions::WRITE)) << 1
}

/// The guide's program, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/timeline.md")]
struct Guide;
