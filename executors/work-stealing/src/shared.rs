//! What the threads of an executor share, and where they find work.

use std::fmt;
use std::ptr;
use std::sync::OnceLock;

use crate::books::{Books, Known, OUTSIDE};
use crate::crew::Crew;
use crate::local::Local;
use crate::queue::{Injector, Job, Steal, Stealer};
use crate::slots::Slot;
use crate::sync::{AtomicBool, Handle, Ordering, Reactor, Team};

/// Tasks taken from the injector at once, at most.
const BATCH: usize = 32;

/// Tasks taken from another worker at once, at most; half of what it has, usually.
const HALF: usize = 256;

/// Other workers that one who has run dry looks at. With more, it looks at so many from a random
/// one on: the tasks of the others are theirs, and a crowd that looks for work disturbs those who
/// have some.
const VICTIMS: usize = 16;

#[derive(Default)]
pub(crate) struct Shared {
    /// Tasks that were spawned or woken by threads that are no workers.
    injector: Injector<Job>,
    pub(crate) crew: Crew,
    /// The books of those who are no workers.
    pub(crate) outside: Books,
    /// Those who sleep in a `block_on` need not hand the reactor over to each other.
    pub(crate) team: Team,
    /// The reactor of the first of those, by its address.
    reactor: OnceLock<usize>,
    /// Whether another of those had another reactor.
    mixed: AtomicBool,
}

impl Shared {
    /// A worker is going to sleep in this reactor.
    pub(crate) fn sleeps_in(&self, reactor: &Handle) {
        let place = ptr::from_ref::<Reactor>(reactor).addr();
        if *self.reactor.get_or_init(|| place) != place {
            self.mixed.store(true, Ordering::Relaxed); // released by `Crew::begin`
        }
    }

    /// Whether workers have slept in several reactors. Relaxed: who watches for this worker has
    /// begun before, and `Crew::wake_up` acquires that.
    #[inline]
    pub(crate) fn is_mixed(&self) -> bool {
        self.mixed.load(Ordering::Relaxed)
    }

    /// Queues a task from outside.
    ///
    /// Once the executor is gone nobody may run or drop it, because what it borrows may be gone as
    /// well: it is leaked.
    pub(crate) fn push(&self, job: Job) {
        self.injector.push(job);
        if !self.crew.pushed_outside() {
            while let Some(job) = steal(|| self.injector.steal()) {
                #[expect(clippy::mem_forget, reason = "what the future borrows may be gone")]
                std::mem::forget(job);
            }
        }
    }

    /// The books with a number that `current::books` has said.
    pub(crate) fn books(&self, number: u32) -> &Books {
        match number {
            OUTSIDE => &self.outside,
            number => &self.crew.slots.get(number as usize).books,
        }
    }

    /// Whether all tasks that were spawned are finished: see `books.rs`.
    pub(crate) fn is_empty(&self) -> bool {
        let all = || self.crew.slots.iter().map(|slot| &slot.books).chain([&self.outside]);
        let finished: u64 = all().map(Books::sum_finished).sum();
        finished == all().map(Books::sum_spawned).sum()
    }

    /// Something of each task that waits, or has a name.
    pub(crate) fn known<R>(&self, mut f: impl FnMut(&Known) -> R) -> Vec<R> {
        let all = self.crew.slots.iter().map(|slot| &slot.books).chain([&self.outside]);
        all.flat_map(|books| books.map(&mut f)).collect()
    }

    /// Whether the injector is empty. For the last look before a worker sleeps.
    pub(crate) fn is_injector_empty(&self) -> bool {
        self.injector.is_empty()
    }

    /// Whether a task is queued where a worker that searches would find it.
    pub(crate) fn has_work(&self) -> bool {
        !self.injector.is_empty() || self.crew.slots.iter().any(|slot| !slot.queue.is_empty())
    }

    /// Whether a task is queued anywhere.
    pub(crate) fn has_any(&self) -> bool {
        self.has_work() || self.crew.slots.iter().any(|slot| !slot.next.is_empty())
    }

    /// A task, wherever it is. For those who have no queue of their own.
    pub(crate) fn take_one(&self) -> Option<Job> {
        let slots = || self.crew.slots.iter();
        steal(|| self.injector.steal())
            .or_else(|| slots().find_map(|slot| steal(|| slot.queue.steal())))
            .or_else(|| slots().find_map(|slot| steal(|| slot.next.steal())))
    }

    /// Moves tasks from the injector to a worker's queue; true if there were some.
    pub(crate) fn collect(&self, local: &Local) -> bool {
        steal(|| self.injector.steal_batch_with_limit(local.queue(), BATCH)).is_some()
    }

    /// Moves tasks from wherever they are to a worker's queue; true if there were some.
    pub(crate) fn search(&self, local: &Local) -> bool {
        self.collect(local) || self.rob_somebody(local)
    }

    /// What there is to say of it in a report.
    pub(crate) fn report(&self, f: &mut fmt::DebugStruct<'_, '_>) {
        self.crew.report(f);
        let queued = |slot: &Slot| slot.queue.len() + slot.next.len();
        let queues: Vec<usize> = self.crew.slots.iter().map(queued).collect();
        f.field("queued_by_worker", &queues).field("queued_outside", &self.injector.len());
    }

    fn rob_somebody(&self, local: &Local) -> bool {
        let count = self.crew.slots.iter().count();
        let start = local.random(count);
        let from_start = || self.crew.slots.iter().skip(start).chain(self.crew.slots.iter());
        from_start().take(count.min(VICTIMS)).any(|slot| rob(&slot.queue, local))
    }
}

/// Moves half of the tasks to a worker's queue; true if there were some.
pub(crate) fn rob(victim: &Stealer<Job>, local: &Local) -> bool {
    !victim.is_empty() && steal(|| victim.steal_batch_with_limit(local.queue(), HALF)).is_some()
}

/// Tries until it is not disturbed.
pub(crate) fn steal<T>(mut attempt: impl FnMut() -> Steal<T>) -> Option<T> {
    loop {
        match attempt() {
            Steal::Success(stolen) => return Some(stolen),
            Steal::Empty => return None,
            Steal::Retry => {}
        }
    }
}
