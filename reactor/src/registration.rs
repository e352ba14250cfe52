//! An I/O object in the care of a reactor: the only way to make a `BorrowedIo` of it.
//!
//! A `Registration` owns its object and deregisters before the object is closed, so a backend never
//! meets a closed descriptor and the trait needs no `unsafe`. It registers lazily: an object that
//! never blocks costs no system call.
//!
//! Nobody gets `&mut T` while `T`'s own descriptor is registered, as the object could be swapped
//! for another: `lend.rs` has the ways around that.
//!
//! Deliberately absent: setting `O_NONBLOCK` (it belongs to the open file, which others may share).

use std::fmt;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::handle::Handle;
use crate::io_object::{AsIo, BorrowedIo, Direction};
use crate::observation::Observation;
use crate::ready::Ready;
use crate::report::report;
use crate::source::{Source, Waiting};
use crate::sys;
use crate::word::Tick;

/// An I/O object `T`, registered with a reactor from its first wait until it is dropped.
///
/// The reactor is chosen when the registration is made: the one given, else the one that this
/// thread has [entered](crate::Reactor::enter), else the [global](crate::global) one. Waiting
/// takes `&self`, but for `poll_io_mut` and `io_mut`; any number of tasks may wait in either
/// direction, and all of them wake.
///
/// The object must be in non-blocking mode, or the attempts will block the thread.
///
/// # Errors
///
/// Waiting fails with `AlreadyExists` if the same object is registered a second time, with the
/// error given to [`Source::fail`] once that was called, with `Unsupported` in a child process
/// after `fork` (the parent's reactor is not the child's), and with what the system says if it
/// cannot watch the object or has no room (`EMFILE`, `ENOSPC`).
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
/// use mini_reactor::{Direction, Registration};
///
/// let (mut here, there) = UnixStream::pair()?;
/// there.set_nonblocking(true)?;
/// let there = Registration::new(there);
///
/// std::thread::spawn(move || here.write_all(b"hello"));
/// let mut buffer = [0; 16];
/// let length = mini_reactor::block_on(there.io(Direction::Read, |mut io| io.read(&mut buffer)))?;
/// assert!(length > 0);
/// # std::io::Result::Ok(())
/// ```
pub struct Registration<T: AsIo + 'static> {
    /// `None` only while this is being taken apart.
    pub(crate) io: Option<T>,
    pub(crate) source: Arc<Source>,
}

impl<T: AsIo + 'static> Registration<T> {
    /// Puts `io` in the care of the current reactor. No system call, and no error: registering
    /// happens at the first wait.
    pub fn new(io: T) -> Registration<T> {
        Registration::new_in(io, Handle::current())
    }

    /// Puts `io` in the care of `reactor`.
    pub fn new_in(io: T, reactor: impl Into<Handle>) -> Registration<T> {
        Registration { io: Some(io), source: Arc::new(Source::new(reactor.into())) }
    }

    /// The object.
    pub fn get_ref(&self) -> &T {
        let Some(io) = &self.io else { unreachable!("taken out only by what consumes `self`") };
        io
    }

    /// The reactor that this object is registered with.
    pub fn reactor(&self) -> &Handle {
        &self.source.reactor
    }

    /// The core's view of the object, as the backend gets it.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Ends the registration and gives the object back.
    ///
    /// # Errors
    ///
    /// `Other` if the backend still holds a [`Source::keep_open`] token; the object is leaked then.
    pub fn into_inner(mut self) -> io::Result<T> {
        self.end().ok_or_else(|| io::Error::other("the reactor's backend still holds the object"))
    }

    /// Tries `op` and, while it would block, waits for `direction` to become ready.
    ///
    /// `op` is called only if something may have changed since it last said `WouldBlock`;
    /// `Interrupted` is retried. After 128 successes in a row this returns `Pending` once, having
    /// woken the task itself, so that a busy object does not keep its thread from all others.
    ///
    /// # Errors
    ///
    /// What `op` returns, and the errors of waiting: see [`Registration`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by not calling again; the stored waker may cause one needless wake-up.
    pub fn poll_io<R>(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        if self.take_a_break(direction, cx.waker()) {
            return Poll::Pending;
        }
        loop {
            let seen = self.source.tick(direction);
            if let Some(result) = self.attempt(direction, seen, &mut op) {
                return Poll::Ready(result);
            }
            match self.wait(direction, seen, cx.waker(), Waiting::Anonymous) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// [`poll_io`](Registration::poll_io) for plain reads and writes of a TCP stream, `length`
    /// being the room or the amount that `op` has: a transfer of less is taken as "there is no more
    /// just now", where the backend allows that, which saves the call that would say so.
    ///
    /// # Errors
    ///
    /// As [`poll_io`](Registration::poll_io).
    pub fn poll_stream(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        length: usize,
        mut op: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.poll_io(direction, cx, |io| {
            let seen = self.source.tick(direction);
            let moved = op(io)?;
            if 0 < moved && moved < length {
                self.source.drained(direction, seen);
            }
            Ok(moved)
        })
    }

    /// Tries `op` and, while it would block, waits for `direction` to become ready.
    ///
    /// # Errors
    ///
    /// As [`poll_io`](Registration::poll_io).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes its waker back; `op` was then either not called or said
    /// `WouldBlock`.
    pub async fn io<R>(
        &self,
        direction: Direction,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        let mut wait = self.ready(direction);
        let mut rested = false;
        std::future::poll_fn(move |cx| {
            if !rested && self.take_a_break(direction, cx.waker()) {
                rested = true;
                return Poll::Pending;
            }
            loop {
                let seen = self.source.tick(direction);
                if let Some(result) = self.attempt(direction, seen, &mut op) {
                    return Poll::Ready(result);
                }
                wait.look_for(seen);
                match Pin::new(&mut wait).poll(cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await
    }

    /// Whether an attempt in `direction` would now make progress; else waits until one may.
    ///
    /// Where an event was reported that nobody has used up, the object itself is asked (one `poll`
    /// system call), so code that does its I/O past this registration neither spins nor hangs.
    ///
    /// # Errors
    ///
    /// The errors of waiting: see [`Registration`].
    pub fn poll_ready(&self, direction: Direction, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let seen = self.source.tick(direction);
            if self.still_ready(direction, seen) {
                return Poll::Ready(self.check_failed(seen));
            }
            match self.wait(direction, seen, cx.waker(), Waiting::Anonymous) {
                Poll::Ready(Ok(())) => {}
                other => return other,
            }
        }
    }

    /// Waits until an attempt in `direction` may make progress.
    ///
    /// # Errors
    ///
    /// The errors of waiting: see [`Registration`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes its waker back.
    pub fn ready(&self, direction: Direction) -> Ready<'_, T> {
        Ready::new(self, direction, None)
    }

    /// One attempt, if it makes sense. `None`: it would block.
    fn attempt<R>(
        &self,
        direction: Direction,
        seen: Tick,
        op: &mut impl FnMut(&T) -> io::Result<R>,
    ) -> Option<io::Result<R>> {
        if seen.is_failed() {
            return Some(Err(self.source.error()));
        }
        if !seen.worth_a_try() {
            return None;
        }
        loop {
            match op(self.get_ref()) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return seen.is_always().then(|| Err(cannot_tell()));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => {
                    self.source.count_success(direction);
                    return Some(result);
                }
            }
        }
    }

    /// Waits for something newer than `seen`, which an attempt has used up.
    pub(crate) fn wait(
        &self,
        direction: Direction,
        seen: Tick,
        waker: &Waker,
        waiting: Waiting<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.source.blocked(direction, seen) {
            return match self.source.tick(direction).is_failed() {
                true => Poll::Ready(Err(self.source.error())),
                false => Poll::Ready(Ok(())),
            };
        }
        self.source.end_streak(direction);
        self.source.reactor.expects_driver();
        if let Err(error) = self.register() {
            return Poll::Ready(Err(error));
        }
        let waits = self.source.wait(direction, seen, waker, waiting);
        if let Ok(Some(_)) = waits {
            self.source.reactor.observe(Observation::Waits { source: &self.source, direction });
        }
        match waits {
            Ok(None) => Poll::Ready(Ok(())),
            Ok(Some(true)) => Poll::Pending,
            Ok(Some(false)) => match self.rearm() {
                Ok(()) => Poll::Pending,
                Err(error) => Poll::Ready(Err(error)),
            },
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    /// Registers with the backend, at the first time.
    fn register(&self) -> io::Result<()> {
        self.source.reactor.check_fork()?;
        if self.source.is_registered() {
            return Ok(());
        }
        let mut registered =
            self.source.registration.lock().unwrap_or_else(PoisonError::into_inner);
        if !*registered {
            self.watched(|io| {
                sys::check(io)?;
                self.source.name(sys::raw(io));
                self.source.reactor.register(io, &self.source)
            })?;
            *registered = true;
            self.source.set_registered();
        }
        Ok(())
    }

    /// Has the backend watch what is waited for, if it does not. The union is read under the lock
    /// that serialises the calls, so a later call never asks for less than an earlier one needs.
    fn rearm(&self) -> io::Result<()> {
        let registered = self.source.registration.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(wanted) = self.source.to_rearm() else { return Ok(()) };
        let rearm = || self.watched(|io| self.source.reactor.rearm(io, &self.source, wanted));
        let result = catch_unwind(AssertUnwindSafe(rearm));
        drop(registered);
        if !matches!(result, Ok(Ok(()))) {
            self.source.disarm(); // without the lock: it wakes
        }
        result.unwrap_or_else(|payload| resume_unwind(payload))
    }

    /// Whether what was reported still holds. Marks it as used up if it does not.
    pub(crate) fn still_ready(&self, direction: Direction, seen: Tick) -> bool {
        if !seen.is_ready() || seen.is_failed() || seen.is_always() {
            return seen.is_ready();
        }
        let asked = self.watched(|io| sys::is_ready_now(io, direction));
        asked.or_else(|| self.get_ref().is_ready(direction)).unwrap_or(true)
    }

    pub(crate) fn check_failed(&self, seen: Tick) -> io::Result<()> {
        if seen.is_failed() { Err(self.source.error()) } else { Ok(()) }
    }

    /// After a long streak of successes: wakes the task again and says true.
    pub(crate) fn take_a_break(&self, direction: Direction, waker: &Waker) -> bool {
        let spent = self.source.had_its_share(direction);
        if spent {
            waker.wake_by_ref();
        }
        spent
    }

    /// Calls `f` with what the backend knows: the object, or its twin.
    fn watched<R>(&self, f: impl FnOnce(BorrowedIo<'_>) -> R) -> R {
        match self.source.twin() {
            Some(twin) => f(twin.as_io()),
            None => f(self.get_ref().as_io()),
        }
    }

    /// Deregisters, and wakes whoever still waits; false if the backend still has a claim. Does not
    /// panic, as the object would be closed then, whatever the claims.
    pub(crate) fn release(&mut self) -> bool {
        if self.source.reactor.check_fork().is_err() {
            // The parent's backend is not touched, and has no claim on the child's objects.
            self.source.close_twin();
            return true;
        }
        let mut registered =
            self.source.registration.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut *registered) {
            // A refusal leaves nothing to do: what was watched may be closed, which ends it too. A
            // panic is one.
            crate::wake::contained(|| {
                let _ = self.watched(|io| self.source.reactor.deregister(io, &self.source));
            });
        }
        drop(registered); // what follows wakes
        self.source.end();
        let released = self.source.close_tokens() == 0;
        if released {
            self.source.close_twin(); // else the last token does, with the source
        }
        released
    }

    /// Ends the registration and takes the object out; `None` if the backend still has a claim on
    /// it, in which case it is leaked.
    fn end(&mut self) -> Option<T> {
        let released = self.io.is_some() && self.release();
        let io = self.io.take()?;
        if released {
            return Some(io);
        }
        let _leaked = std::mem::ManuallyDrop::new(io);
        report(format_args!(
            "a backend kept its claim on a deregistered object ({:?}); the object is leaked. Does \
             a decorator forget to forward `deregister`?",
            self.source
        ));
        None
    }
}

pub(crate) fn cannot_tell() -> io::Error {
    io::Error::new(
        ErrorKind::Unsupported,
        "the operation would block, but the system cannot tell when this kind of object is ready",
    )
}

impl<T: AsIo + 'static> Drop for Registration<T> {
    fn drop(&mut self) {
        drop(self.end());
    }
}

impl<T: AsIo + fmt::Debug + 'static> fmt::Debug for Registration<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("io", &self.io)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
