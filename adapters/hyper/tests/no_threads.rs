//! No thread but those lent: a server and its clients, and all that they wait for.
#![cfg(target_os = "linux")]

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use futures_lite::StreamExt;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper::{Request, Response};
use mini_async::{Async, Timer};
use mini_executor_single_thread::LocalExecutor;
use mini_hyper::{FuturesIo, ReactorTimer};

type Failure = Box<dyn std::error::Error>;

fn threads() -> io::Result<usize> {
    Ok(std::fs::read_dir("/proc/self/task")?.count())
}

// The only test of this program: others would have threads of their own.
#[test]
fn a_server_clients_and_timers_on_one_executor_start_no_thread() -> Result<(), Failure> {
    let before = threads()?;
    let executor = LocalExecutor::new();
    executor.block_on(async {
        let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.get_ref().local_addr()?;
        let hello = |_| async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello"))) };
        let server = executor.spawn(async move {
            let (stream, _) = listener.accept().await?;
            let builder = hyper::server::conn::http1::Builder::new()
                .timer(ReactorTimer::new())
                .serve_connection(FuturesIo::new(stream), service_fn(hello));
            builder.await.map_err(io::Error::other)
        });
        let stream = FuturesIo::new(Async::<TcpStream>::connect(address).await?);
        let (mut client, connection) = hyper::client::conn::http1::handshake(stream).await?;
        let connection = executor.spawn(connection);
        let mut ticks = Timer::interval(Duration::from_millis(1));
        for _ in 0..3 {
            ticks.next().await;
            let answer = client.send_request(Request::new(Empty::<Bytes>::new())).await?;
            assert_eq!(answer.into_body().collect().await?.to_bytes(), "hello");
            assert_eq!(threads()?, before);
        }
        drop(client);
        connection.await?;
        server.await?;
        Ok::<_, Failure>(())
    })?;
    assert_eq!(threads()?, before);
    Ok(())
}
