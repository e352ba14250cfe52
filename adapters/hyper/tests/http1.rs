//! HTTP/1 over real sockets, on an executor whose tasks stay on their thread.

use std::cell::Cell;
use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::time::Duration;

use futures_lite::future;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use mini_async::{Async, Timer};
use mini_executor_single_thread::LocalExecutor;
use mini_hyper::{FuturesIo, ReactorTimer};

type Failure = Box<dyn std::error::Error>;

/// Runs a test; one that waits for ever fails.
fn run<T>(executor: &LocalExecutor<'_>, future: impl Future<Output = T>) -> T {
    let lost = async {
        Timer::after(Duration::from_secs(30)).await;
        panic!("no wake-up came");
    };
    executor.block_on(future::or(future, lost))
}

/// Answers with method, path and body.
async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let mut answer = format!("{} {} ", request.method(), request.uri().path()).into_bytes();
    answer.extend_from_slice(&request.into_body().collect().await?.to_bytes());
    Ok(Response::new(Full::new(answer.into())))
}

/// Serves every connection in a task of its own, until dropped.
async fn serve(executor: &LocalExecutor<'_>, listener: &Async<TcpListener>) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(ReactorTimer::new())
            .serve_connection(FuturesIo::new(stream), service_fn(echo));
        executor
            .spawn(async {
                let _ = connection.await;
            })
            .detach();
    }
}

fn listen() -> io::Result<(Async<TcpListener>, SocketAddr)> {
    let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.get_ref().local_addr()?;
    Ok((listener, address))
}

#[test]
fn many_requests_over_one_connection() -> Result<(), Failure> {
    let executor = LocalExecutor::new();
    run(&executor, async {
        let (listener, address) = listen()?;
        let client = async {
            let stream = FuturesIo::new(Async::<TcpStream>::connect(address).await?);
            let (mut client, connection) =
                hyper::client::conn::http1::handshake::<_, Full<Bytes>>(stream).await?;
            let connection = executor.spawn(connection);
            for length in [0, 1, 1000, 100_000, 3_000_000] {
                let body = vec![b'x'; length];
                let request = Request::builder()
                    .method(Method::POST)
                    .uri("/path")
                    .body(Full::from(body.clone()))?;
                let answer = client.send_request(request).await?;
                assert!(answer.status().is_success());
                let answer = answer.into_body().collect().await?.to_bytes();
                assert_eq!(answer[..11], *b"POST /path ");
                assert!(answer[11..] == body);
            }
            drop(client);
            connection.await?;
            Ok::<_, Failure>(())
        };
        let server = async { Ok(serve(&executor, &listener).await?) };
        future::or(client, server).await
    })
}

#[test]
fn many_connections_at_once_and_none_is_left_over() -> Result<(), Failure> {
    let executor = Rc::new(LocalExecutor::new());
    run(&executor, async {
        let (listener, address) = listen()?;
        let answers = Rc::new(Cell::new(0));
        let clients: Vec<_> = (0..32)
            .map(|number| {
                let answers = Rc::clone(&answers);
                let spawner = Rc::clone(&executor);
                executor.spawn(async move {
                    let stream = FuturesIo::new(Async::<TcpStream>::connect(address).await?);
                    let (mut client, connection) =
                        hyper::client::conn::http1::handshake(stream).await?;
                    let connection = spawner.spawn(connection);
                    let request =
                        Request::get(format!("/{number}")).body(Full::<Bytes>::default())?;
                    let answer = client.send_request(request).await?.into_body().collect().await?;
                    assert_eq!(answer.to_bytes(), format!("GET /{number} "));
                    answers.set(answers.get() + 1);
                    drop(client);
                    connection.await?;
                    Ok::<_, Failure>(())
                })
            })
            .collect();
        let all = async {
            for client in clients {
                client.await?;
            }
            Ok::<_, Failure>(())
        };
        let server = async { Ok(serve(&executor, &listener).await?) };
        future::or(all, server).await?;
        assert_eq!(answers.get(), 32);
        Ok(())
    })
}

#[test]
fn a_connection_whose_header_does_not_come_is_timed_out() -> Result<(), Failure> {
    let executor = LocalExecutor::new();
    run(&executor, async {
        let (listener, address) = listen()?;
        let mut silent = TcpStream::connect(address)?;
        silent.write_all(b"GET / HTT")?;
        let (stream, _) = listener.accept().await?;
        let ended = hyper::server::conn::http1::Builder::new()
            .timer(ReactorTimer::new())
            .header_read_timeout(Duration::from_millis(5))
            .serve_connection(FuturesIo::new(stream), service_fn(echo))
            .await;
        assert!(ended.unwrap_err().is_timeout());
        Ok(())
    })
}

#[test]
fn a_timeout_is_measured_anew_for_each_request() -> Result<(), Failure> {
    let executor = LocalExecutor::new();
    let patience = Duration::from_millis(200);
    run(&executor, async {
        let (listener, address) = listen()?;
        let client = std::thread::spawn(move || -> io::Result<()> {
            let mut stream = TcpStream::connect(address)?;
            for _ in 0..5 {
                std::thread::sleep(patience / 4);
                stream.write_all(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n")?;
                let mut answer = [0; 4096];
                let length = stream.read(&mut answer)?;
                assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
            }
            Ok(())
        });
        let (stream, _) = listener.accept().await?;
        hyper::server::conn::http1::Builder::new()
            .timer(ReactorTimer::new())
            .header_read_timeout(patience)
            .serve_connection(FuturesIo::new(stream), service_fn(echo))
            .await?;
        client.join().unwrap()?;
        Ok(())
    })
}

#[test]
fn an_upgraded_connection_is_a_futures_stream_again() -> Result<(), Failure> {
    use futures_lite::{AsyncReadExt, AsyncWriteExt};

    async fn switch(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        UPGRADE.set(Some(hyper::upgrade::on(request)));
        let answer = Response::builder().status(101).header("upgrade", "shout");
        Ok(answer.header("connection", "upgrade").body(Full::default()).unwrap())
    }
    thread_local! {
        static UPGRADE: Cell<Option<hyper::upgrade::OnUpgrade>> = const { Cell::new(None) };
    }

    let executor = LocalExecutor::new();
    run(&executor, async {
        let (listener, address) = listen()?;
        let server = async {
            let (stream, _) = listener.accept().await?;
            hyper::server::conn::http1::Builder::new()
                .serve_connection(FuturesIo::new(stream), service_fn(switch))
                .with_upgrades()
                .await?;
            let upgraded = UPGRADE.take().expect("the request came").await?;
            let mut stream = FuturesIo::new(upgraded);
            let mut word = [0; 5];
            stream.read_exact(&mut word).await?;
            stream.write_all(&word.to_ascii_uppercase()).await?;
            stream.close().await?;
            Ok::<_, Failure>(())
        };
        let client = async {
            let mut stream = Async::<TcpStream>::connect(address).await?;
            let head =
                b"GET / HTTP/1.1\r\nhost: here\r\nconnection: upgrade\r\nupgrade: shout\r\n\r\n";
            stream.write_all(head).await?;
            stream.write_all(b"hello").await?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
            assert!(answer.starts_with(b"HTTP/1.1 101"));
            assert!(answer.ends_with(b"HELLO"));
            Ok(())
        };
        future::try_zip(server, client).await?;
        Ok(())
    })
}
