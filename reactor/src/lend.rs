//! `&mut T` of a registered object, safely: for types that read through `&mut self`.
//!
//! Whoever holds `&mut T` can close its descriptor, or swap it for another. A backend must never
//! meet that, so `T`'s own descriptor is not registered while `&mut T` is out. There are two ways:
//!
//! - `get_mut` ends the registration first; the next wait starts a new one, with whatever the
//!   object has become. Always right; it costs two system calls if the object was registered.
//! - The operations of `poll_io_mut` would pay that each time, and with two users of one object
//!   (the halves of a stream) each attempt of one would undo the wait of the other. So what is
//!   registered for them is a *twin*, a duplicate of our own, made at the first wait and kept: the
//!   object may do what it likes. Each operation is followed by a look at the number of the
//!   object's descriptor: if it changed, so does the twin.
//!
//! A source names one descriptor for ever; what comes after it gets a new source. Futures that wait
//! borrow the registration, so none exists when `&mut self` is at hand; `poll_*` calls may have
//! left wakers, and these are woken, poll again, and find the new source.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::io_object::{AsIo, Direction, Twin};
use crate::ready::Ready;
use crate::registration::{Registration, cannot_tell};
use crate::source::{Source, Waiting};
use crate::word::Tick;

impl<T: AsIo + 'static> Registration<T> {
    /// The object, to be changed or even replaced. It is deregistered first (a system call if it
    /// was registered); the next wait registers what it has become by then.
    ///
    /// # Panics
    ///
    /// If the backend still holds a [`Source::keep_open`] token after the deregistration, which
    /// only a broken backend does.
    pub fn get_mut(&mut self) -> &mut T {
        // A source without a name has never met a backend, nor can a token of it name a descriptor.
        if self.source.raw().is_some() {
            let released = self.release();
            assert!(
                released,
                "a backend kept its claim on a deregistered object: {:?}",
                self.source
            );
            self.source = Arc::new(Source::new(self.reactor().clone()));
        } else {
            self.source.close_twin();
        }
        self.io.as_mut().expect("taken out only by what consumes `self`")
    }

    /// [`poll_io`](Registration::poll_io) for objects that read or write through `&mut self`.
    ///
    /// `op` may do anything with the object. The first wait duplicates the object's descriptor, and
    /// it is the duplicate that is registered. If `op` gives the object another descriptor, the
    /// next wait is for that one; it is recognised by its number, so `op` must not close one and
    /// open one with the same number, or waits may never end: use
    /// [`get_mut`](Registration::get_mut) for that.
    ///
    /// Unlike there, `op` is called at each poll: the object may have something in a buffer.
    ///
    /// # Errors
    ///
    /// As [`poll_io`](Registration::poll_io), and those of duplicating the descriptor (`EMFILE`).
    ///
    /// # Panics
    ///
    /// As [`get_mut`](Registration::get_mut).
    ///
    /// # Cancel safety
    ///
    /// As [`poll_io`](Registration::poll_io).
    pub fn poll_io_mut<R>(
        &mut self,
        direction: Direction,
        cx: &mut Context<'_>,
        mut op: impl FnMut(&mut T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        if self.take_a_break(direction, cx.waker()) {
            return Poll::Pending;
        }
        loop {
            let seen = match self.attempt_mut(direction, &mut op) {
                Ok(result) => return Poll::Ready(result),
                Err(seen) => seen,
            };
            match self.wait(direction, seen, cx.waker(), Waiting::Anonymous) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// [`io`](Registration::io) for objects that read or write through `&mut self`.
    ///
    /// # Errors
    ///
    /// As [`poll_io_mut`](Registration::poll_io_mut), where it is also said what `op` may do.
    ///
    /// # Panics
    ///
    /// As [`get_mut`](Registration::get_mut).
    ///
    /// # Cancel safety
    ///
    /// As [`io`](Registration::io).
    pub async fn io_mut<R>(
        &mut self,
        direction: Direction,
        mut op: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let mut rested = false;
        std::future::poll_fn(|cx| match rested || !self.take_a_break(direction, cx.waker()) {
            true => Poll::Ready(()),
            false => {
                rested = true;
                Poll::Pending
            }
        })
        .await;
        loop {
            match self.attempt_mut(direction, &mut op) {
                Ok(result) => return result,
                Err(seen) => Ready::new(self, direction, Some(seen)).await?,
            }
        }
    }

    /// One attempt. `Err`: it would block; what it has used up, and the twin stands ready.
    fn attempt_mut<R>(
        &mut self,
        direction: Direction,
        op: &mut impl FnMut(&mut T) -> io::Result<R>,
    ) -> Result<io::Result<R>, Tick> {
        let had_twin = self.source.twin().is_some();
        if !had_twin {
            self.get_mut();
        }
        let seen = self.source.tick(direction);
        if seen.is_failed() {
            return Ok(Err(self.source.error()));
        }
        let io = self.io.as_mut().expect("taken out only by what consumes `self`");
        let result = loop {
            match op(io) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        let swapped =
            self.source.twin().is_some_and(|twin| !twin.may_be_of(self.get_ref().as_io()));
        if swapped {
            self.get_mut();
        }
        match result {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if seen.is_always() && !swapped {
                    return Ok(Err(cannot_tell()));
                }
                if !had_twin || swapped {
                    match Twin::of(self.get_ref().as_io()) {
                        Ok(twin) => self.source.set_twin(twin),
                        Err(error) => return Ok(Err(error)),
                    }
                }
                // After a swap this is a tick of the old source: at worst an attempt too many.
                Err(seen)
            }
            result => {
                self.source.count_success(direction);
                Ok(result)
            }
        }
    }
}
