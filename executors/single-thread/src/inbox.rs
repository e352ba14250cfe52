//! The one door through which other threads reach the executor: woken tasks, and who to wake for
//! them.
//!
//! The executor's queue is plain memory that only its own thread touches, so a wake-up from
//! anywhere else is put here, under a lock, and the executor's thread fetches the lot. The same
//! door serves a wake-up on the executor's own thread while that executor is not the one running
//! there.
//!
//! Deliberately absent: a lock-free list. A foreign wake-up costs its caller an uncontended lock,
//! and usually a system call to end somebody's sleep; the executor pays one relaxed load per task
//! for it.
//!
//! # No wake-up is lost
//!
//! A *runner* is a `run`, `tick` or `block_on` that is under way; all runners of an executor are on
//! its thread, and any of them runs any task. Three rules, all of them under the lock:
//!
//! 1. [`sleep`](Inbox::sleep) registers a runner only while there are no messages.
//! 2. [`push`](Inbox::push) and [`wake_one`](Inbox::wake_one) take the newest registration out, and
//!    call its waker once the lock is released.
//! 3. [`leave`](Inbox::leave) removes a runner that ends; if it finds messages, it wakes another.
//!
//! Say a message is pushed. A runner that registers later sees the message (1) and does not sleep.
//! If one was registered before, its waker is called after the message is in place (2), and whoever
//! polls it then finds the message: the flag was stored before the waker was called, and the waker
//! itself orders the two. If that runner is dropped rather than polled, it passes the duty on (3),
//! and so on until a runner is polled or none is left. A runner that is already awake may be the
//! one taken; it comes by [`has_mail`](Inbox::has_mail) before its next task, by rule 1 before it
//! sleeps, by rule 3 when it ends.
//!
//! The newest registration goes first because a runner that somebody keeps but never polls again
//! has an old one: those that are polled sleep anew and overtake it.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::task::Waker;

use crate::sync::{AtomicBool, Mutex, MutexGuard, Ordering, PoisonError};

/// Messages of type `M` to a thread, and the wakers of those who wait for them there.
pub(crate) struct Inbox<M> {
    /// Whether there are messages: a hint that spares the lock, written only under it.
    mail: AtomicBool,
    /// Whether there are sleepers: likewise. Never late on the thread that registers them.
    asleep: AtomicBool,
    state: Mutex<State<M>>,
}

struct State<M> {
    messages: VecDeque<M>,
    /// Runners that sleep, or did and have not been needed since. Keys grow: the newest is the
    /// last.
    sleepers: BTreeMap<u64, Waker>,
    next_key: u64,
    closed: bool,
}

impl<M> Default for Inbox<M> {
    fn default() -> Self {
        let (messages, sleepers) = (VecDeque::new(), BTreeMap::new());
        let state = State { messages, sleepers, next_key: 0, closed: false };
        let (mail, asleep) = (AtomicBool::new(false), AtomicBool::new(false));
        Inbox { mail, asleep, state: Mutex::new(state) }
    }
}

impl<M> Inbox<M> {
    /// Delivers a message, from any thread, and wakes a sleeping runner.
    ///
    /// # Errors
    ///
    /// Gives the message back if the inbox is closed.
    pub(crate) fn push(&self, message: M) -> Result<(), M> {
        let mut state = self.lock();
        if state.closed {
            return Err(message);
        }
        state.messages.push_back(message);
        self.mail.store(true, Ordering::Relaxed);
        self.unlock_and_wake(state);
        Ok(())
    }

    /// Whether there are messages. May be late for a push that is still under way.
    pub(crate) fn has_mail(&self) -> bool {
        self.mail.load(Ordering::Relaxed)
    }

    /// Moves all messages to the end of `queue`.
    pub(crate) fn collect(&self, queue: &mut VecDeque<M>) {
        let mut state = self.lock();
        self.mail.store(false, Ordering::Relaxed);
        queue.append(&mut state.messages);
    }

    /// Registers a runner that found nothing to do; `false` means that there are messages after
    /// all.
    ///
    /// `key` is the runner's own, `None` before the first time.
    pub(crate) fn sleep(&self, key: &mut Option<u64>, waker: &Waker) -> bool {
        let state = self.lock();
        if !state.messages.is_empty() {
            return false;
        }
        let newest = state.sleepers.last_key_value();
        if newest.is_some_and(|(newest, old)| Some(*newest) == *key && old.will_wake(waker)) {
            return true;
        }
        drop(state);

        // Somebody else's code: not under the lock, and nor is the drop of `old`.
        let waker = waker.clone();
        let mut state = self.lock();
        if !state.messages.is_empty() {
            return false;
        }
        let old = key.and_then(|key| state.sleepers.remove(&key));
        *key = Some(state.next_key);
        let next = state.next_key;
        state.sleepers.insert(next, waker);
        state.next_key += 1;
        self.asleep.store(true, Ordering::Relaxed);
        drop(state);
        drop(old);
        true
    }

    /// Wakes the newest sleeper, if there is one. To be called on the thread that registers them.
    pub(crate) fn wake_one(&self) {
        if self.asleep.load(Ordering::Relaxed) {
            self.unlock_and_wake(self.lock());
        }
    }

    /// Removes a runner for good. If there are messages, one of the others is woken for them.
    pub(crate) fn leave(&self, key: u64) {
        let mut state = self.lock();
        let own = state.sleepers.remove(&key);
        if state.messages.is_empty() {
            drop(state);
        } else {
            self.unlock_and_wake(state);
        }
        drop(own);
    }

    /// Refuses messages from now on, and returns those that were not collected.
    pub(crate) fn close(&self) -> VecDeque<M> {
        let mut state = self.lock();
        state.closed = true;
        self.mail.store(false, Ordering::Relaxed);
        let sleepers = mem::take(&mut state.sleepers);
        let messages = mem::take(&mut state.messages);
        drop(state);
        drop(sleepers);
        messages
    }

    /// Nothing panics under the lock; a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, State<M>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unlock_and_wake(&self, mut state: MutexGuard<'_, State<M>>) {
        let newest = state.sleepers.pop_last();
        self.asleep.store(!state.sleepers.is_empty(), Ordering::Relaxed);
        drop(state);
        if let Some((_, waker)) = newest {
            waker.wake();
        }
    }
}
