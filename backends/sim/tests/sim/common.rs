//! What most of the tests need.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::Poll;

use mini_async::Async;
use mini_reactor_sim::{Faults, Host, Listener, Settings, Sim, Stream};

/// A simulation in which nothing is drawn.
pub(crate) fn calm() -> Sim {
    Sim::new(Settings::new().faults(Faults::NONE))
}

pub(crate) async fn accept(listener: &Async<Listener>) -> io::Result<Async<Stream>> {
    let (stream, _) = listener.read_with(|listener| listener.accept()).await?;
    Async::new(stream)
}

/// A connection that stands.
pub(crate) async fn connect(from: &Host, to: &Host) -> io::Result<Async<Stream>> {
    let stream = Async::new(from.connect((to, 80))?)?;
    stream.write_with(|stream| stream.established()).await?;
    Ok(stream)
}

/// Two hosts, and the two ends of a connection between them: the client's and the server's.
pub(crate) async fn connected(sim: &Sim) -> io::Result<(Async<Stream>, Async<Stream>)> {
    let (server, client) = (sim.host("server"), sim.host("client"));
    let listener = Async::new(server.listen(80)?)?;
    futures_lite::future::try_zip(connect(&client, &server), accept(&listener)).await
}

/// Polls once: what is ready already.
pub(crate) async fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        Poll::Ready(match future.as_mut().poll(cx) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        })
    })
    .await
}

/// The kind of an error that has to be one.
pub(crate) fn kind<T: std::fmt::Debug>(result: io::Result<T>) -> io::ErrorKind {
    result.expect_err("it should fail").kind()
}
