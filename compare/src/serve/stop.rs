//! Ctrl-C: the signal as something to await, and the way it reaches every connection.
//!
//! A handler may do next to nothing, so it writes a byte to a socket, which a task reads like any
//! other. The news spreads by closing a channel: whoever holds a [`Stopping`] sees its end. The
//! other way round, the server knows that all have finished when the last [`Stopping`] is gone.

use std::io;
use std::os::unix::net::UnixStream;

use async_channel::{Receiver, Sender};
use futures_lite::AsyncReadExt;
use mini_async::Async;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

/// SIGINT and SIGTERM, one after the other.
pub(super) struct Signals(Async<UnixStream>);

impl Signals {
    /// Takes over both signals.
    pub(super) fn new() -> io::Result<Self> {
        let (receiver, sender) = UnixStream::pair()?;
        pipe::register(SIGINT, sender.try_clone()?)?;
        pipe::register(SIGTERM, sender)?;
        Ok(Self(Async::new(receiver)?))
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) -> io::Result<()> {
        self.0.read_exact(&mut [0]).await
    }
}

/// The server's side.
pub(super) struct Stop {
    /// Dropped to say it; nothing is ever sent.
    said: Sender<()>,
    finished: Receiver<()>,
}

/// A connection's side.
#[derive(Clone)]
pub(super) struct Stopping {
    told: Receiver<()>,
    _finished: Sender<()>,
}

/// Makes both sides. The server clones the second for each connection and drops its own.
pub(super) fn stop() -> (Stop, Stopping) {
    let (said, told) = async_channel::bounded(1);
    let (send_finished, finished) = async_channel::bounded(1);
    (Stop { said, finished }, Stopping { told, _finished: send_finished })
}

impl Stop {
    /// Tells all connections, and waits until none is left.
    pub(super) async fn and_wait(self) {
        drop(self.said);
        let end = self.finished.recv().await;
        debug_assert!(end.is_err(), "nothing is ever sent");
    }
}

impl Stopping {
    /// Waits until the server stops.
    pub(super) async fn told(&self) {
        let end = self.told.recv().await;
        debug_assert!(end.is_err(), "nothing is ever sent");
    }
}
