//! Timers: an indexed four-ary heap of deadlines, beside slots with the wakers.
//!
//! The heap is two small vectors that stop growing: insert and cancel allocate nothing, cancel is
//! exact (no tombstones), and the usual timeout, made late and dropped soon, moves one or two
//! entries. Expiry per turn is bounded, so a million timers at one instant cannot keep the sockets
//! waiting.

use std::task::Waker;

/// Timers that one turn lets expire at most.
pub(crate) const EXPIRED_PER_TURN: usize = 1024;

const ARITY: usize = 4;

/// Names a timer; a slot is used again, its generation is not (before 2^32 uses).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerKey {
    slot: u32,
    generation: u32,
}

impl TimerKey {
    /// The same as one number, for whoever observes.
    pub(crate) fn name(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.slot)
    }
}

#[derive(Debug)]
struct Entry {
    when: u64,
    slot: u32,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    /// Where in the heap; in a free slot, the next free one.
    at: u32,
    waker: Option<Waker>,
}

#[derive(Debug)]
pub(crate) struct Timers {
    heap: Vec<Entry>,
    slots: Vec<Slot>,
    free: u32,
}

const NONE: u32 = u32::MAX;

impl Timers {
    pub(crate) const fn new() -> Timers {
        Timers { heap: Vec::new(), slots: Vec::new(), free: NONE }
    }

    /// The earliest deadline.
    pub(crate) fn first(&self) -> Option<u64> {
        self.heap.first().map(|entry| entry.when)
    }

    pub(crate) fn insert(&mut self, when: u64, waker: Waker) -> TimerKey {
        let slot = match self.free {
            NONE => {
                let slot = u32::try_from(self.slots.len()).expect("fewer than 2^32 timers");
                self.slots.push(Slot { generation: 0, at: 0, waker: None });
                slot
            }
            slot => {
                self.free = self.slots[slot as usize].at;
                slot
            }
        };
        self.slots[slot as usize].waker = Some(waker);
        self.heap.push(Entry { when, slot });
        self.sift_up(self.heap.len() - 1);
        TimerKey { slot, generation: self.slots[slot as usize].generation }
    }

    /// The waker's place, if the timer has not expired.
    pub(crate) fn waker(&mut self, key: TimerKey) -> Option<&mut Waker> {
        let slot = self.slots.get_mut(key.slot as usize)?;
        (slot.generation == key.generation).then_some(slot.waker.as_mut()?)
    }

    pub(crate) fn remove(&mut self, key: TimerKey) -> Option<Waker> {
        self.waker(key)?;
        let at = self.slots[key.slot as usize].at as usize;
        Some(self.take_out(at))
    }

    /// Moves the wakers of what is due out, earliest first, at most `EXPIRED_PER_TURN`.
    pub(crate) fn expire(&mut self, now: u64, out: &mut Vec<Waker>) {
        for _ in 0..EXPIRED_PER_TURN {
            match self.first() {
                Some(when) if when <= now => out.push(self.take_out(0)),
                _ => return,
            }
        }
    }

    fn take_out(&mut self, at: usize) -> Waker {
        let entry = self.heap.swap_remove(at);
        if at < self.heap.len() {
            let at = self.sift_up(at);
            self.sift_down(at);
        }
        let slot = &mut self.slots[entry.slot as usize];
        slot.generation = slot.generation.wrapping_add(1);
        slot.at = self.free;
        self.free = entry.slot;
        slot.waker.take().expect("a slot in the heap has a waker")
    }

    fn sift_up(&mut self, mut at: usize) -> usize {
        while at > 0 {
            let parent = (at - 1) / ARITY;
            if self.heap[parent].when <= self.heap[at].when {
                break;
            }
            self.heap.swap(parent, at);
            self.note_place(at);
            at = parent;
        }
        self.note_place(at);
        at
    }

    fn sift_down(&mut self, mut at: usize) {
        loop {
            let children = at * ARITY + 1..self.heap.len().min(at * ARITY + 1 + ARITY);
            let Some(least) = children.min_by_key(|&child| self.heap[child].when) else { break };
            if self.heap[at].when <= self.heap[least].when {
                break;
            }
            self.heap.swap(at, least);
            self.note_place(at);
            at = least;
        }
        self.note_place(at);
    }

    fn note_place(&mut self, at: usize) {
        self.slots[self.heap[at].slot as usize].at = at as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_is_in_order_and_cancelled_timers_are_gone() {
        let mut timers = Timers::new();
        let instants: Vec<u64> = (0..500).map(|i| i * 7919 % 503).collect();
        let keys: Vec<TimerKey> =
            instants.iter().map(|when| timers.insert(*when, Waker::noop().clone())).collect();
        for key in keys.iter().step_by(3) {
            assert!(timers.remove(*key).is_some());
            assert!(timers.remove(*key).is_none());
        }
        let mut left: Vec<u64> = (0..500).filter(|i| i % 3 != 0).map(|i| instants[i]).collect();
        left.sort_unstable();
        for when in left {
            assert_eq!(timers.first(), Some(when));
            let mut out = Vec::new();
            timers.expire(when, &mut out);
            assert_eq!(out.len(), 1);
        }
        assert_eq!(timers.first(), None);
        assert!(keys.iter().all(|key| timers.waker(*key).is_none()));
    }
}
