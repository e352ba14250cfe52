//! HTTP/2, which spawns its streams on the executor that it is given.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::rc::Rc;
use std::time::Duration;

use futures_lite::future;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use mini_async::{Async, Timer};
use mini_executor_single_thread::LocalExecutor;
use mini_hyper::{FuturesIo, LocalSpawner, ReactorTimer, Spawner};

type Failure = Box<dyn std::error::Error>;

/// Answers not `Send`, to show that nothing has to be.
async fn slow_echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body = Rc::new(request.into_body().collect().await?.to_bytes());
    Timer::after(Duration::from_millis(1)).await;
    Ok(Response::new(Full::new((*body).clone())))
}

#[test]
fn many_streams_in_one_connection_on_one_thread() -> Result<(), Failure> {
    let executor = Rc::new(LocalExecutor::new());
    let spawn_on = Rc::clone(&executor);
    let spawner = LocalSpawner::new(move |future| spawn_on.spawn(future).detach());
    executor.block_on(async {
        let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.get_ref().local_addr()?;
        let server = async {
            let (stream, _) = listener.accept().await?;
            stream.get_ref().set_nodelay(true)?;
            hyper::server::conn::http2::Builder::new(spawner.clone())
                .timer(ReactorTimer::new())
                .keep_alive_interval(Duration::from_secs(10))
                .serve_connection(FuturesIo::new(stream), service_fn(slow_echo))
                .await?;
            Ok::<_, Failure>(())
        };
        let client = async {
            let stream = Async::<TcpStream>::connect(address).await?;
            stream.get_ref().set_nodelay(true)?;
            let stream = FuturesIo::new(stream);
            let (client, connection) = hyper::client::conn::http2::Builder::new(spawner.clone())
                .timer(ReactorTimer::new())
                .handshake(stream)
                .await?;
            let connection = executor.spawn(connection);
            let requests: Vec<_> = (0..50)
                .map(|number: usize| {
                    let mut client = client.clone();
                    executor.spawn(async move {
                        let body = Bytes::from(vec![number as u8; number * 1000]);
                        let request =
                            Request::post("http://here/").body(Full::new(body.clone()))?;
                        let answer = client.send_request(request).await?;
                        assert!(answer.into_body().collect().await?.to_bytes() == body);
                        Ok::<_, Failure>(())
                    })
                })
                .collect();
            for request in requests {
                request.await?;
            }
            drop(client);
            connection.await?;
            Ok(())
        };
        future::try_zip(server, client).await?;
        Ok(())
    })
}

#[test]
fn a_spawner_of_threads_serves_too() -> Result<(), Failure> {
    async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
        Ok(Response::new(Full::new(request.into_body().collect().await?.to_bytes())))
    }
    let spawner = Spawner::new(|future| {
        std::thread::spawn(|| mini_async::block_on(future));
    });
    let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.get_ref().local_addr()?;
    let server = std::thread::spawn(move || {
        mini_async::block_on(async {
            let (stream, _) = listener.accept().await?;
            stream.get_ref().set_nodelay(true)?;
            hyper::server::conn::http2::Builder::new(spawner)
                .serve_connection(FuturesIo::new(stream), service_fn(echo))
                .await
                .map_err(io::Error::other)
        })
    });
    mini_async::block_on(async {
        let stream = Async::<TcpStream>::connect(address).await?;
        stream.get_ref().set_nodelay(true)?;
        let stream = FuturesIo::new(stream);
        let (mut client, connection) =
            hyper::client::conn::http2::handshake(spawner, stream).await?;
        let ask = async {
            for _ in 0..20 {
                let request = Request::post("http://here/").body(Full::new(Bytes::from("ping")))?;
                let answer = client.send_request(request).await?;
                assert_eq!(answer.into_body().collect().await?.to_bytes(), "ping");
            }
            drop(client);
            Ok::<_, Failure>(())
        };
        let (asked, ended) = future::zip(ask, connection).await;
        asked?;
        ended?;
        Ok::<_, Failure>(())
    })?;
    server.join().unwrap()?;
    Ok(())
}
