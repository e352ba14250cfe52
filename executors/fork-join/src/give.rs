//! Giving away: what a busy worker does when somebody is hungry.
//!
//! It gives its oldest job, because that is the greatest: whatever it has put into its list later
//! is part of what it is in the middle of. A wish for jobs within something is served with the
//! oldest that qualifies.
//!
//! # How often
//!
//! To hand a job over costs two threads some microseconds, more if the machine has to wake a
//! sleeping core: a bargain for a job of a millisecond, and a loss for one of a microsecond. Nobody
//! knows how long a job will take; but who runs one that was handed over measures it. If it was
//! short, all workers pause twice as long before they give the next one away, up to a millisecond;
//! if it was worth it, half as long, down to nothing. So a computation that has something to share
//! does so at once, and one that consists of crumbs pays a hand-over per millisecond to go on
//! finding out.
//!
//! Meanwhile somebody is hungry all the time, and the worker that pauses *owes* a look, as one does
//! that looks after events: it does not look again because of the same [word](crate::demand), and
//! counts its full joins, its spawns, and the ends of its jobs down to the next look at the clock,
//! so many that it comes [`SOON`].
//!
//! # Taking back
//!
//! A sleeper needs some microseconds to wake up, and by then the giver may have come to the job
//! itself. It looks first if the job still lies where it left it, and takes it back if so.

use std::cell::Cell;
use std::fmt;
use std::ptr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::current;
use crate::demand::{EVENTS, Place, TASKS, is_wanted};
use crate::job::JobRef;
use crate::pool::{Pool, wake};
use crate::region::RegionRef;
use crate::sync::Ordering;
use crate::worker::{LOOK, Worker};

/// How soon to look again although nothing may be new, if there is occasion to.
const SOON: Duration = Duration::from_micros(10);
/// Occasions that are passed over meanwhile at most.
const PASSED: u32 = 256;
/// A job that takes no longer than this is not worth handing over.
const SHORT: Duration = Duration::from_micros(30);
/// The first and the longest pause between two hand-overs of a worker.
const PAUSE_NS: (u64, u64) = (20_000, 1_000_000);

/// When this worker gave and looked last.
pub(crate) struct Pace {
    gave: Cell<Option<Instant>>,
    /// The demand's word then.
    word: Cell<u64>,
    looked: Cell<Option<Instant>>,
    /// How many looks were to be passed over then, and how many of them still are.
    skips: Cell<u32>,
    skip: Cell<u32>,
    /// Whether a look is owed because of a word that is known, and how many joins and spawns are
    /// passed over before it.
    owes: Cell<bool>,
    quiet: Cell<u32>,
    /// Where it left jobs, if they may still be there. The newest is the last.
    places: Cell<Vec<Arc<Place<JobRef>>>>,
}

/// How far the wishes were served.
enum Given {
    /// As far as this worker can.
    Enough,
    /// It has nothing at the moment, and may have the next.
    NothingYet,
    /// It makes a pause.
    Later(Instant),
}

/// Places that are kept in mind.
const PLACES: usize = 16;

impl Pace {
    pub(crate) const fn new() -> Pace {
        Pace {
            gave: Cell::new(None),
            word: Cell::new(0),
            looked: Cell::new(None),
            skips: Cell::new(0),
            skip: Cell::new(0),
            owes: Cell::new(false),
            quiet: Cell::new(u32::MAX),
            places: Cell::new(Vec::new()),
        }
    }

    /// Counts a join or a spawn; true if there is something owed.
    #[inline(always)]
    fn falls_due(&self) -> bool {
        let (quiet, due) = self.quiet.get().overflowing_sub(1);
        self.quiet.set(quiet);
        due
    }

    /// Whether what is wanted, if that is still so, is known, and only put off.
    #[inline]
    pub(crate) fn owes(&self) -> bool {
        self.owes.get()
    }

    /// From now on a look is owed, or none.
    fn owe(&self, owes: bool) {
        self.owes.set(owes);
        self.quiet.set(if owes { self.skip.take() } else { u32::MAX });
    }

    /// What follows is of another kind than what was before: how quickly is to be seen.
    pub(crate) fn learn_anew(&self) {
        self.skips.set(0);
        self.skip.set(0);
        if self.owes.get() {
            self.quiet.set(0);
        }
    }

    /// Whether to look now. A word that is new is always looked at.
    fn is_due(&self, word: u64) -> bool {
        let skip = self.skip.get();
        if skip > 0 && self.word.get() == word {
            self.skip.set(skip - 1);
            return false;
        }
        true
    }

    /// Keeps in mind where a job was left.
    fn keep(&self, place: Arc<Place<JobRef>>) {
        let mut places = self.places.take();
        if places.len() == PLACES {
            places.remove(0);
        }
        places.push(place);
        self.places.set(places);
    }

    /// This worker has looked, and should look again although nothing may be new: soon, as far as
    /// can be told by how quickly the last occasions followed each other.
    fn again(&self, word: u64, now: Instant) {
        let skips = self.looked.replace(Some(now)).map_or(0, |looked| {
            let left = if self.owes.get() { self.quiet.get() } else { self.skip.get() };
            let passed = self.skips.get().saturating_sub(left.wrapping_add(1)) + 1;
            let took = (now - looked).as_nanos().max(1);
            let soon = SOON.as_nanos() * u128::from(passed) / took;
            soon.min(PASSED.into()).min((2 * passed).into()) as u32
        });
        self.word.set(word);
        self.skips.set(skips);
        self.skip.set(skips);
    }
}

impl Pool {
    /// A job that was handed over was worth it, or was not.
    fn set_pace(&self, worth: bool) {
        let (least, most) = PAUSE_NS;
        let pause = self.pace_ns.load(Ordering::Relaxed);
        let next = match worth {
            false => (pause * 2).clamp(least, most),
            true if pause > least => pause / 2,
            true => 0,
        };
        if next != pause {
            self.pace_ns.store(next, Ordering::Relaxed);
        }
    }
}

impl Worker {
    /// Looks if somebody wants something. At every full join and every spawn, so it is two loads
    /// and a counter.
    #[inline(always)]
    pub(crate) fn attend(&self) {
        let due = self.pace.falls_due();
        if due || self.pool().demand.word() != self.seen.get() {
            self.attend_now(due);
        }
    }

    #[cold]
    #[inline(never)]
    fn attend_now(&self, due: bool) {
        let word = self.pool().demand.word();
        if word == self.seen.get() {
            if due && self.pace.owes() {
                self.look(word);
            }
        } else if self.pace.is_due(word) {
            self.look(word);
        }
    }

    #[inline(never)]
    fn look(&self, word: u64) {
        self.window.set_threads(self.pool().lent());
        let given = if is_wanted(word) { self.give() } else { Given::Enough };
        let serves = word & (TASKS | EVENTS) != 0 || !self.shared().tasks.is_empty();
        let serves = serves && self.serve(word);
        let owed = match given {
            Given::NothingYet => {
                self.pace.again(word, Instant::now());
                self.seen.set(LOOK); // at the next occasion there may be something
                return self.pace.owe(false);
            }
            Given::Later(now) => Some(now),
            Given::Enough => serves.then(Instant::now),
        };
        self.seen.set(word);
        if let Some(now) = owed {
            self.pace.again(word, now);
        }
        self.pace.owe(owed.is_some());
    }

    /// Serves the wishes that it can.
    fn give(&self) -> Given {
        loop {
            if let Some(now) = self.pauses() {
                return Given::Later(now);
            }
            if !self.frames.any() {
                return Given::NothingYet;
            }
            self.parker(); // whoever gets a job wakes this worker with it
            let demand = &self.pool().demand;
            let handed = demand.hand_over(|wish| Some(self.frames.take_oldest(wish.within)?.0));
            let waker = match handed {
                Some((waker, place)) => {
                    self.pace.keep(place);
                    waker
                }
                // Perhaps somebody with whom no job is left, but who looks when called.
                None => match demand.call_for_public() {
                    Some(waker) => {
                        let oldest = self.frames.take_oldest(None);
                        oldest.into_iter().for_each(|(job, _)| drop(self.pool().public.push(job)));
                        waker
                    }
                    None => return Given::Enough, // nobody for whom this worker has anything
                },
            };
            self.pace.gave.set(Some(Instant::now()));
            wake(waker);
            if !is_wanted(demand.word()) {
                return Given::Enough;
            }
        }
    }

    /// The time, if this worker has given too short a while ago to give again.
    fn pauses(&self) -> Option<Instant> {
        let pause = self.pool().pace_ns.load(Ordering::Relaxed);
        let gave = self.pace.gave.get().filter(|_| pause > 0)?;
        let now = Instant::now();
        (now - gave < Duration::from_nanos(pause)).then_some(now)
    }

    /// Runs the job that was handed over, if there is one.
    #[inline]
    pub(crate) fn run_handed(&self) -> bool {
        self.shared().place.is_full() && self.run_handed_now()
    }

    #[cold]
    fn run_handed_now(&self) -> bool {
        let Some(job) = self.shared().place.take() else { return false };
        if !self.shared().tasks.is_empty() {
            self.pool().call_for_tasks(); // they would have to wait for this job
        }
        let took = self.run_job(job);
        self.pool().set_pace(took > SHORT);
        true
    }

    /// Takes back a job within `region` that was given to a sleeper who has not come for it.
    pub(crate) fn take_back(&self, region: RegionRef) -> Option<JobRef> {
        let mut places = self.pace.places.take();
        let job = loop {
            let Some(place) = places.pop() else { break None };
            if let Some(job) = place.take_back(|job| job.is_within(region)) {
                self.pool().set_pace(false);
                break Some(job);
            }
            if place.is_full() {
                places.push(place); // another job of this worker's, which is waited for later
                break None;
            }
        };
        self.pace.places.set(places);
        job
    }

    /// Puts what this thread has where others find it, before it sleeps: the unshared jobs of all
    /// workers that it is, and the tasks of those that are not asked while it sleeps.
    pub(crate) fn make_public(&self) {
        current::each(|worker| {
            worker.make_jobs_public();
            if !ptr::eq(worker, self) {
                for task in worker.shared().tasks.take_all() {
                    drop(worker.pool().add_task(task)); // not closed: it has a worker
                }
            }
        });
    }

    fn make_jobs_public(&self) {
        while self.frames.any() {
            self.parker(); // as in `give`
            let Some((job, parent)) = self.frames.take_oldest(None) else { return };
            self.pool().make_public(job, parent);
        }
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pace").field("skips", &self.skips.get()).finish_non_exhaustive()
    }
}
