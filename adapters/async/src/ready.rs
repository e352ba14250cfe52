//! The futures of [`Async::readable`] and its kin, as types that can be named and stored.
//!
//! The borrowing ones are the core's [`Ready`], which leaves the list of waiters when it is
//! dropped. The owning ones would have to borrow from themselves for that, so they poll instead,
//! and a dropped one leaves its waker behind until the next event of the object.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use mini_reactor::{AsIo, Ready};

use crate::Async;

/// Future of [`Async::readable`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct Readable<'a, T: AsIo + 'static>(pub(crate) Ready<'a, T>);

/// Future of [`Async::writable`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct Writable<'a, T: AsIo + 'static>(pub(crate) Ready<'a, T>);

/// Future of [`Async::readable_owned`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct ReadableOwned<T: AsIo + 'static>(pub(crate) Arc<Async<T>>);

/// Future of [`Async::writable_owned`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct WritableOwned<T: AsIo + 'static>(pub(crate) Arc<Async<T>>);

impl<T: AsIo + 'static> Future for Readable<'_, T> {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T: AsIo + 'static> Future for Writable<'_, T> {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T: AsIo + 'static> Future for ReadableOwned<T> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_readable(cx)
    }
}

impl<T: AsIo + 'static> Future for WritableOwned<T> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_writable(cx)
    }
}

impl<T: AsIo + 'static> fmt::Debug for Readable<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readable").finish_non_exhaustive()
    }
}

impl<T: AsIo + 'static> fmt::Debug for Writable<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writable").finish_non_exhaustive()
    }
}

impl<T: AsIo + 'static> fmt::Debug for ReadableOwned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadableOwned").finish_non_exhaustive()
    }
}

impl<T: AsIo + 'static> fmt::Debug for WritableOwned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WritableOwned").finish_non_exhaustive()
    }
}
