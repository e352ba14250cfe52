//! A program that knows nothing of the simulator: hyper's server and client, over its sockets.

use std::cell::Cell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use futures_lite::future;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use mini_async::{Async, Timer};
use mini_executor_single_thread::LocalExecutor;
use mini_hyper::{FuturesIo, LocalSpawner, ReactorTimer};
use mini_reactor_sim::{
    Explored, Fault, Faults, Host, Listener, Settings, Sim, Stream, explore_with,
};

type Failure = Box<dyn std::error::Error>;

#[derive(Clone, Copy, PartialEq)]
enum Version {
    Http1,
    Http2,
}

/// Answers with method, path and body.
async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let mut answer = format!("{} {} ", request.method(), request.uri().path()).into_bytes();
    answer.extend_from_slice(&request.into_body().collect().await?.to_bytes());
    Ok(Response::new(Full::new(answer.into())))
}

/// Accepts whatever the system has just run out of.
async fn accept(listener: &Async<Listener>) -> Async<Stream> {
    loop {
        let accepted = listener.read_with(|listener| listener.accept()).await;
        match accepted.and_then(|(stream, _)| Async::new(stream)) {
            Ok(stream) => return stream,
            Err(_) => pause().await,
        }
    }
}

/// Where tasks spawn others. Not the executor itself, or its own tasks would keep it.
#[derive(Clone)]
struct Tasks(Weak<LocalExecutor<'static>>);

impl Tasks {
    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        if let Some(executor) = self.0.upgrade() {
            executor.spawn(task).detach();
        }
    }
}

/// Serves every connection in a task of its own, until dropped.
async fn serve(sim: Sim, tasks: Tasks, listener: Async<Listener>, version: Version) {
    for number in 0.. {
        let stream = FuturesIo::new(accept(&listener).await);
        let executor = tasks.clone();
        let connection = async move {
            // Connections break; then the client comes back. Dates are of real time, which would
            // have a seed give different runs.
            let _ = match version {
                Version::Http1 => {
                    hyper::server::conn::http1::Builder::new()
                        .timer(ReactorTimer::new())
                        .auto_date_header(false)
                        .header_read_timeout(Duration::from_secs(60))
                        .serve_connection(stream, service_fn(echo))
                        .await
                }
                Version::Http2 => {
                    let spawner = LocalSpawner::new(move |task| executor.spawn(task));
                    hyper::server::conn::http2::Builder::new(spawner)
                        .timer(ReactorTimer::new())
                        .auto_date_header(false)
                        .serve_connection(stream, service_fn(echo))
                        .await
                }
            };
        };
        tasks.spawn(sim.named(&format!("connection {number}"), connection));
    }
}

enum Client {
    Http1(hyper::client::conn::http1::SendRequest<Full<Bytes>>),
    Http2(hyper::client::conn::http2::SendRequest<Full<Bytes>>),
}

/// A connection of a client's, whose own task runs until the connection ends.
async fn connect(host: &Host, tasks: &Tasks, version: Version) -> Result<Client, Failure> {
    let stream = FuturesIo::new(Async::new(host.connect(("server", 80))?)?);
    let executor = tasks.clone();
    Ok(match version {
        Version::Http1 => {
            let (client, connection) = hyper::client::conn::http1::handshake(stream).await?;
            tasks.spawn(async { drop(connection.await) });
            Client::Http1(client)
        }
        Version::Http2 => {
            let spawner = LocalSpawner::new(move |task| executor.spawn(task));
            let (client, connection) =
                hyper::client::conn::http2::Builder::new(spawner).handshake(stream).await?;
            tasks.spawn(async { drop(connection.await) });
            Client::Http2(client)
        }
    })
}

/// One request, and the body of its answer.
async fn ask(client: &mut Client, path: &str, body: Vec<u8>) -> Result<Bytes, Failure> {
    let request = Request::builder().method(Method::POST).uri(format!("http://server{path}"));
    let request = request.header("host", "server").body(Full::from(body))?;
    let answer = match client {
        Client::Http1(client) => client.send_request(request).await?,
        Client::Http2(client) => client.send_request(request).await?,
    };
    assert!(answer.status().is_success());
    Ok(answer.into_body().collect().await?.to_bytes())
}

/// Sends four requests, each until it is answered.
async fn ask_four_times(
    host: Host,
    tasks: Tasks,
    (version, longest): (Version, usize),
    answered: Rc<Cell<u32>>,
) {
    let mut client = None;
    for (number, length) in [0, 1, 1000, longest].into_iter().enumerate() {
        let (path, body) = (format!("/{number}"), vec![number as u8; length]);
        let answer = loop {
            let attempt = async {
                if client.is_none() {
                    client = Some(connect(&host, &tasks, version).await?);
                }
                let client = client.as_mut().expect("it was just made");
                ask(client, &path, body.clone()).await
            };
            let patience = async {
                Timer::after(Duration::from_secs(10)).await;
                Err("nobody answers".into())
            };
            match future::or(attempt, patience).await {
                Ok(answer) => break answer,
                Err(_) => client = None,
            }
            pause().await;
        };
        let head = format!("POST {path} ");
        assert_eq!(answer[..head.len()], *head.as_bytes());
        assert!(answer[head.len()..] == body);
        answered.set(answered.get() + 1);
    }
}

async fn pause() {
    Timer::after(Duration::from_millis(10)).await;
}

/// A server and two clients; what breaks is tried again.
async fn program(sim: Sim, version: Version, longest: usize) {
    let executor = Rc::new(LocalExecutor::new());
    let tasks = Tasks(Rc::downgrade(&executor));
    let listener = loop {
        match sim.host("server").listen(80).and_then(Async::new) {
            Ok(listener) => break listener,
            Err(_) => pause().await,
        }
    };
    let server = serve(sim.clone(), tasks.clone(), listener, version);
    let _server = executor.spawn(sim.named("server", server));
    let answered = Rc::new(Cell::new(0));
    let clients = ["client 1", "client 2"].map(|name| {
        let (tasks, answered) = (tasks.clone(), Rc::clone(&answered));
        sim.named(name, ask_four_times(sim.host(name), tasks, (version, longest), answered))
    });
    let clients = clients.map(|client| executor.spawn(client));
    let all = async {
        for client in clients {
            client.await;
        }
    };
    executor.run(all).await;
    assert_eq!(answered.get(), 8);
}

/// The longest body is `longest`: where connections break, a long one takes many tries.
fn explore(version: Version, faults: Faults, longest: usize) -> Explored {
    let settings = Settings::new().faults(faults).buffer(16 * 1024);
    explore_with(settings, 0..SEEDS, |sim| program(sim, version, longest))
}

const SEEDS: u64 = if cfg!(debug_assertions) { 25 } else { 500 };

/// What a program can go on after, though not what it can go through.
fn harsh() -> Faults {
    Faults::MILD.with(Fault::Reset).with(Fault::NoDescriptors)
}

#[test]
fn hyper_over_http1_goes_through_every_mild_fault() {
    let explored = explore(Version::Http1, Faults::MILD, 100_000);
    assert!(explored.faults > 20 * SEEDS, "{explored}");
}

#[test]
fn hyper_over_http2_goes_through_every_mild_fault() {
    let explored = explore(Version::Http2, Faults::MILD, 100_000);
    assert!(explored.faults > 20 * SEEDS, "{explored}");
}

#[test]
fn hyper_over_http1_goes_on_after_connections_break_and_descriptors_run_out() {
    explore(Version::Http1, harsh(), 5_000);
}

#[test]
fn hyper_over_http2_goes_on_after_connections_break_and_descriptors_run_out() {
    explore(Version::Http2, harsh(), 5_000);
}

#[test]
fn a_client_that_says_nothing_is_timed_out_by_the_virtual_clock() {
    let sim = Sim::new(Settings::new());
    sim.block_on(async {
        let listener = Async::new(sim.host("server").listen(80).unwrap()).unwrap();
        let silent = Async::new(sim.host("client").connect(("server", 80)).unwrap()).unwrap();
        let stream = FuturesIo::new(accept(&listener).await);
        let served = hyper::server::conn::http1::Builder::new()
            .timer(ReactorTimer::new())
            .header_read_timeout(Duration::from_secs(60))
            .serve_connection(stream, service_fn(echo))
            .await;
        assert!(served.unwrap_err().is_timeout());
        drop(silent);
    });
    assert!(sim.elapsed() >= Duration::from_secs(60) && sim.elapsed() < Duration::from_secs(61));
}
