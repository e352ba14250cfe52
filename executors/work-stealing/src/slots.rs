//! The table of workers: what each shows to the others.
//!
//! A slot outlives the worker that uses it, and is used again by a later one; the table only grows,
//! up to as many as ever were there at once. So it is read without a lock and without counting
//! anybody. It grows by chunks of 64, because the sleepers of a chunk are the bits of one word.

use std::sync::{Arc, OnceLock};

use crate::books::Books;
use crate::queue::{Job, Stealer, Worker};
use crate::sync::{AtomicBool, AtomicU8, AtomicU64, Gauge, Mutex, Ordering, PoisonError, Unparker};

const CHUNK: usize = 64;

/// All slots.
#[derive(Default)]
pub(crate) struct Slots {
    first: Chunk,
}

pub(crate) struct Chunk {
    /// A bit for each worker that sleeps and that nobody has claimed yet to wake it.
    pub(crate) asleep: AtomicU64,
    slots: [OnceLock<Arc<Slot>>; CHUNK],
    next: OnceLock<Box<Chunk>>,
}

impl Default for Chunk {
    fn default() -> Self {
        let slots = [const { OnceLock::new() }; CHUNK];
        Chunk { asleep: AtomicU64::new(0), slots, next: OnceLock::new() }
    }
}

/// The owner's halves of the queues.
pub(crate) struct Queues {
    /// First in, first out.
    pub(crate) queue: Worker<Job>,
    /// At most one: what is to run next.
    pub(crate) next: Worker<Job>,
}

/// What a worker shows to the others.
pub(crate) struct Slot {
    pub(crate) queue: Stealer<Job>,
    pub(crate) next: Stealer<Job>,
    /// Here while nobody uses the slot.
    owner: Mutex<Option<Queues>>,
    unparker: Mutex<Option<Unparker>>,
    /// Told to watch, by a worker that needs it: see `crew.rs`.
    pub(crate) told: AtomicBool,
    /// How dear it is to wake this worker, while it sleeps: a hint.
    pub(crate) rank: AtomicU8,
    pub(crate) pace: Pace,
    pub(crate) books: Books,
}

/// How far a worker is, for the one that watches. Written by the owner alone.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Pace {
    polls: Gauge,
    turns: Gauge,
}

impl Pace {
    #[inline]
    pub(crate) fn polled(&self) {
        self.polls.store(self.polls().wrapping_add(1), Ordering::Relaxed);
    }

    pub(crate) fn turned(&self) {
        self.turns.store(self.turns().wrapping_add(1), Ordering::Relaxed);
    }

    pub(crate) fn polls(&self) -> u32 {
        self.polls.load(Ordering::Relaxed)
    }

    pub(crate) fn turns(&self) -> u32 {
        self.turns.load(Ordering::Relaxed)
    }
}

impl Slot {
    fn new() -> Arc<Slot> {
        let (queue, next) = (Worker::new_fifo(), Worker::new_fifo());
        Arc::new(Slot {
            queue: queue.stealer(),
            next: next.stealer(),
            owner: Mutex::new(Some(Queues { queue, next })),
            unparker: Mutex::new(None),
            told: AtomicBool::new(false),
            rank: AtomicU8::new(0),
            pace: Pace::default(),
            books: Books::default(),
        })
    }

    /// The worker that has the slot can be woken by this, or cannot be any more.
    pub(crate) fn set_unparker(&self, unparker: Option<Unparker>) {
        *self.unparker.lock().unwrap_or_else(PoisonError::into_inner) = unparker;
    }

    pub(crate) fn unpark(&self) {
        let unparker = self.unparker.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(unparker) = unparker {
            unparker.unpark();
        }
    }

    pub(crate) fn give_back(&self, queues: Queues) {
        *self.owner.lock().unwrap_or_else(PoisonError::into_inner) = Some(queues);
    }
}

impl Slots {
    /// A slot that nobody uses, with its number and the owner's halves.
    pub(crate) fn acquire(&self) -> (usize, Queues) {
        let mut chunk = &self.first;
        let mut number = 0;
        loop {
            for slot in &chunk.slots {
                let slot = slot.get_or_init(Slot::new);
                let queues = slot.owner.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(queues) = queues {
                    return (number, queues);
                }
                number += 1;
            }
            chunk = chunk.next.get_or_init(Box::default);
        }
    }

    /// The chunk of a slot that exists, and its place in there.
    pub(crate) fn chunk(&self, number: usize) -> (&Chunk, usize) {
        let mut chunk = &self.first;
        for _ in 0..number / CHUNK {
            chunk = chunk.next.get().expect("slots are numbered as they are made");
        }
        (chunk, number % CHUNK)
    }

    /// The slot with a number that `acquire` has given out.
    #[inline]
    pub(crate) fn get(&self, number: usize) -> &Arc<Slot> {
        let (chunk, place) = self.chunk(number);
        chunk.slots[place].get().expect("slots are numbered as they are made")
    }

    pub(crate) fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        std::iter::successors(Some(&self.first), |chunk| chunk.next.get().map(|next| &**next))
    }

    /// All slots, by number.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Slot> {
        let slots = self.chunks().flat_map(|chunk| &chunk.slots);
        slots.map_while(OnceLock::get).map(|slot| &**slot)
    }
}

impl Chunk {
    /// The sleepers whose bits are set in `bits`, each with its bit.
    pub(crate) fn of_bits(&self, bits: u64) -> impl Iterator<Item = (u64, &Slot)> {
        let set = (0..CHUNK).filter(move |place| bits >> place & 1 != 0);
        set.filter_map(|place| Some((1 << place, &**self.slots[place].get()?)))
    }
}
