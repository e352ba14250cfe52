//! Accepting connections, one by one and as a stream.

use std::fmt;
use std::io;
use std::net::TcpListener;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use mini_reactor::{AsIo, Direction};

use crate::Async;

impl<L: AsIo + 'static> Async<L> {
    /// `accept` by `op`; the connection belongs to the reactor of its listener.
    pub(crate) async fn accept_by<S: AsIo + 'static, A>(
        &self,
        op: fn(&L) -> io::Result<(S, A)>,
    ) -> io::Result<(Async<S>, A)> {
        let (stream, peer) = self.read_with(op).await?;
        Ok((self.wrap_accepted(stream), peer))
    }

    /// `poll_accept` by `op`.
    pub(crate) fn poll_accept_by<S: AsIo + 'static, A>(
        &self,
        cx: &mut Context<'_>,
        op: fn(&L) -> io::Result<(S, A)>,
    ) -> Poll<io::Result<(Async<S>, A)>> {
        let accepted = self.registration().poll_io(Direction::Read, cx, op);
        accepted.map_ok(|(stream, peer)| (self.wrap_accepted(stream), peer))
    }

    fn wrap_accepted<S: AsIo + 'static>(&self, stream: S) -> Async<S> {
        Async::wrap(stream, self.registration().reactor().clone())
    }
}

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
