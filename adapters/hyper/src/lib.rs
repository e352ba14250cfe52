//! hyper's runtime traits for everything on mini-reactor.
//!
//! hyper brings no runtime of its own; it asks for four things, and each has a type here:
//!
//! | hyper asks for | here | made from |
//! |---|---|---|
//! | [`rt::Read`] and [`rt::Write`] | [`FuturesIo<T>`] | any futures-io stream, such as `Async<TcpStream>` |
//! | [`rt::Timer`] and [`rt::Sleep`] | [`ReactorTimer`], [`Sleep`] | a reactor |
//! | [`rt::Executor`] for `Send` futures | [`Spawner<F>`] | a closure that spawns |
//! | [`rt::Executor`] for all futures | [`LocalSpawner<F>`] | a closure that spawns |
//!
//! Deliberately absent: any one executor. A closure that spawns plugs all of them in, those of
//! this workspace and others, and `Rc`-based ones no less than threaded ones.
//!
//! [`rt::Read`]: hyper::rt::Read
//! [`rt::Write`]: hyper::rt::Write
//! [`rt::Timer`]: hyper::rt::Timer
//! [`rt::Sleep`]: hyper::rt::Sleep
//! [`rt::Executor`]: hyper::rt::Executor
//!
//! # Examples
//!
//! A server that answers each request with its path, and one request to it:
//!
//! ```
//! use futures_lite::future;
//! use http_body_util::{BodyExt, Empty};
//! use hyper::body::{Bytes, Incoming};
//! use hyper::{Request, Response, service::service_fn};
//! use mini_async::Async;
//! use mini_executor_single_thread::LocalExecutor;
//! use mini_hyper::{FuturesIo, ReactorTimer};
//! use std::convert::Infallible;
//! use std::net::{Ipv4Addr, TcpListener, TcpStream};
//!
//! async fn path(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
//!     Ok(Response::new(request.uri().path().to_owned()))
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let executor = LocalExecutor::new();
//! executor.block_on(async {
//!     let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0))?;
//!     let address = listener.get_ref().local_addr()?;
//!     let server = executor.spawn(async move {
//!         let (stream, _) = listener.accept().await.unwrap();
//!         hyper::server::conn::http1::Builder::new()
//!             .timer(ReactorTimer::new())
//!             .serve_connection(FuturesIo::new(stream), service_fn(path))
//!             .await
//!     });
//!
//!     let stream = FuturesIo::new(Async::<TcpStream>::connect(address).await?);
//!     let (mut client, connection) = hyper::client::conn::http1::handshake(stream).await?;
//!     let connection = executor.spawn(connection);
//!     let request = Request::get("/hello").body(Empty::<Bytes>::new())?;
//!     let answer = client.send_request(request).await?.into_body().collect().await?;
//!     assert_eq!(answer.to_bytes(), "/hello");
//!
//!     drop(client);
//!     connection.await?;
//!     server.await?;
//!     Ok(())
//! })
//! # }
//! ```

mod executor;
mod io;
mod socket;
mod timer;

pub use executor::{LocalSpawner, Spawner};
pub use io::FuturesIo;
pub use timer::{ReactorTimer, Sleep};

/// The program in the workspace's README, compiled and run with these examples: the
/// dev-dependencies here are what it needs.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
