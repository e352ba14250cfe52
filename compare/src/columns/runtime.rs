//! What a workload needs from a column that has tasks: the seam between workloads and columns.
//!
//! Workloads are written once, generic over [`Runtime`], and compiled for every column: all methods
//! are associated functions on a marker type, their futures are the column's own types, and nothing
//! is boxed or called through a table. What a column pays here is what its users pay.
//!
//! Futures are `Send` for every column, because that is what a program that switches executors
//! writes. An executor of one thread finds itself through a thread-local, as tokio and smol do.
//!
//! To add a column: implement this trait in a file beside this one and add a line to a table in
//! [`columns`](super).

use std::future::Future;
use std::io;
use std::net;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::workloads::mixed::Computing;

/// What the measured process may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lent {
    /// Threads that run tasks. A column with [`Runtime::SHARES_TASKS`] unset is lent one.
    pub(crate) workers: usize,
    /// How late timers may be so that several share a wake-up. `None`: what the column does by
    /// itself.
    pub(crate) slack: Option<Duration>,
}

/// An executor with its sockets and timers, as a marker type.
pub(crate) trait Runtime: Sized + Send + Sync + 'static {
    /// Whether several threads share the tasks of one executor.
    const SHARES_TASKS: bool;

    /// A spawned task that can be joined.
    type Task<T: Send + 'static>: Send;
    /// A timer that was not polled yet.
    type Timer: Future + Send;
    /// A listening socket.
    type Listener: Send + Sync;
    /// A TCP connection with `TCP_NODELAY` set.
    type Stream: Send + 'static;
    /// The same for hyper.
    type HyperIo: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static;

    /// Starts the runtime on this thread (and on `lent.workers - 1` more, or as it pleases) and
    /// runs `main`.
    fn start<T: Send + 'static>(lent: Lent, main: impl Future<Output = T> + Send + 'static) -> T;

    /// Spawns a task. Only inside [`Runtime::start`].
    fn spawn<F>(future: F) -> Self::Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static;
    /// Waits for a task.
    fn join<T: Send + 'static>(task: Self::Task<T>) -> impl Future<Output = T> + Send;
    /// Lets a task run on unobserved.
    fn detach<T: Send + 'static>(task: Self::Task<T>);
    /// Goes to the back of the queue.
    fn yield_now() -> impl Future<Output = ()> + Send;

    /// Computes for ever: on the threads that run tasks if they fork and join, else beside them.
    /// Only inside [`Runtime::start`].
    fn compute(computing: Arc<Computing>) -> io::Result<()> {
        computing.beside::<Self>()
    }
    /// Has a thread that may block call a closure.
    fn block<T: Send + 'static>(
        f: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + Send {
        blocking::unblock(f)
    }

    /// A timer for `after` from now.
    fn timer(after: Duration) -> Self::Timer;
    /// A timer for an instant.
    fn timer_at(at: Instant) -> Self::Timer;

    /// Takes over a listening socket.
    fn listen(listener: net::TcpListener) -> io::Result<Self::Listener>;
    /// Waits for a connection and sets `TCP_NODELAY`.
    fn accept(listener: &Self::Listener) -> impl Future<Output = io::Result<Self::Stream>> + Send;
    /// Reads at least one byte, or none at the end.
    fn read<'a>(
        stream: &'a mut Self::Stream,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send;
    /// Writes all bytes.
    fn write_all<'a>(
        stream: &'a mut Self::Stream,
        bytes: &'a [u8],
    ) -> impl Future<Output = io::Result<()>> + Send;
    /// Hands a connection to hyper.
    fn hyper_io(stream: Self::Stream) -> Self::HyperIo;
}
