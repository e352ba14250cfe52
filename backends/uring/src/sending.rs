//! Who submits, and when.
//!
//! Operations go into `outbox` under the lock. They leave it, for the kernel's queue and by a call:
//!
//! - with the next turn, if no thread sleeps in one: a turn takes the outbox and says that it
//!   sleeps (`asleep`) under the same lock, so an operation is either taken by it or sees it;
//! - else at once, by the thread that has put it there;
//! - or, if that thread may not enter (a ring that belongs to another thread), by the sleeper, whom
//!   it wakes;
//! - at once also where a foreign loop drives, as it may sleep whenever it likes (`eager`).
//!
//! A call takes the whole queue in order, whoever has filled it. Unless it fails, the queue is
//! empty whenever the lock is free and nobody is between the lock and the call; `entering` says so
//! of the thread that alone may enter.

use std::io::{self, ErrorKind};
use std::time::Duration;

use rustix::io::{Errno, retry_on_intr};

use crate::engine::{Engine, State};
use crate::kernel::{Locked, Op};

/// A thread, told from others that live: by the place of one of its variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Thread(usize);

impl Thread {
    pub(crate) fn current() -> Thread {
        thread_local!(static HERE: u8 = const { 0 });
        HERE.with(|here| Thread(std::ptr::from_ref(here).addr()))
    }
}

impl Engine {
    pub(crate) fn may_enter(&self) -> bool {
        self.alone.as_ref().is_none_or(|alone| alone.thread == Thread::current())
    }

    /// Has the kernel take the outbox now, or as soon as the thread that may enter is awake.
    pub(crate) fn send(&self, at: Locked<'_, State>) -> io::Result<()> {
        if self.may_enter() {
            return self.submit(at);
        }
        if at.asleep || at.eager {
            self.wake(at);
        }
        Ok(())
    }

    /// As `send`; and when this returns, what had left the outbox before is in the kernel.
    pub(crate) fn take_back<'a>(&'a self, mut at: Locked<'a, State>) -> io::Result<()> {
        if self.may_enter() {
            return self.submit(at);
        }
        let goal = at.left;
        while taken(&mut at) < goal {
            if !at.entering {
                return Err(io::Error::other("the kernel does not take what is queued"));
            }
            // The other thread has left the lock behind it, and its call is before it.
            drop(at);
            std::thread::yield_now();
            at = self.ring.lock();
        }
        self.send(at)
    }

    /// Has the kernel take the outbox now.
    pub(crate) fn submit(&self, at: Locked<'_, State>) -> io::Result<()> {
        let mut at = self.fill(at)?;
        let goal = at.left;
        while taken(&mut at) < goal {
            at = self.hand_over(at)?;
        }
        Ok(())
    }

    /// Moves the outbox to the kernel's queue, with a call each time that this is full.
    pub(crate) fn fill<'a>(&'a self, mut at: Locked<'a, State>) -> io::Result<Locked<'a, State>> {
        while let Some(&op) = at.outbox.front() {
            if at.push(op) {
                at.outbox.pop_front();
                at.left += 1;
            } else {
                at = self.hand_over(at)?;
            }
        }
        Ok(at)
    }

    /// Has the kernel take its queue, and asks again while it is short of memory, for some time.
    pub(crate) fn hand_over<'a>(
        &'a self,
        mut at: Locked<'a, State>,
    ) -> io::Result<Locked<'a, State>> {
        const TRIES: u32 = 1000;
        let before = taken(&mut at);
        for _ in 0..TRIES {
            at.entering = true;
            drop(at);
            // The work of a cancellation may be put off until a call that waits, for no time.
            let alone = self.alone.is_some();
            let result =
                if alone { self.ring.enter(Some(Duration::ZERO)) } else { self.ring.submit() };
            at = self.ring.lock();
            at.entering = false;
            match result {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ if taken(&mut at) > before => return Ok(at),
                _ => std::thread::yield_now(),
            }
        }
        Err(Errno::NOMEM.into())
    }

    /// Ends the sleep of the thread that sleeps.
    pub(crate) fn wake(&self, mut at: Locked<'_, State>) {
        if std::mem::replace(&mut at.woken, true) {
            return;
        }
        match &self.alone {
            Some(alone) => {
                drop(at);
                // It fails only when full, after 2^64 writes.
                let _ = retry_on_intr(|| rustix::io::write(&alone.notifier, &1_u64.to_ne_bytes()));
            }
            None => {
                at.outbox.push_back(Op::Nothing);
                if self.submit(at).is_err() {
                    let mut at = self.ring.lock();
                    (at.woken, at.notified) = (false, false); // so that later calls try again
                }
            }
        }
    }
}

/// How many operations the kernel has ever taken.
fn taken(at: &mut Locked<'_, State>) -> u64 {
    at.left - at.unsubmitted() as u64
}
