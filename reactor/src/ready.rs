//! A wait for readiness, as a future that takes its waker along when it is dropped.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::io_object::{AsIo, Direction};
use crate::registration::Registration;
use crate::source::Waiting;
use crate::waiters::Key;
use crate::word::Tick;

/// Future of [`Registration::ready`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Ready<'a, T: AsIo + 'static> {
    registration: &'a Registration<T>,
    direction: Direction,
    /// What was used up when the wait began; an event newer than this ends it.
    seen: Option<Tick>,
    key: Key,
}

impl<'a, T: AsIo + 'static> Ready<'a, T> {
    /// Waits for something newer than `seen`; `None`: than what is known at the first poll, unless
    /// that is worth an attempt.
    pub(crate) fn new(
        registration: &'a Registration<T>,
        direction: Direction,
        seen: Option<Tick>,
    ) -> Ready<'a, T> {
        Ready { registration, direction, seen, key: Key::default() }
    }

    /// Waits for something newer than `seen` from now on.
    pub(crate) fn look_for(&mut self, seen: Tick) {
        self.seen = Some(seen);
    }
}

impl<T: AsIo + 'static> Future for Ready<'_, T> {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let (registration, direction) = (this.registration, this.direction);
        let seen = match this.seen {
            Some(seen) => seen,
            None => loop {
                let seen = registration.source.tick(direction);
                if registration.still_ready(direction, seen) {
                    return Poll::Ready(registration.check_failed(seen));
                }
                if registration.source.blocked(direction, seen) {
                    break seen;
                }
            },
        };
        this.seen = Some(seen);
        registration.wait(direction, seen, cx.waker(), Waiting::Keyed(&mut this.key))
    }
}

impl<T: AsIo + 'static> Drop for Ready<'_, T> {
    fn drop(&mut self) {
        if self.key.is_stored() {
            self.registration.source.forget(self.direction, self.key);
        }
    }
}

impl<T: AsIo + 'static> fmt::Debug for Ready<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").field("direction", &self.direction).finish_non_exhaustive()
    }
}
