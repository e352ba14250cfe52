//! Registering, polling and turning, for both forms: what a source's life is on a ring.
//!
//! A source is registered in a table of our own; the kernel hears of it when somebody waits
//! (`rearm`), by a one-shot poll that goes out with the next call, which is usually the one that
//! sleeps. So a message that finds the thread asleep costs that call, the read and the write.
//!
//! # Deregistering
//!
//! Polls that have not left the outbox are taken back. Those that have are cancelled, by a call
//! made at once: until then the kernel keeps the object open, and its peer would not see it close.
//! When `deregister` returns, no entry with the descriptor's number is on its way: the queue is
//! taken in order, and the call that takes the cancellation has taken the poll. What the kernel
//! still says of it meets nothing in the table.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use io_uring::IoUring;
use mini_reactor::{BorrowedIo, Direction, Directions, ReadyList, Source};
use rustix::event::PollFlags;
use rustix::io::Errno;

use crate::events;
use crate::kernel::{Completion, Key, NOTHING, Op, Ring};
use crate::kinds::{descriptor, never_blocks};
use crate::sending::Thread;
use crate::sources::{Entry, Sources, find};

/// The key of the notifier's watch.
const NOTIFIER: Key = NOTHING - 1;

/// A ring with what is registered on it.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) ring: Ring<State>,
    pub(crate) alone: Option<Alone>,
}

/// What is different if one thread alone may enter.
#[derive(Debug)]
pub(crate) struct Alone {
    pub(crate) thread: Thread,
    /// What others wake it by: an eventfd, watched by the ring and never read.
    pub(crate) notifier: OwnedFd,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) sources: Sources,
    /// How many have ever been registered.
    pub(crate) registered: u32,
    /// Operations that are not in the kernel's queue yet.
    pub(crate) outbox: VecDeque<Op>,
    /// How many have ever left the outbox.
    pub(crate) left: u64,
    /// A thread sleeps in a turn, or is on its way to.
    pub(crate) asleep: bool,
    /// The thread that alone may enter is in a call.
    pub(crate) entering: bool,
    /// It was woken, and has not said that it knows.
    pub(crate) woken: bool,
    /// A turn is to return at once.
    pub(crate) notified: bool,
    /// Whoever drives may sleep outside of any turn, on the ring's descriptor.
    pub(crate) eager: bool,
}

impl Engine {
    /// A ring that any thread may enter.
    pub(crate) fn shared(uring: IoUring) -> Engine {
        Engine { ring: Ring::new(uring, State::default()), alone: None }
    }

    /// A ring that the current thread alone may enter, and which it is woken through `notifier`.
    pub(crate) fn alone(uring: IoUring, notifier: OwnedFd) -> Engine {
        let mut state = State::default();
        state.outbox.push_back(watch(&notifier));
        let alone = Some(Alone { thread: Thread::current(), notifier });
        Engine { ring: Ring::new(uring, state), alone }
    }

    pub(crate) fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let fd = descriptor(io)?;
        if never_blocks(fd)? {
            source.set_always_ready();
            return Ok(());
        }
        let Some(open) = source.keep_open() else { return Err(ErrorKind::NotConnected.into()) };
        let mut at = self.ring.lock();
        if at.sources.contains_key(&fd.as_raw_fd()) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let entry = Entry::new(source, open, at.registered);
        at.registered = at.registered.wrapping_add(1);
        at.sources.insert(fd.as_raw_fd(), entry);
        source.set_short_is_drained(true);
        Ok(())
    }

    pub(crate) fn rearm(
        &self,
        io: BorrowedIo<'_>,
        source: &Arc<Source>,
        wanted: Directions,
    ) -> io::Result<()> {
        let fd = descriptor(io)?.as_raw_fd();
        let mut at = self.ring.lock();
        let State { sources, outbox, .. } = &mut *at;
        let Some(entry) = sources.get_mut(&fd).filter(|entry| Arc::ptr_eq(&entry.source, source))
        else {
            return if source.is_always_ready() { Ok(()) } else { Err(ErrorKind::NotFound.into()) };
        };
        if let Some(errno) = entry.refused {
            return Err(errno.into());
        }
        for direction in [Direction::Read, Direction::Write] {
            let polled = &mut entry.polled[direction as usize];
            if wanted.contains(direction) && !std::mem::replace(polled, true) {
                let events = events::wanted(direction, entry.marked);
                outbox.push_back(Op::Poll { fd, events, key: entry.key(fd, direction) });
            }
        }
        if at.asleep || at.eager { self.send(at) } else { Ok(()) }
    }

    pub(crate) fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let fd = descriptor(io)?.as_raw_fd();
        let mut at = self.ring.lock();
        let is_it = |entry: &Entry| Arc::ptr_eq(&entry.source, source);
        let found = match at.sources.get(&fd) {
            Some(entry) if is_it(entry) => Some(fd),
            // It is let go of, whatever it is said to be for.
            _ => at.sources.iter().find(|(_, entry)| is_it(entry)).map(|(fd, _)| *fd),
        };
        let Some((fd, entry)) = found.and_then(|fd| at.sources.remove_entry(&fd)) else {
            // What is always ready never was in the table.
            return if source.is_always_ready() { Ok(()) } else { Err(ErrorKind::NotFound.into()) };
        };
        let mut sent = false;
        for direction in [Direction::Read, Direction::Write] {
            let key = entry.key(fd, direction);
            let is_it = |op: &Op| matches!(op, Op::Poll { key: other, .. } if *other == key);
            match at.outbox.iter().position(is_it) {
                Some(place) => drop(at.outbox.remove(place)),
                None if entry.polled[direction as usize] => {
                    at.outbox.push_back(Op::Cancel(key));
                    sent = true;
                }
                None => {}
            }
        }
        if !sent {
            return Ok(());
        }
        let result = self.take_back(at);
        if result.is_err() {
            // The descriptor's number may still be on its way, so it must not become another's.
            let _kept = ManuallyDrop::new(entry.open);
        }
        result
    }

    pub(crate) fn turn(&self, timeout: Option<Duration>, list: &mut ReadyList) -> io::Result<()> {
        if !self.may_enter() {
            return Err(io::Error::new(
                ErrorKind::Unsupported,
                "this ring belongs to another thread, which alone may wait on it",
            ));
        }
        let mut at = self.fill(self.ring.lock())?;
        let sleeps = timeout != Some(Duration::ZERO) && !at.notified && at.is_idle();
        let mut result = Ok(());
        if sleeps || at.unsubmitted() > 0 || at.more_in_kernel() {
            at.asleep = sleeps;
            at.entering = true;
            drop(at);
            result = self.ring.enter(if sleeps { timeout } else { Some(Duration::ZERO) });
            at = self.ring.lock();
            at.entering = false;
            at.asleep = false;
        }
        at.woken = false;
        at.notified = false;
        let watched = self.alone.as_ref().map(|alone| alone.notifier.as_fd());
        at.reap(|state, completion| state.complete(completion, watched, list));
        if at.more_in_kernel() {
            list.set_full();
        }
        if at.eager && !at.outbox.is_empty() {
            self.send(at)?;
        }
        result
    }

    pub(crate) fn notify(&self) {
        let mut at = self.ring.lock();
        if !std::mem::replace(&mut at.notified, true) && (at.asleep || at.eager) {
            self.wake(at);
        }
    }

    pub(crate) fn pollable(&self) -> BorrowedIo<'_> {
        let mut at = self.ring.lock();
        at.eager = true;
        // If it fails, so will the next turn, which says why.
        if at.notified {
            self.wake(at); // who had notified has left it to the next turn
        } else if !at.outbox.is_empty() {
            let _ = self.send(at);
        }
        self.ring.as_io()
    }

    /// Lets go of all sources: the ring ends. What waits on them has to be told.
    ///
    /// Their polls are cancelled: a ring that is just closed leaves that to a thread of the
    /// kernel's, and objects would be kept open until it has time.
    pub(crate) fn close(&self) -> Vec<Arc<Source>> {
        let mut at = self.ring.lock();
        let sources = std::mem::take(&mut at.sources);
        at.outbox.clear();
        for (fd, entry) in &sources {
            for direction in [Direction::Read, Direction::Write] {
                if entry.polled[direction as usize] {
                    at.outbox.push_back(Op::Cancel(entry.key(*fd, direction)));
                }
            }
        }
        // If it fails, the kernel's thread does it.
        let _ = self.submit(at);
        sources.into_values().map(|entry| entry.source).collect()
    }
}

impl State {
    fn complete(
        &mut self,
        completion: Completion,
        notifier: Option<BorrowedFd<'_>>,
        list: &mut ReadyList,
    ) {
        let Completion { key, result, more } = completion;
        if let (NOTIFIER, Some(notifier), false) = (key, notifier, more) {
            self.outbox.push_back(watch(notifier)); // the completion queue was full
        }
        let Some((entry, direction)) = find(&mut self.sources, key) else { return };
        entry.polled[direction as usize] = false;
        match result {
            Ok(answer) => {
                // Of writing nothing is known before the first attempt, which finds out for less
                // than a poll and a turn.
                let untried = match std::mem::take(&mut entry.fresh) && !entry.polled[1] {
                    true => Directions::WRITE,
                    false => Directions::NONE,
                };
                let marked = events::report(answer, untried, &entry.source, list);
                if direction == Direction::Read {
                    entry.marked = marked;
                }
            }
            Err(errno) => {
                // Cancelled: the thread that had submitted it has ended. Who waits submits anew.
                if errno != Errno::CANCELED {
                    entry.refused = Some(errno);
                }
                events::disarmed(&entry.source, Directions::NONE, Directions::NONE, list);
            }
        }
    }
}

fn watch(notifier: impl AsFd) -> Op {
    let fd: RawFd = notifier.as_fd().as_raw_fd();
    Op::Watch { fd, events: u32::from(PollFlags::IN.bits()), key: NOTIFIER }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
    use std::time::Instant;

    use super::*;
    use crate::probe::{self, Sizes};

    fn turn(engine: &Engine, timeout: Duration) {
        engine.turn(Some(timeout), &mut ReadyList::new()).unwrap();
    }

    fn alone(sizes: Sizes) -> Engine {
        Engine::alone(probe::alone(sizes).unwrap(), probe::notifier().unwrap())
    }

    #[test]
    fn a_watch_that_the_kernel_ends_begins_anew() {
        const LONG: Duration = Duration::from_secs(60);
        let engine = alone(Sizes { submissions: 1, completions: 1 });
        turn(&engine, Duration::ZERO);
        let mut ended = 0;
        for _ in 0..20 {
            // Others fill the queue when the notifier has something to say.
            engine.ring.lock().outbox.extend([Op::Nothing; 3]);
            engine.wake(engine.ring.lock());
            for _ in 0..5 {
                turn(&engine, Duration::ZERO);
                let outbox = &engine.ring.lock().outbox;
                ended += outbox.iter().filter(|op| matches!(op, Op::Watch { .. })).count();
            }
        }
        assert!(ended > 0, "the kernel has never ended it, so this shows nothing");

        let (told, begin) = (AtomicBool::new(false), Instant::now());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !engine.ring.lock().asleep {
                    std::thread::yield_now();
                }
                told.store(true, SeqCst);
                engine.notify();
            });
            while !told.load(SeqCst) {
                turn(&engine, LONG);
            }
        });
        assert!(begin.elapsed() < LONG, "the sleeper was not woken");
    }

    #[test]
    fn a_notify_while_nobody_sleeps_costs_no_call() {
        let engine = alone(Sizes::USUAL);
        for _ in 0..100 {
            engine.notify();
            engine.turn(None, &mut ReadyList::new()).unwrap();
        }
        let notifier = &engine.alone.as_ref().unwrap().notifier;
        let written = rustix::io::read(notifier, &mut [0; 8]);
        assert_eq!(written, Err(Errno::AGAIN), "an eventfd that was written to can be read");
    }
}
