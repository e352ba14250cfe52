//! The servers: echo (for `echo`, `churn` and `idle`) and HTTP.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};

use crate::columns::runtime::Runtime;
use crate::load::Kind;
use crate::params::Params;

/// Serves connections for ever.
///
/// An executor whose threads share tasks gets all `workers` threads; otherwise each worker is a
/// thread with an executor of its own, and all accept from the same socket.
pub(super) fn serve<R: Runtime>(
    kind: Kind,
    params: &Params,
    listener: TcpListener,
) -> io::Result<()> {
    let lent = super::lent::<R>(params);
    let buffer = buffer_bytes(params);
    let serve = move |listener: TcpListener| {
        R::start(lent, async move {
            // A task: where the main future runs differs between columns, where tasks run is the
            // column's business.
            R::join(R::spawn(async move {
                let listener = R::listen(listener)?;
                match kind {
                    Kind::Http => serve_http::<R>(&listener).await,
                    Kind::Echo | Kind::Churn | Kind::Idle => {
                        serve_echo::<R>(&listener, buffer).await
                    }
                    Kind::Mixed => unreachable!("it has a server of its own"),
                }
            }))
            .await
        })
    };
    listener.set_nonblocking(true)?;
    let serve = Arc::new(serve);
    let threads = if R::SHARES_TASKS { 1 } else { params.number("workers") };
    for _ in 1..threads {
        let (serve, listener) = (Arc::clone(&serve), listener.try_clone()?);
        thread::spawn(move || serve(listener));
    }
    serve(listener)
}

/// The buffer of an echo connection: messages always fit with room to spare, so that a read that
/// got everything is a short read.
pub(crate) fn buffer_bytes(params: &Params) -> usize {
    if params.has("size") { (params.count("size") * 4).max(256) } else { 0 }
}

async fn serve_echo<R: Runtime>(listener: &R::Listener, buffer: usize) -> io::Result<()> {
    loop {
        let stream = R::accept(listener).await?;
        R::detach(R::spawn(echo::<R>(stream, vec![0; buffer].into())));
    }
}

/// Sends back what it reads until the end. Errors end the connection, as the end does.
///
/// Nothing is kept over an `.await` that is not needed after it: what a connection weighs is to be
/// the column's doing.
#[expect(clippy::manual_async_fn, reason = "it would have its arguments in the task twice")]
fn echo<R: Runtime>(
    mut stream: R::Stream,
    mut buffer: Box<[u8]>,
) -> impl Future<Output = ()> + Send {
    async move {
        loop {
            let read = match R::read(&mut stream, &mut buffer).await {
                Ok(read @ 1..) => read,
                Ok(0) | Err(_) => break,
            };
            if R::write_all(&mut stream, &buffer[..read]).await.is_err() {
                break;
            }
        }
    }
}

async fn serve_http<R: Runtime>(listener: &R::Listener) -> io::Result<()> {
    loop {
        let stream = R::accept(listener).await?;
        R::detach(R::spawn(async move {
            let connection =
                http1::Builder::new().serve_connection(R::hyper_io(stream), service_fn(hello));
            let _ = connection.await; // clients that go away are no news
        }));
    }
}

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(b"Hello, world!\n")));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    Ok(response)
}
