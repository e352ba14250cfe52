//! Who is hungry, and how a job changes hands.
//!
//! A worker that has run out of work writes a [`Wish`] down here and sleeps. A busy worker looks at
//! one word at each join and each spawn; if somebody is hungry it takes the oldest job out of its
//! own list and hands it over: into the sleeper's [`Place`], under the lock of the wishes, then it
//! wakes the sleeper. Nothing is ever taken from a worker, so its list needs no atomics; and while
//! nobody is hungry, the word does not change, and reading it costs next to nothing.
//!
//! # The word
//!
//! Zero while nothing is wanted. Otherwise: the number of wishes (bits 0 to 15), what busy workers
//! should see to ([`TASKS`], [`EVENTS`]), whether a sleeper waits for events, and a count of
//! changes (from bit 32 on), so that a worker that looked and could not help is not asked again
//! until something is new. It is written under the lock only.
//!
//! # No wish and no work is overlooked
//!
//! 1. A hungry worker adds its wish (lock), then looks at every queue that it could take from, then
//!    sleeps. Who adds to a queue does that first, then calls a sleeper (lock). The one that comes
//!    second to the lock finds what the other has done.
//! 2. A wish leaves the list in one of three ways, all under the lock: a job is handed over, the
//!    sleeper is called, or it withdraws. So a withdrawn place is either empty for good, or holds a
//!    job that its owner finds right after.
//! 3. Jobs in the lists of busy workers are nobody's duty but theirs: each runs or hands over what
//!    it has, and before it sleeps itself it makes public what is left (`pool.rs`). A hungry worker
//!    that is overlooked for a while costs speed, and nothing else.
//!
//! The models are `tests/loom_pool/changing_hands.rs`, `sleeping.rs` and `serving.rs` beside it.

use std::fmt;
use std::sync::Arc;
use std::task::Waker;

use crate::sync::{AtomicBool, AtomicU64, Mutex, MutexGuard, Ordering, PoisonError};

/// Set while there are tasks to poll and nobody sleeps who could be woken for them; unset by the
/// first worker that finds none.
pub(crate) const TASKS: u64 = 1 << 16;
/// Set while there are sources of events, as far as is known.
pub(crate) const EVENTS: u64 = 1 << 17;
/// Set while a sleeper waits for events.
const DRIVEN: u64 = 1 << 18;

const COUNT: u64 = TASKS - 1;
const CHANGE: u64 = 1 << 32;

/// Whether somebody was hungry when the word was read.
pub(crate) fn is_wanted(word: u64) -> bool {
    word & COUNT != 0
}

/// Whether a sleeper waited for events when the word was read.
pub(crate) fn is_driven(word: u64) -> bool {
    word & DRIVEN != 0
}

/// What a sleeping worker would take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish<R> {
    /// Only jobs within this; `None`: anything.
    pub(crate) within: Option<R>,
    /// Whether it would poll tasks.
    pub(crate) tasks: bool,
    /// Whether a job may be left with it. Not with who may never look: it is only called.
    pub(crate) jobs: bool,
}

/// Whom to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// Somebody who takes anything.
    Anything,
    /// Somebody who polls tasks, one who takes anything rather than one who waits for something.
    Tasks,
}

/// Where a job is left for a sleeper.
pub(crate) struct Place<T> {
    /// Whether the wish may still be in the list: a hint that spares the lock. True from before it
    /// is added until after it is taken out.
    wishing: AtomicBool,
    /// Whether there is a job: likewise.
    full: AtomicBool,
    job: Mutex<Option<T>>,
}

impl<T> Place<T> {
    pub(crate) fn new() -> Place<T> {
        Place {
            wishing: AtomicBool::new(false),
            full: AtomicBool::new(false),
            job: Mutex::new(None),
        }
    }

    /// Whether there is a job. Acquire: pairs with the Release in `put`.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.full.load(Ordering::Acquire)
    }

    /// Whether the owner's wish is still in the list, as far as can be said without the lock.
    #[inline]
    pub(crate) fn is_wishing(&self) -> bool {
        self.wishing.load(Ordering::Relaxed)
    }

    /// Takes the job. To be called by the owner.
    pub(crate) fn take(&self) -> Option<T> {
        if !self.is_full() {
            return None;
        }
        let mut place = lock(&self.job);
        self.full.store(false, Ordering::Relaxed);
        place.take()
    }

    /// Takes the job if it is the one that `wanted` says yes to. By who left it, before the sleeper
    /// has come for it.
    pub(crate) fn take_back(&self, wanted: impl FnOnce(&T) -> bool) -> Option<T> {
        if !self.is_full() {
            return None;
        }
        let mut place = lock(&self.job);
        let job = place.take_if(|job| wanted(job));
        if job.is_some() {
            self.full.store(false, Ordering::Relaxed);
        }
        job
    }

    /// Leaves a job. Release: pairs with `is_full`.
    fn put(&self, job: T) {
        let mut place = lock(&self.job);
        debug_assert!(place.is_none(), "a wish is taken out with the first job");
        *place = Some(job);
        self.full.store(true, Ordering::Release);
    }
}

struct Request<T, R> {
    place: Arc<Place<T>>,
    waker: Waker,
    wish: Wish<R>,
    /// Whether it waits for events.
    drives: bool,
}

impl<T, R> Request<T, R> {
    /// Says that the wish is out of the list, when all that follows from it is done; returns whom
    /// to wake. While the lock is held: the owner's next wish comes after. Release: pairs with
    /// `withdraw`, which then finds the job, if there is one.
    fn done(self) -> Waker {
        self.place.wishing.store(false, Ordering::Release);
        self.waker
    }
}

struct State<T, R> {
    /// The newest is the last, and the first to be served: what it needs is still in its caches.
    requests: Vec<Request<T, R>>,
    flags: u64,
    changes: u64,
}

/// Alone in its cache line (two, because they are fetched in pairs): what all read all the time
/// should not have a neighbour that somebody writes.
#[repr(align(128))]
struct Alone<T>(T);

/// The wishes of a pool's sleeping workers.
pub(crate) struct Demand<T, R> {
    word: Alone<AtomicU64>,
    state: Mutex<State<T, R>>,
}

impl<T, R: Copy> Demand<T, R> {
    pub(crate) fn new() -> Demand<T, R> {
        let state = State { requests: Vec::new(), flags: 0, changes: 0 };
        Demand { word: Alone(AtomicU64::new(0)), state: Mutex::new(state) }
    }

    /// The word, to be compared with what it was before. Relaxed: who overlooks a change sees it
    /// the next time; whoever must not looks under the lock.
    #[inline(always)]
    pub(crate) fn word(&self) -> u64 {
        self.word.0.load(Ordering::Relaxed)
    }

    /// Adds a wish. The caller looks at its queues once more, then sleeps, and then
    /// [withdraws](Demand::withdraw).
    pub(crate) fn ask(&self, place: &Arc<Place<T>>, waker: Waker, wish: Wish<R>) {
        let mut state = self.lock();
        place.wishing.store(true, Ordering::Relaxed);
        state.requests.push(Request { place: place.clone(), waker, wish, drives: false });
        self.changed(state);
    }

    /// Whether who asked here, one of so many workers, is to wait for events: if it must, or if all
    /// others sleep too.
    pub(crate) fn drives(&self, place: &Arc<Place<T>>, workers: usize, must: bool) -> bool {
        let mut state = self.lock();
        let drives = must || state.requests.len() >= workers;
        let own = state.requests.iter_mut().find(|request| Arc::ptr_eq(&request.place, place));
        if let Some(own) = own.filter(|_| drives) {
            own.drives = true;
            self.changed(state);
        }
        drives
    }

    /// Takes a wish back. Afterwards the place is either empty, and stays so, or has a job.
    /// Acquire: pairs with the Release in `Request::done`.
    pub(crate) fn withdraw(&self, place: &Arc<Place<T>>) {
        if !place.wishing.load(Ordering::Acquire) {
            return;
        }
        let mut state = self.lock();
        let at = state.requests.iter().position(|request| Arc::ptr_eq(&request.place, place));
        if let Some(at) = at {
            let request = state.requests.remove(at);
            request.place.wishing.store(false, Ordering::Relaxed); // this thread asks
            self.changed(state);
            drop(request); // without the lock: dropping a waker may run anything
        }
    }

    /// Hands a job over: `choose` is asked for one, wish by wish, until there is one. Returns whom
    /// to wake, and where it was left.
    pub(crate) fn hand_over(
        &self,
        mut choose: impl FnMut(Wish<R>) -> Option<T>,
    ) -> Option<(Waker, Arc<Place<T>>)> {
        let mut state = self.lock();
        let (at, job) = (0..state.requests.len()).rev().find_map(|at| {
            let wish = state.requests[at].wish;
            let job = if wish.jobs { choose(wish) } else { None };
            Some((at, job?))
        })?;
        let request = state.requests.remove(at);
        request.place.put(job);
        let place = request.place.clone();
        let waker = request.done();
        self.changed(state);
        Some((waker, place))
    }

    /// Takes out the newest wish of those that jobs are not left with. Returns whom to wake.
    pub(crate) fn call_for_public(&self) -> Option<Waker> {
        let state = self.lock();
        let at = state.requests.iter().rposition(|request| !request.wish.jobs);
        at.map(|at| self.take_out(state, at))
    }

    /// Takes out the wish of somebody who should look at the queues. Returns whom to wake; if there
    /// is nobody, sets `otherwise`.
    pub(crate) fn call(&self, whom: Call, otherwise: u64) -> Option<Waker> {
        let mut state = self.lock();
        let requests = &state.requests;
        let anything = requests.iter().rposition(|request| request.wish.within.is_none());
        let at = match whom {
            Call::Anything => anything,
            Call::Tasks => anything.or(requests.iter().rposition(|request| request.wish.tasks)),
        };
        if let Some(at) = at {
            return Some(self.take_out(state, at));
        }
        if otherwise & !state.flags != 0 {
            state.flags |= otherwise;
            self.changed(state);
        }
        None
    }

    /// Takes out the wish of somebody who could take a job that is `within` what it waits for.
    /// Returns whom to wake.
    pub(crate) fn call_for(&self, mut within: impl FnMut(R) -> bool) -> Option<Waker> {
        let state = self.lock();
        let requests = &state.requests;
        // Who waits for it rather than who takes anything: the other may never look.
        let at = requests
            .iter()
            .rposition(|request| request.wish.within.is_some_and(&mut within))
            .or_else(|| requests.iter().rposition(|request| request.wish.within.is_none()));
        at.map(|at| self.take_out(state, at))
    }

    /// Takes out the wish of this place. Returns whom to wake.
    pub(crate) fn call_at(&self, place: &Arc<Place<T>>) -> Option<Waker> {
        let state = self.lock();
        let at = state.requests.iter().position(|request| Arc::ptr_eq(&request.place, place));
        at.map(|at| self.take_out(state, at))
    }

    /// Takes out all wishes. Returns whom to wake.
    pub(crate) fn call_all(&self) -> Vec<Waker> {
        let mut state = self.lock();
        let requests = std::mem::take(&mut state.requests);
        let wakers = requests.into_iter().map(Request::done).collect();
        self.changed(state);
        wakers
    }

    fn take_out(&self, mut state: MutexGuard<'_, State<T, R>>, at: usize) -> Waker {
        let waker = state.requests.remove(at).done();
        self.changed(state);
        waker
    }

    /// Sets flags.
    pub(crate) fn set(&self, flags: u64) {
        let mut state = self.lock();
        if flags & !state.flags != 0 {
            state.flags |= flags;
            self.changed(state);
        }
    }

    /// Unsets flags.
    pub(crate) fn unset(&self, flags: u64) {
        let mut state = self.lock();
        if state.flags & flags != 0 {
            state.flags &= !flags;
            self.changed(state);
        }
    }

    /// Writes the word anew.
    fn changed(&self, mut state: MutexGuard<'_, State<T, R>>) {
        state.changes = state.changes.wrapping_add(CHANGE);
        let driven = state.requests.iter().any(|request| request.drives);
        let driven = if driven { DRIVEN } else { 0 };
        let wanted = (state.requests.len() as u64).min(COUNT) | state.flags | driven;
        let word = if wanted == 0 { 0 } else { state.changes | wanted };
        self.word.0.store(word, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State<T, R>> {
        lock(&self.state)
    }
}

/// Nothing panics under these locks; a poisoned one is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T, R> fmt::Debug for Demand<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Demand").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Place<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").finish_non_exhaustive()
    }
}
