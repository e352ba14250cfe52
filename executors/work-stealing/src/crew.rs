//! The crew: which threads run tasks, which sleep, which of those are to be woken, and who watches.
//!
//! Everything rests on one word. It counts the workers that run and those that sleep, and says
//! whether one of the sleepers watches. Each change of it is a read-modify-write, so any two are
//! ordered, and who comes second acts on what the first has done.
//!
//! # Words and who changes them
//!
//! | word | says | changed by |
//! |---|---|---|
//! | `word`, `RUNNING` | workers that run, or look for work, or poll the future of a `run`; or have left their thread with tasks in their queue | each for itself |
//! | `word`, `ASLEEP` | workers that sleep in a `block_on` | each for itself |
//! | `word`, `WATCH` | one of the sleepers watches, or was told to and is still counted as asleep | see below |
//! | `word`, `WAITING` | somebody waits who has no place to sleep: a `run` or `tick` under a foreign `block_on` | under the lock of `waiters` |
//! | `word`, `CLOSED` | the executor is gone | its destructor |
//! | `asleep`, a bit per slot | sleeps, and nobody has claimed it | set by its worker, cleared by who wakes it |
//! | `searching` | sleepers that were claimed and have not found work yet, nor given up; may be below zero for a moment | plus one by who wakes, minus one by who was woken |
//!
//! # No wake-up is lost
//!
//! *From outside.* A thread that is no worker puts a task into the injector, then changes `word`
//! (by nothing), then looks. A worker that finds nothing to do changes `word` to say that it
//! sleeps, then looks at the injector once more, inside `Parker::park`. If the change of the one
//! that pushes comes first, the worker's look finds the task. If it comes second, it sees the
//! sleeper. Then it claims one and wakes it; or finds that all are claimed already, and those come
//! by the injector before they sleep again; or that somebody is *searching*, and leaves it to them.
//! It reads `searching` by a read-modify-write: if that comes before the searcher's own change, the
//! searcher, which looks at the injector once more after it (`searched`, `fall_asleep`), finds the
//! task.
//!
//! *From inside.* What a worker pushes into its own queue it finds itself: it does not sleep before
//! its queues are empty. Waking others for it is a matter of speed, and a relaxed look is enough.
//! That nothing stays behind a long poll is the watcher's business.
//!
//! *Those who wait without a place to sleep* register under the lock, say so in `word`, and look
//! once more at all queues. The newest is woken first, because one that somebody keeps but never
//! polls again has an old registration. One that is dropped after it was woken wakes another.
//!
//! # The watch
//!
//! Two things must not last while a worker sleeps: that nobody drives the reactor because the
//! driver is busy with a poll, and that a task is queued behind such a poll. Waking a sleeper each
//! time would cost more than most polls take. So one of the sleepers *watches*: it sleeps with a
//! limit, and looks (`watch.rs`). There is a watcher whenever a worker runs and another sleeps and
//! one of these two things is the case:
//!
//! - Who falls asleep while others run becomes the watcher if there is none; the same change of
//!   `word` says both.
//! - Who leaves the driver's role, if only after a look in passing, or queues a task behind the one
//!   it runs, looks for `WATCH` and `ASLEEP`. If there are sleepers and no watcher, it appoints
//!   one: it sets `WATCH`, which one worker alone succeeds in; tells a sleeper (`told`); and then
//!   sees that this one's bit is still set. If not, it takes the telling back, and if that fails
//!   the sleeper has seen it.
//! - Who queues more than that wakes a sleeper to take a half. That one may find other work on its
//!   way, so when it has ended its search, it appoints a watcher if there is none.
//! - A watcher that wakes up clears `WATCH` with the change that says that it runs. If others run
//!   and others sleep, it appoints another.
//! - A watcher that finds nothing to watch clears `WATCH`. If no worker runs then, nothing is
//!   missed: who wakes up from now on changes `word`, and sees that there is no watcher. If one
//!   runs, the watcher sleeps with the limit once more, and looks again. A driver that leaves
//!   changes `word` after it has left, so it sees that there is no watcher, or the one that was
//!   has seen it leave. But to queue a task is no change of `word`: the worker may have looked
//!   just before `WATCH` was cleared. If it is still in the poll of which the watcher knew, the
//!   second look finds that task, for a period has passed since; if anything has moved, the
//!   watcher watches again.
//!
//! Threads of one executor may sleep in several reactors. Then a watcher may be one that cannot
//! take the role that was left, so each worker hands over as soon as it wakes up or has looked in
//! passing (`Shared::is_mixed`); the watcher is left with the tasks.
//!
//! The models are in `tests/loom_executor`: `pushing.rs` for what comes from outside, `stuck.rs`
//! for the watch.

use std::collections::BTreeMap;
use std::fmt;
use std::task::Waker;

use crate::local::Backlog;
use crate::slots::{Chunk, Slot, Slots};
use crate::sync::{AtomicIsize, AtomicU64, Mutex, MutexGuard, Ordering, PoisonError};

const RUNNING: u64 = 1;
const ASLEEP: u64 = 1 << 20;
const COUNT: u64 = ASLEEP - 1;
const WAITING: u64 = 1 << 40;
const WATCH: u64 = 1 << 41;
const CLOSED: u64 = 1 << 42;

/// Somebody sleeps or waits.
const SOMEBODY: u64 = WAITING + COUNT * ASLEEP;

/// How dear it is to wake a sleeper: of those on the futex, first who does not watch; the driver
/// last, because that ends its turn.
pub(crate) mod rank {
    pub(crate) const BESIDE: u8 = 0;
    pub(crate) const WATCHES: u8 = 1;
    pub(crate) const DRIVES: u8 = 2;
}

/// What `word` said at some moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen(u64);

impl Seen {
    fn running(self) -> u64 {
        self.0 & COUNT
    }

    fn asleep(self) -> u64 {
        (self.0 / ASLEEP) & COUNT
    }

    /// Whether workers sleep and none of them watches.
    fn is_unwatched(self) -> bool {
        self.asleep() > 0 && self.0 & WATCH == 0
    }

    /// Whether somebody is there to take work over.
    #[inline]
    pub(crate) fn somebody(self) -> bool {
        self.0 & SOMEBODY != 0
    }

    /// Whether somebody is there to take work over who could not watch.
    #[inline]
    pub(crate) fn only_waiting(self) -> bool {
        self.0 & WAITING != 0 && self.asleep() == 0
    }
}

#[derive(Default)]
pub(crate) struct Crew {
    word: AtomicU64,
    searching: AtomicIsize,
    pub(crate) slots: Slots,
    waiters: Mutex<Waiters>,
}

/// Wakers of those who wait without a place to sleep. Keys grow: the newest is the last.
#[derive(Default)]
struct Waiters {
    wakers: BTreeMap<u64, Waker>,
    next_key: u64,
}

impl Crew {
    /// What the word says, as far as can be said without ordering anything.
    #[inline]
    pub(crate) fn seen(&self) -> Seen {
        Seen(self.word.load(Ordering::Relaxed))
    }

    /// This thread runs tasks from now on. AcqRel: orders this among all changes of the word.
    pub(crate) fn begin(&self) {
        self.word.fetch_add(RUNNING, Ordering::AcqRel);
    }

    /// And does not any more. AcqRel: as above.
    pub(crate) fn end(&self) {
        self.word.fetch_sub(RUNNING, Ordering::AcqRel);
    }

    /// A worker is about to park. True: it is the watcher.
    pub(crate) fn fall_asleep(&self, number: usize) -> bool {
        let (chunk, place) = self.slots.chunk(number);
        chunk.asleep.fetch_or(1 << place, Ordering::Relaxed); // released by the next
        let mut watches = false;
        self.change(|seen| {
            watches = seen.running() > 1 && seen.0 & WATCH == 0;
            (seen.0 - RUNNING + ASLEEP) | if watches { WATCH } else { 0 }
        });
        watches
    }

    /// A worker is back from parking, and will run tasks. `watches`: it was the watcher;
    /// `concerned`: it has left the role of the driver, or had not quite ended its watch. True: it
    /// was claimed, and has to search.
    pub(crate) fn wake_up(&self, number: usize, watches: bool, concerned: bool) -> bool {
        let (chunk, place) = self.slots.chunk(number);
        let slot = self.slots.get(number);
        // AcqRel: acquires what who claimed or told this worker did before.
        let claimed = chunk.asleep.fetch_and(!(1 << place), Ordering::AcqRel) >> place & 1 == 0;
        let watches = watches | self.is_told(slot);
        let seen = self.change(|seen| {
            let word = seen.0 + RUNNING - ASLEEP;
            if watches { word & !WATCH } else { word }
        });
        let unwatched = watches || seen.0 & WATCH == 0;
        // Who falls asleep after this change sees a worker that runs and no watcher, and watches.
        let role = concerned && seen.asleep() > 1;
        let tasks = watches && seen.running() > 0;
        if unwatched && (role || tasks) {
            self.appoint();
        }
        claimed
    }

    /// A worker that goes on running has left the role of the driver.
    pub(crate) fn left_role(&self) {
        // AcqRel: orders this among all changes of the word.
        if Seen(self.word.fetch_or(0, Ordering::AcqRel)).is_unwatched() {
            self.appoint();
        }
    }

    /// Whether this worker was told to watch; it is now the one who knows.
    pub(crate) fn is_told(&self, slot: &Slot) -> bool {
        // Relaxed: whoever told it has looked at its bit since, see `appoint`.
        slot.told.load(Ordering::Relaxed) && slot.told.swap(false, Ordering::Relaxed)
    }

    /// Whether somebody has claimed this sleeping worker.
    pub(crate) fn is_claimed(&self, number: usize) -> bool {
        let (chunk, place) = self.slots.chunk(number);
        chunk.asleep.load(Ordering::Relaxed) >> place & 1 == 0
    }

    /// A worker that was claimed has found work, or there is none. True: nobody else searches, so
    /// what is left is this worker's to pass on. AcqRel: see the head of this file.
    pub(crate) fn searched(&self) -> bool {
        let last = self.searching.fetch_sub(1, Ordering::AcqRel) <= 1;
        let seen = self.seen();
        if seen.running() > 1 && seen.is_unwatched() {
            self.appoint(); // who relied on the search may have been passed by
        }
        last
    }

    /// A task was put into the injector. False: the executor is gone.
    pub(crate) fn pushed_outside(&self) -> bool {
        // AcqRel: see the head of this file; the same for `searching`.
        let seen = Seen(self.word.fetch_or(0, Ordering::AcqRel));
        let somebody = seen.asleep() > 0 || seen.0 & WAITING != 0;
        if somebody && self.searching.fetch_add(0, Ordering::AcqRel) <= 0 {
            self.wake_one();
        }
        seen.0 & CLOSED == 0
    }

    /// A worker has tasks in its own queues, beside the one that it runs.
    #[inline]
    pub(crate) fn queued(&self, seen: Seen, backlog: Backlog) {
        if backlog != Backlog::Nothing && seen.somebody() {
            self.share(seen, backlog);
        }
    }

    fn share(&self, seen: Seen, backlog: Backlog) {
        let much = backlog == Backlog::Much && self.searching.load(Ordering::Relaxed) <= 0;
        if much || seen.only_waiting() {
            self.wake_one();
        } else if seen.is_unwatched() {
            self.appoint();
        }
    }

    /// Wakes a sleeper that nobody has claimed; or else, of those who wait, the newest.
    pub(crate) fn wake_one(&self) {
        while let Some((chunk, bit, slot)) = self.cheapest() {
            // AcqRel: whoever clears the bit has the claim.
            if chunk.asleep.fetch_and(!bit, Ordering::AcqRel) & bit != 0 {
                self.searching.fetch_add(1, Ordering::AcqRel);
                slot.unpark();
                return;
            }
        }
        let waker = {
            let mut waiters = self.waiters();
            let newest = waiters.wakers.pop_last();
            self.mark(&waiters);
            newest
        };
        if let Some((_, waker)) = waker {
            waker.wake();
        }
    }

    /// The sleeper that is cheapest to wake.
    fn cheapest(&self) -> Option<(&Chunk, u64, &Slot)> {
        let mut best: Option<(u8, &Chunk, u64, &Slot)> = None;
        for chunk in self.slots.chunks() {
            for (bit, slot) in chunk.of_bits(chunk.asleep.load(Ordering::Relaxed)) {
                let rank = slot.rank.load(Ordering::Relaxed);
                if rank == rank::BESIDE {
                    return Some((chunk, bit, slot));
                }
                if best.is_none_or(|(other, ..)| rank < other) {
                    best = Some((rank, chunk, bit, slot));
                }
            }
        }
        best.map(|(_, chunk, bit, slot)| (chunk, bit, slot))
    }

    /// Makes a sleeper the watcher, if there is none. If nobody sleeps who could, somebody who
    /// waits is woken to take what is queued.
    #[cold]
    pub(crate) fn appoint(&self) {
        // AcqRel: orders this among all changes of the word.
        while self.word.fetch_or(WATCH, Ordering::AcqRel) & WATCH == 0 {
            while let Some((chunk, bit, slot)) = self.cheapest() {
                slot.told.store(true, Ordering::Relaxed); // released by the next
                // AcqRel: the sleeper clears its bit first and looks whether it was told second.
                if chunk.asleep.fetch_or(0, Ordering::AcqRel) & bit != 0 {
                    return slot.unpark();
                }
                if !slot.told.swap(false, Ordering::AcqRel) {
                    return; // it has seen that
                }
            }
            // All have woken up, or are about to. Who falls asleep from now on watches; who did
            // while the word said that somebody does is to be found.
            let seen = Seen(self.word.fetch_and(!WATCH, Ordering::AcqRel));
            if self.cheapest().is_none() {
                if seen.only_waiting() {
                    self.wake_one();
                }
                return;
            }
        }
    }

    /// The watcher ends its watch. True: nobody runs, so there is nothing that it could have
    /// missed.
    pub(crate) fn retire(&self) -> bool {
        // AcqRel: orders this among all changes of the word.
        Seen(self.word.fetch_and(!WATCH, Ordering::AcqRel)).running() == 0
    }

    /// Who had ended its watch watches again; false: another does. AcqRel: as above.
    pub(crate) fn resume(&self) -> bool {
        self.word.fetch_or(WATCH, Ordering::AcqRel) & WATCH == 0
    }

    /// Whether nobody runs.
    pub(crate) fn all_asleep(&self) -> bool {
        self.seen().running() == 0
    }

    /// Registers somebody who has found nothing to do, and has to look once more after this. `key`
    /// is its own, `None` before the first time.
    pub(crate) fn wait(&self, key: &mut Option<u64>, waker: &Waker) {
        let waiters = self.waiters();
        let newest = waiters.wakers.last_key_value();
        if newest.is_some_and(|(newest, old)| Some(*newest) == *key && old.will_wake(waker)) {
            return;
        }
        drop(waiters);

        let waker = waker.clone(); // somebody else's code, as is the drop of the old one
        let mut waiters = self.waiters();
        let old = key.and_then(|key| waiters.wakers.remove(&key));
        let next = waiters.next_key;
        *key = Some(next);
        waiters.wakers.insert(next, waker);
        waiters.next_key += 1;
        // AcqRel: see the head of this file.
        self.word.fetch_or(WAITING, Ordering::AcqRel);
        drop(waiters);
        drop(old);
    }

    /// Removes somebody for good. True: it was woken since, and may have work to pass on.
    pub(crate) fn leave(&self, key: u64) -> bool {
        let mut waiters = self.waiters();
        let own = waiters.wakers.remove(&key);
        self.mark(&waiters);
        drop(waiters);
        own.is_none()
    }

    fn mark(&self, waiters: &MutexGuard<'_, Waiters>) {
        if waiters.wakers.is_empty() {
            // AcqRel: as in `wait`.
            self.word.fetch_and(!WAITING, Ordering::AcqRel);
        }
    }

    /// From now on `pushed_outside` says so.
    pub(crate) fn close(&self) {
        // AcqRel: orders this among all changes of the word.
        self.word.fetch_or(CLOSED, Ordering::AcqRel);
        let mut waiters = self.waiters();
        let wakers = std::mem::take(&mut waiters.wakers);
        drop(waiters);
        drop(wakers);
    }

    /// What there is to say of it in a report.
    pub(crate) fn report(&self, f: &mut fmt::DebugStruct<'_, '_>) {
        let seen = self.seen();
        f.field("running", &seen.running())
            .field("asleep", &seen.asleep())
            .field("searching", &self.searching.load(Ordering::Relaxed))
            .field("somebody_watches", &(seen.0 & WATCH != 0))
            .field("waiting", &self.waiters().wakers.len());
    }

    /// AcqRel: every change of the word is ordered among all the others.
    fn change(&self, mut new: impl FnMut(Seen) -> u64) -> Seen {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let changed = new(Seen(word));
            let result =
                self.word.compare_exchange_weak(word, changed, Ordering::AcqRel, Ordering::Relaxed);
            match result {
                Ok(before) => return Seen(before),
                Err(now) => word = now,
            }
        }
    }

    /// Nothing panics under the lock; a poisoned one is as good as any.
    fn waiters(&self) -> MutexGuard<'_, Waiters> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
