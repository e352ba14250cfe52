//! Async I/O and timers for every executor, on whatever reactor the program chose.
//!
//! [`Async<T>`] makes any object with a descriptor awaitable: it keeps the object, tries the
//! operation, and waits in [`mini_reactor`] when it would block. [`Timer`] does the same for time.
//! Neither starts a thread: some thread of the program drives the reactor, for example by calling
//! [`block_on`], or by running an executor built on the reactor.
//!
//! Reading and writing come in three shapes:
//!
//! - [`read_with`](Async::read_with) and [`write_with`](Async::write_with): any non-blocking
//!   operation of `T` becomes a future. They work for every `T`; and
//!   [`read_with_mut`](Async::read_with_mut) and [`write_with_mut`](Async::write_with_mut) for
//!   operations that need `&mut T`.
//! - [`AsyncRead`](futures_io::AsyncRead) and [`AsyncWrite`](futures_io::AsyncWrite), for
//!   `Async<T>` when `T` implements [`Read`](std::io::Read) and [`Write`](std::io::Write), and for
//!   `&Async<T>` when `&T` does.
//! - Methods of std's sockets made async: [`connect`](Async#method.connect),
//!   [`accept`](Async#method.accept), [`recv_from`](Async#method.recv_from) and others.
//!
//! Deliberately absent: name resolution and files (they block: they belong on a pool of threads),
//! and tasks (an executor's affair).
//!
//! Code written for async-io compiles with this crate instead, but for a few items; the file
//! `PARITY.md` beside this crate's manifest has the comparison.
//!
//! # Which reactor
//!
//! An object belongs to the reactor that was current when it was made: the one given to
//! [`Async::new_in`] or [`Timer::at_in`], else the one this thread has entered, else the program's
//! global one. An accepted connection belongs to the reactor of its listener.
//!
//! # Examples
//!
//! A server and a client, each way of one connection, in one thread:
//!
//! ```
//! use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
//! use mini_async::{Async, block_on};
//! use std::net::{Ipv4Addr, TcpListener, TcpStream};
//!
//! # fn main() -> std::io::Result<()> {
//! block_on(async {
//!     let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0))?;
//!     let address = listener.get_ref().local_addr()?;
//!     let server = async {
//!         let (mut stream, _) = listener.accept().await?;
//!         let mut request = [0; 5];
//!         stream.read_exact(&mut request).await?;
//!         stream.write_all(&request).await
//!     };
//!     let client = async {
//!         let mut stream = Async::<TcpStream>::connect(address).await?;
//!         stream.write_all(b"hello").await?;
//!         let mut answer = String::new();
//!         stream.read_to_string(&mut answer).await?;
//!         Ok::<_, std::io::Error>(answer)
//!     };
//!     let (served, answer) = future::zip(server, client).await;
//!     served?;
//!     assert_eq!(answer?, "hello");
//!     Ok(())
//! })
//! # }
//! ```

mod async_io;
mod connect;
mod convert;
mod incoming;
pub mod os;
mod ready;
mod sys;
mod tcp;
mod timer;
mod traits;
mod udp;
#[cfg(unix)]
mod unix;

#[doc(no_inline)]
pub use mini_reactor::block_on;

pub use async_io::Async;
pub use incoming::Incoming;
pub use ready::{Readable, ReadableOwned, Writable, WritableOwned};
pub use timer::Timer;
