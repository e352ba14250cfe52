//! One I/O object as the core sees it: its readiness, and who waits for that.
//!
//! The fast path (is there anything newer than what I saw? else keep my waker) is here, once, for
//! every backend, and never virtual.
//!
//! # Why no wake-up is lost
//!
//! A waiter W and an event E cross each other only here:
//!
//! - W1 locks the waiters; W2 compares the word with its tick; W3 stores its waker; W4 unlocks.
//! - E1 changes the word (one read-modify-write); E2 locks the waiters; E3 takes the wakers.
//!
//! If E1 precedes W2, W sees a newer count and does not wait. Otherwise E1 comes after W2, so E2
//! comes after W1, and since the lock excludes, after W4: E3 finds the waker of W3. The same holds
//! for failures and for closing, which do both under the lock.
//!
//! The models are `tests/loom_core/waiting.rs`; for one-shot backends and the tokens that keep an
//! object open, `one_shot.rs` and `keep_open.rs` beside it.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::Waker;

use crate::handle::Handle;
use crate::io_object::{Direction, Directions, Twin};
use crate::ready_list::Event;
use crate::sync::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::sync::{AtomicBool, AtomicU8, AtomicU32, Mutex, MutexGuard};
use crate::sys::{AtomicRaw, Raw};
use crate::waiters::{Key, Left, Waiters};
use crate::word::{Tick, Word};

/// The readiness of one I/O object, and who waits for it.
///
/// Made by [`Registration`](crate::Registration), passed to the backend, which keeps a clone and
/// pushes it into the [`ReadyList`](crate::ReadyList) when the object became ready.
pub struct Source {
    pub(crate) id: usize,
    pub(crate) reactor: Handle,
    /// Whether the backend has it. Serialises register, rearm and deregister.
    pub(crate) registration: Mutex<bool>,
    /// What is registered, for `KeepOpen`: the descriptor or socket as a plain number; -1 if
    /// virtual. Set before the backend gets it, and never for another object.
    raw: AtomicRaw,
    /// Where `System` keeps it.
    pub(crate) place: AtomicU32,
    words: [Word; 2],
    waiters: Mutex<Waiters>,
    /// Open `KeepOpen` tokens, and `CLOSED` once no more are given out.
    tokens: AtomicU32,
    /// Successes in a row per direction, and whether short transfers may be believed.
    streaks: [AtomicU8; 2],
    trusted: AtomicBool,
    /// Once the backend has taken the registration.
    registered: AtomicBool,
}

const UNNAMED: Raw = Raw::MIN;

const CLOSED: u32 = 1 << 31;

/// So many successes in a row, then one `Pending`: no task keeps a thread by a busy socket alone.
const STREAK_MAX: u8 = 128;

/// Who waits: a future that takes its waker along when it is dropped, or a `poll_*` call.
pub(crate) enum Waiting<'a> {
    Keyed(&'a mut Key),
    Anonymous,
}

impl Source {
    pub(crate) fn new(reactor: Handle) -> Source {
        Source {
            id: crate::ids::next(),
            reactor,
            registration: Mutex::new(false),
            raw: AtomicRaw::new(UNNAMED),
            place: AtomicU32::new(u32::MAX),
            words: [Word::new(), Word::new()],
            waiters: Mutex::default(),
            tokens: AtomicU32::new(0),
            streaks: [AtomicU8::new(0), AtomicU8::new(0)],
            trusted: AtomicBool::new(false),
            registered: AtomicBool::new(false),
        }
    }

    /// A number that no other source of this process has or had, never zero nor the largest one:
    /// for a backend's own table.
    pub fn id(&self) -> usize {
        self.id
    }

    /// This source is about to be registered for `raw`.
    pub(crate) fn name(&self, raw: Raw) {
        let named = self.raw.swap(raw, Relaxed);
        assert!(
            named == UNNAMED || named == raw,
            "{self:?} was for {named} and is registered for {raw}"
        );
    }

    /// What this source was registered for, or was to be.
    pub(crate) fn raw(&self) -> Option<Raw> {
        Some(self.raw.load(Relaxed)).filter(|raw| *raw != UNNAMED)
    }

    /// The backend says that this object never blocks (a regular file). To be called while it
    /// registers the object: whoever waits already is not woken by this.
    ///
    /// An attempt that reports `WouldBlock` all the same ends with an error of kind `Unsupported`.
    pub fn set_always_ready(&self) {
        self.words.iter().for_each(Word::set_always);
    }

    /// Whether [`set_always_ready`](Source::set_always_ready) was called: a backend that keeps no
    /// such object tells it by this from one that it was never given.
    pub fn is_always_ready(&self) -> bool {
        self.tick(Direction::Read).is_always()
    }

    /// The backend says whether a short transfer on a TCP stream means that there was no more.
    ///
    /// True only where new data gives a new event *and* the end of the stream is reported with
    /// [`push_closed`](crate::ReadyList::push_closed); false again once priority data was seen,
    /// since a read stops at its mark.
    pub fn set_short_is_drained(&self, trusted: bool) {
        self.trusted.store(trusted, Relaxed);
    }

    /// Ends all waits on this source, now and later, with `error`. The first one stays.
    ///
    /// For what ends a source for good: a runtime that shut down, a ring that died.
    pub fn fail(&self, error: io::Error) {
        self.end_with(Some(error));
    }

    /// Ends all waits: the registration is dropped.
    pub(crate) fn end(&self) {
        self.end_with(None);
    }

    fn end_with(&self, error: Option<io::Error>) {
        let mut wakers = Vec::new();
        {
            let mut waiters = self.lock();
            if let Some(error) = error {
                waiters.set_failure(error);
            }
            self.words.iter().for_each(Word::fail);
            waiters.take(Directions::BOTH, &mut wakers);
        }
        crate::wake::all(&mut wakers);
    }

    /// A promise that the object stays open, until the token is dropped.
    ///
    /// For backends whose system demands "open until deleted" (and an `unsafe` block to say so). If
    /// a token is still out when the registration ends, the object is leaked, and that is reported
    /// on standard error, rather than closed. `None`: the registration has ended.
    pub fn keep_open(self: &Arc<Source>) -> Option<KeepOpen> {
        // AcqRel: pairs with the fetch_or of `close_tokens`; a token is given before or never.
        let before = self.tokens.fetch_add(1, AcqRel);
        let token = KeepOpen(Arc::clone(self));
        (before & CLOSED == 0).then_some(token)
    }

    /// No more tokens; how many are still out. AcqRel: see `keep_open`.
    pub(crate) fn close_tokens(&self) -> u32 {
        self.tokens.fetch_or(CLOSED, AcqRel) & !CLOSED
    }

    /// What is known of `direction` now. Two ticks are equal only if nothing was reported between
    /// them.
    #[inline]
    pub fn tick(&self, direction: Direction) -> Tick {
        self.words[direction as usize].tick()
    }

    /// The directions that somebody waits for now: for reports of what a program hangs on.
    pub fn waited_for(&self) -> Directions {
        self.lock().wanted()
    }

    #[inline]
    pub(crate) fn blocked(&self, direction: Direction, seen: Tick) -> bool {
        self.words[direction as usize].blocked(seen)
    }

    #[inline]
    pub(crate) fn drained(&self, direction: Direction, seen: Tick) {
        if self.trusted.load(Relaxed) {
            self.words[direction as usize].drained(seen);
        }
    }

    /// The backend has it. Release: pairs with the Acquire of `is_registered`.
    pub(crate) fn set_registered(&self) {
        self.words.iter().for_each(Word::set_known);
        self.registered.store(true, Release);
    }

    /// Acquire: pairs with the Release of `set_registered`.
    #[inline]
    pub(crate) fn is_registered(&self) -> bool {
        self.registered.load(Acquire)
    }

    /// Counts a success. The count is a hint for fairness, so a lost update does not matter.
    #[inline]
    pub(crate) fn count_success(&self, direction: Direction) {
        let streak = &self.streaks[direction as usize];
        streak.store(streak.load(Relaxed).saturating_add(1), Relaxed);
    }

    /// Starts counting anew; true if this direction has had its share.
    #[inline]
    pub(crate) fn had_its_share(&self, direction: Direction) -> bool {
        let streak = &self.streaks[direction as usize];
        let spent = streak.load(Relaxed) >= STREAK_MAX;
        if spent {
            streak.store(0, Relaxed);
        }
        spent
    }

    #[inline]
    pub(crate) fn end_streak(&self, direction: Direction) {
        self.streaks[direction as usize].store(0, Relaxed);
    }

    /// Waits for an event newer than `seen`. `Ok(None)`: there was one. `Ok(Some(armed))`: the
    /// waker was stored, and `armed` says whether the backend watches this direction already.
    pub(crate) fn wait(
        &self,
        direction: Direction,
        seen: Tick,
        waker: &Waker,
        waiting: Waiting<'_>,
    ) -> io::Result<Option<bool>> {
        let key = match waiting {
            Waiting::Keyed(key) => Some(key),
            Waiting::Anonymous => None,
        };
        let new = waker.clone(); // before the lock: cloning may run anything
        let (left, armed) = {
            let mut waiters = self.lock();
            let now = self.tick(direction);
            if now.is_failed() {
                return Err(failure(&waiters));
            }
            if !now.same_event(seen) {
                return Ok(None);
            }
            let left = waiters.store(direction, key, new);
            (left, waiters.armed.contains(waiters.wanted()))
        };
        match left {
            Left::Nothing => {}
            Left::Replaced(old) => drop(old),
            Left::Crowd(mut wakers) => crate::wake::all(&mut wakers),
        }
        Ok(Some(armed))
    }

    /// What the backend should be asked to watch, if it does not watch that already: the union of
    /// the directions that have waiters. Marks them as watched, so the caller must ask.
    pub(crate) fn to_rearm(&self) -> Option<Directions> {
        let mut waiters = self.lock();
        let wanted = waiters.wanted();
        if waiters.armed.contains(wanted) {
            return None;
        }
        waiters.armed = wanted;
        Some(wanted)
    }

    /// The backend could not be asked: nothing is watched, as far as is known. Whoever relies on
    /// the contrary wakes, to ask again and to get the error.
    pub(crate) fn disarm(&self) {
        let mut wakers = Vec::new();
        {
            let mut waiters = self.lock();
            waiters.armed = Directions::NONE;
            waiters.take(Directions::BOTH, &mut wakers);
        }
        crate::wake::all(&mut wakers);
    }

    /// What is registered in place of the object, once the object was lent out between waits.
    pub(crate) fn twin(&self) -> Option<Arc<Twin>> {
        self.lock_if_free_here()?.twin().cloned()
    }

    pub(crate) fn set_twin(&self, twin: Twin) {
        self.lock().set_twin(twin);
    }

    pub(crate) fn close_twin(&self) {
        let twin = self.lock_if_free_here().and_then(|mut waiters| waiters.take_twin());
        drop(twin); // without the lock
    }

    /// In a forked child the lock may be held for ever: there, only if it is free.
    fn lock_if_free_here(&self) -> Option<MutexGuard<'_, Waiters>> {
        match self.reactor.check_fork() {
            Ok(()) => Some(self.lock()),
            Err(_) => self.waiters.try_lock().ok(),
        }
    }

    /// Forgets the waker of a future. Not in a forked child, where the lock may be held for ever.
    pub(crate) fn forget(&self, direction: Direction, key: Key) {
        if self.reactor.check_fork().is_err() {
            return;
        }
        let waker = self.lock().remove(direction, key);
        drop(waker); // without the lock: dropping a waker may run anything
    }

    /// One event of a turn: moves the words, then moves the wakers out.
    pub(crate) fn apply(&self, event: &Event, wakers: &mut Vec<Waker>) {
        let ready = event.ready | event.closed;
        for direction in Direction::ALL {
            if ready.contains(direction) {
                self.words[direction as usize].event(event.closed.contains(direction));
            }
        }
        let mut waiters = self.lock();
        let woken = if event.disarmed {
            waiters.armed = Directions::NONE;
            Directions::BOTH
        } else {
            ready
        };
        waiters.take(woken, wakers);
    }

    /// The error that ended this source.
    pub(crate) fn error(&self) -> io::Error {
        self.reactor.check_fork().err().unwrap_or_else(|| failure(&self.lock()))
    }

    fn lock(&self) -> MutexGuard<'_, Waiters> {
        self.waiters.lock().expect("no code that can panic runs under this lock")
    }
}

/// An `io::Error` cannot be cloned; each waiter gets one of the same kind that names the same
/// cause.
fn failure(waiters: &Waiters) -> io::Error {
    match waiters.failure() {
        Some(error) => io::Error::new(error.kind(), SharedError(Arc::clone(error))),
        None => io::Error::new(io::ErrorKind::NotConnected, "the registration was dropped"),
    }
}

#[derive(Debug)]
struct SharedError(Arc<io::Error>);

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for SharedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("id", &self.id)
            .field("read", &self.tick(Direction::Read))
            .field("write", &self.tick(Direction::Write))
            .finish_non_exhaustive()
    }
}

/// The promise of [`Source::keep_open`]; dropping it gives the promise back.
#[derive(Debug)]
pub struct KeepOpen(pub(crate) Arc<Source>);

impl Drop for KeepOpen {
    fn drop(&mut self) {
        // Release: what the backend did with the object comes before its closing (`close_tokens`).
        self.0.tokens.fetch_sub(1, Release);
    }
}
