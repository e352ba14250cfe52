//! A deterministic simulator: the reactor of programs under test, with a clock and a network of its
//! own.
//!
//! Code that waits by `Async`, `Timer`, an executor and `block_on` does not know which reactor it
//! runs on. On this one, time is virtual and jumps to whatever comes next, sockets are memory, and
//! everything that a real system leaves open (what is ready first, how long a message takes, how
//! much a read gets, what fails) is drawn from a seed. The same seed gives the same run, step by
//! step, in any process; so a failure that was seen once is seen as often as one likes.
//!
//! - [`explore`] runs a test over many seeds, makes the first failing run small, and prints a line
//!   that replays it.
//! - [`Sim`] is one simulation, for a test that is about one run.
//! - [`Host`]s have [`Listener`]s, [`Stream`]s and [`Datagram`]s; there are pairs and pipes too.
//! - A program that can never go on is not hung but reported: who waits for what, and since when.
//!
//! ```
//! use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
//! use mini_async::{Async, Timer};
//! use mini_executor_single_thread::LocalExecutor;
//! use mini_reactor_sim::explore;
//! use std::time::Duration;
//!
//! explore(0..50, |sim| async move {
//!     let (server, client) = (sim.host("server"), sim.host("client"));
//!     let executor = LocalExecutor::new();
//!     let listener = Async::new(server.listen(80)?)?;
//!     let echo = executor.spawn(sim.named("echo", async move {
//!         let (stream, _) = listener.read_with(|listener| listener.accept()).await?;
//!         let stream = Async::new(stream)?;
//!         futures_lite::io::copy(&stream, &stream).await
//!     }));
//!     executor
//!         .run(async {
//!             let mut stream = Async::new(client.connect(("server", 80))?)?;
//!             stream.write_all(b"hello").await?;
//!             Timer::after(Duration::from_secs(60)).await; // takes no time
//!             stream.close().await?;
//!             let mut text = String::new();
//!             stream.read_to_string(&mut text).await?;
//!             assert_eq!((text.as_str(), echo.await?), ("hello", 5));
//!             std::io::Result::Ok(())
//!         })
//!         .await
//! });
//! ```
//!
//! # Where to read on
//!
//! The author of a backend begins with `reactor.rs`, which is everything that the trait asks for.
//! The network is in a folder of its own.
//!
//! # What it cannot do
//!
//! It simulates what goes through the reactor. Threads, files and real time are not simulated; work
//! that is handed to a thread is waited for ([`Sim::job`]). Within one virtual instant, tasks run
//! in the order of their executor, but for those that are [named](Sim::named). A program's own
//! randomness, such as the order of a `HashMap`, makes its runs differ; [`explore`] notices.

mod chance;
mod explore;
mod fault;
mod network;
mod reactor;
mod report;
mod settings;
mod sim;
mod task;
mod trace;
mod world;

pub use explore::{Explored, Failure, Outcome, explore, explore_with, replay, try_explore};
pub use fault::{Fault, Faults, Strike};
pub use network::{Datagram, Host, Listener, PipeReader, PipeWriter, Stream, Target};
pub use reactor::Simulator;
pub use settings::{Settings, VARIABLE};
pub use sim::{Job, Sim};
pub use task::Named;
pub use trace::Trace;
