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
//! records in memory that is reserved once, and is written as a page with a timeline
//! ([`Recording::write_html`]) or for the viewers of Chrome's traces, such as Perfetto
//! ([`Recording::write_chrome`]).
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
//! | counting | 1.01 (0.97–1.11) | 1.01 (0.89–1.18) | 0.99 (0.95–1.05) | 1.08 (1.03–1.18) |
//! | recording | 1.03 (0.96–1.13) | 1.08 (0.96–1.16) | 1.02 (0.93–1.08) | 1.99 (1.92–2.07) |
//!
//! A counter is one atomic addition. A record takes about 45 ns, of which most is a look at the
//! clock; a timer that is set and dropped makes two. No system call is added, except two when an
//! object is registered during a recording: they ask for its name. Records share one lock, which
//! a thread holds for a few nanoseconds.

mod chrome;
mod names;
mod recording;

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mini_reactor::{
    BorrowedIo, Direction, Directions, Event, GlobalReactor, Observation, ReadyList, Source, System,
};

use recording::KINDS;
pub use recording::{Counts, Kind, Record, Recording};

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
/// assert_eq!(TRACE.counts()[Kind::TimersExpire], 1);
/// if let Some(recording) = TRACE.stop() {
///     let mut page = Vec::new(); // or a file
///     recording.write_html(&mut page)?;
/// }
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Trace<R = System> {
    /// Relaxed, all of these: they order nothing.
    counters: [AtomicU64; KINDS],
    asleep_ns: AtomicU64,
    /// Whether there is a recording.
    on: AtomicBool,
    recording: Mutex<Option<Recording>>,
    inner: R,
}

impl<R> Trace<R> {
    /// Around `inner`. No system call, no allocation.
    pub const fn new(inner: R) -> Trace<R> {
        Trace {
            counters: [const { AtomicU64::new(0) }; KINDS],
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

    /// How often everything has happened so far. The numbers are read one after the other, so two
    /// of them may differ by what happened in between.
    pub fn counts(&self) -> Counts {
        Counts {
            kinds: self.counters.each_ref().map(|counter| counter.load(Relaxed)),
            asleep: Duration::from_nanos(self.asleep_ns.load(Relaxed)),
        }
    }

    /// Ends the recording and gives it; `None` if there is none.
    pub fn stop(&self) -> Option<Recording> {
        self.on.store(false, Relaxed);
        let mut recording = self.recording().take()?;
        recording.threads = names::threads();
        // Threads meet in the lock, after they have looked at the clock.
        recording.records.make_contiguous().sort_by_key(|record| record.at);
        Some(recording)
    }

    fn recording(&self) -> MutexGuard<'_, Option<Recording>> {
        self.recording.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: GlobalReactor> Trace<R> {
    /// Begins a recording that keeps the last `capacity` records, of 32 bytes each, for which it
    /// reserves the memory now, and so many names of sources. One that was under way is forgotten.
    ///
    /// # Panics
    ///
    /// If `capacity` is zero.
    pub fn start(&self, capacity: usize) {
        assert!(capacity > 0, "a recording of no records shows nothing");
        *self.recording() = Some(Recording {
            began: self.inner.now(),
            capacity,
            records: VecDeque::with_capacity(capacity),
            dropped: 0,
            threads: Vec::new(),
            objects: VecDeque::new(),
        });
        self.on.store(true, Relaxed);
    }

    fn note(&self, kind: Kind, subject: u64, value: u64) {
        self.note_at(None, kind, subject, value);
    }

    #[inline]
    fn note_at(&self, at: Option<Instant>, kind: Kind, subject: u64, value: u64) {
        let times = if matches!(kind, Kind::Wakes | Kind::TimersExpire) { value } else { 1 };
        self.counters[kind as usize].fetch_add(times, Relaxed);
        if self.on.load(Relaxed) {
            self.record(at.unwrap_or_else(|| self.inner.now()), kind, subject, value);
        }
    }

    #[cold]
    fn record(&self, at: Instant, kind: Kind, subject: u64, value: u64) {
        let thread = names::this_thread();
        if let Some(recording) = &mut *self.recording() {
            let at = nanos(at.saturating_duration_since(recording.began));
            recording.push(Record { at, thread, kind, subject, value });
        }
    }

    fn passed(&self, result: io::Result<()>, subject: u64) -> io::Result<()> {
        if let Err(error) = &result {
            let code = error.raw_os_error().unwrap_or(0);
            self.note(Kind::Fails, subject, u64::from(code.unsigned_abs()));
        }
        result
    }

    fn event(&self, at: Instant, event: &Event) {
        for (direction, kind) in
            [(Direction::Read, Kind::Readable), (Direction::Write, Kind::Writable)]
        {
            if event.ready.contains(direction) {
                let ends = u64::from(event.closed.contains(direction));
                let value = ends | u64::from(event.disarmed) << 1;
                self.note_at(Some(at), kind, id(&event.source), value);
            }
        }
    }
}

impl<R: GlobalReactor> GlobalReactor for Trace<R> {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        // Before: its first event may come at once, on another thread.
        self.note(Kind::Registers, id(source), 0);
        if self.on.load(Relaxed) {
            let name = names::object(io);
            self.recording().iter_mut().for_each(|recording| recording.call(id(source), &name));
        }
        self.passed(self.inner.register(io, source), id(source))
    }

    fn rearm(
        &self,
        io: BorrowedIo<'_>,
        source: &Arc<Source>,
        wanted: Directions,
    ) -> io::Result<()> {
        self.note(Kind::Rearms, id(source), bits(wanted));
        self.passed(self.inner.rearm(io, source, wanted), id(source))
    }

    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let result = self.inner.deregister(io, source);
        self.note(Kind::Deregisters, id(source), 0);
        self.passed(result, id(source))
    }

    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        let began = self.inner.now();
        self.note_at(Some(began), Kind::TurnBegins, 0, timeout.map_or(u64::MAX, nanos));
        let before = ready.events().len();
        let result = self.inner.turn(timeout, ready);
        let ended = self.inner.now();
        if timeout != Some(Duration::ZERO) {
            let asleep = nanos(ended.saturating_duration_since(began));
            self.asleep_ns.fetch_add(asleep, Relaxed);
        }
        let events = ready.events().get(before..).unwrap_or_default();
        events.iter().for_each(|event| self.event(ended, event));
        let kind = if events.is_empty() { Kind::TurnEndsEmpty } else { Kind::TurnEnds };
        self.note_at(Some(ended), kind, 0, events.len() as u64);
        self.passed(result, 0)
    }

    fn notify(&self) {
        self.note(Kind::Notifies, 0, 0);
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
        match observation {
            O::Waits { source, direction } => {
                self.note(Kind::Waits, id(source), bits(direction.into()));
            }
            O::Wakes { source, wakers } => self.note(Kind::Wakes, id(source), wakers as u64),
            O::TimerSet { timer, at } => {
                let now = self.on.load(Relaxed).then(|| self.inner.now());
                let due = now.map_or(0, |now| nanos(at.saturating_duration_since(now)));
                self.note_at(now, Kind::TimerSet, timer, due);
            }
            O::TimerDropped { timer } => self.note(Kind::TimerDropped, timer, 0),
            O::TimersExpire { timers } => self.note(Kind::TimersExpire, 0, timers as u64),
            O::Parks => self.note(Kind::Parks, 0, 0),
            O::Unparks { to_drive: false } => self.note(Kind::Unparks, 0, 0),
            O::Unparks { to_drive: true } => self.note(Kind::HandedOver, 0, 0),
            _ => {}
        }
        self.inner.observe(observation);
        true
    }
}

fn id(source: &Source) -> u64 {
    source.id() as u64
}

fn bits(directions: Directions) -> u64 {
    u64::from(directions.contains(Directions::READ))
        | u64::from(directions.contains(Directions::WRITE)) << 1
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The guide's program, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/timeline.md")]
struct Guide;
