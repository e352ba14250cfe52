//! Accepting connections, and ending in order.

use std::future::{Future, poll_fn};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::future;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use mini_async::{Async, Timer};
use mini_hyper::{FuturesIo, ReactorTimer};
use rustix::io::Errno;

use super::path::Root;
use super::respond::respond;
use super::stop::{Signals, Stopping, stop};
use crate::columns::runtime::{Lent, Runtime};

/// A folder, and where to serve it.
pub(crate) struct Files {
    pub(super) root: Root,
    pub(super) listener: TcpListener,
}

/// A client that does not send the head of a request in this time is let go, and so is an idle one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// How long to wait when there are no descriptors left.
const NO_DESCRIPTORS: Duration = Duration::from_millis(100);

/// Serves on executor `R` and the global reactor until a signal, then finishes the requests that
/// run. A second signal ends the program at once.
pub(crate) fn run<R: Runtime>(files: Files) -> io::Result<()> {
    R::start(Lent { workers: 1, slack: None }, async move {
        let Files { root, listener } = files;
        let listener = Async::new(listener)?;
        let mut signals = Signals::new()?;
        let (stop, stopping) = stop();
        future::or(accept_all::<R>(&listener, &Arc::new(root), &stopping), signals.next()).await?;
        drop((listener, stopping)); // the port is free from here on
        super::note(format_args!(
            "stopping; requests that run are finished, Ctrl-C again ends them"
        ));
        let all_finished = async {
            stop.and_wait().await;
            Ok(())
        };
        future::or(all_finished, signals.next()).await
    })
}

/// Accepts for ever.
async fn accept_all<R: Runtime>(
    listener: &Async<TcpListener>,
    root: &Arc<Root>,
    stopping: &Stopping,
) -> io::Result<()> {
    let mut complained = false;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                complained = false;
                R::detach(R::spawn(serve_connection(stream, Arc::clone(root), stopping.clone())));
            }
            Err(error) => match Errno::from_io_error(&error) {
                // The client went away before it was accepted.
                Some(Errno::CONNABORTED | Errno::PROTO | Errno::PERM) => {}
                // Connections that end give descriptors back. The one that waits stays in the queue
                // and would be reported again at once, so asking again has to wait.
                Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                    if !complained {
                        super::note(format_args!(
                            "accept: {error}; waiting for connections to end"
                        ));
                        complained = true;
                    }
                    Timer::after(NO_DESCRIPTORS).await;
                }
                _ => return Err(error),
            },
        }
    }
}

/// Serves one connection. Its errors are those of clients, which are no news.
async fn serve_connection(stream: Async<TcpStream>, root: Arc<Root>, stopping: Stopping) {
    if stream.get_ref().set_nodelay(true).is_err() {
        return; // it was reset already
    }
    let connection = http1::Builder::new()
        .timer(ReactorTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(
            FuturesIo::new(stream),
            service_fn(|request| respond(Arc::clone(&root), request)),
        );
    let mut connection = pin!(connection);
    let mut told = pin!(stopping.told());
    let mut is_told = false;
    let _ = poll_fn(|cx| {
        if !is_told && told.as_mut().poll(cx).is_ready() {
            is_told = true;
            connection.as_mut().graceful_shutdown(); // closes at once if it is idle
        }
        connection.as_mut().poll(cx)
    })
    .await;
}
