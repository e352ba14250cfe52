//! The connections of a listener as a stream.

use std::fmt;
use std::io;
use std::net::TcpListener;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use mini_reactor::AsIo;

use crate::Async;

/// Stream of the connections that a listener accepts.
///
/// It never ends. An error does not end it either: what failed is this one accept, and the next
/// poll tries again, at once; so a program that goes on after a lasting error, such as running out
/// of descriptors, should pause first.
///
/// Made by `Async::<TcpListener>::incoming` and `Async::<UnixListener>::incoming`.
#[must_use = "streams do nothing unless polled"]
pub struct Incoming<'a, L: AsIo + 'static> {
    pub(crate) listener: &'a Async<L>,
}

impl<L: AsIo + fmt::Debug + 'static> fmt::Debug for Incoming<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("listener", self.listener).finish()
    }
}

impl Stream for Incoming<'_, TcpListener> {
    type Item = io::Result<Async<std::net::TcpStream>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.listener.poll_accept(cx).map(|accepted| Some(accepted.map(|(stream, _)| stream)))
    }
}
