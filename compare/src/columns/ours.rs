//! More executors on this workspace's reactors: sockets and timers are those of the single-thread
//! executor's column.
//!
//! An executor is a marker type with [`Ours`]; [`On`] makes a column of it.

use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::net;
use std::thread;
use std::time::{Duration, Instant};

use mini_async::{Async, Timer};
use mini_hyper::FuturesIo;
use mini_reactor::Handle;

use super::runtime::{Lent, Runtime};
use super::single_thread::SingleThread;

/// An executor, as a marker type: see [`Runtime`].
pub(crate) trait Ours: Sized + Send + Sync + 'static {
    /// See [`Runtime::SHARES_TASKS`].
    const SHARES_TASKS: bool;

    /// A spawned task that can be joined.
    type Task<T: Send + 'static>: Send;

    /// See [`Runtime::start`]. This thread has entered the reactor; others of the executor's have
    /// to, by `enter`.
    fn start<T: Send + 'static>(
        workers: usize,
        main: impl Future<Output = T> + Send + 'static,
    ) -> T;
    /// See [`Runtime::spawn`].
    fn spawn<F>(future: F) -> Self::Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static;
    /// Waits for a task.
    fn join<T: Send + 'static>(task: Self::Task<T>) -> impl Future<Output = T> + Send;
    /// Lets a task run on unobserved.
    fn detach<T: Send + 'static>(task: Self::Task<T>);
}

/// The column of an executor.
#[derive(Debug)]
pub(crate) struct On<E>(PhantomData<E>);

impl<E: Ours> Runtime for On<E> {
    const SHARES_TASKS: bool = E::SHARES_TASKS;

    type Task<T: Send + 'static> = E::Task<T>;
    type Timer = Timer;
    type Listener = Async<net::TcpListener>;
    type Stream = Async<net::TcpStream>;
    type HyperIo = FuturesIo<Async<net::TcpStream>>;

    fn start<T: Send + 'static>(lent: Lent, main: impl Future<Output = T> + Send + 'static) -> T {
        let _entered = super::reactors::enter();
        if let Some(slack) = lent.slack {
            Handle::current().set_timer_slack(slack);
        }
        E::start(lent.workers, main)
    }

    fn spawn<F>(future: F) -> E::Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        E::spawn(future)
    }

    fn join<T: Send + 'static>(task: E::Task<T>) -> impl Future<Output = T> + Send {
        E::join(task)
    }

    fn detach<T: Send + 'static>(task: E::Task<T>) {
        E::detach(task);
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        SingleThread::yield_now()
    }

    fn timer(after: Duration) -> Timer {
        SingleThread::timer(after)
    }

    fn timer_at(at: Instant) -> Timer {
        SingleThread::timer_at(at)
    }

    fn listen(listener: net::TcpListener) -> io::Result<Async<net::TcpListener>> {
        SingleThread::listen(listener)
    }

    fn accept(
        listener: &Async<net::TcpListener>,
    ) -> impl Future<Output = io::Result<Async<net::TcpStream>>> + Send {
        SingleThread::accept(listener)
    }

    fn read<'a>(
        stream: &'a mut Async<net::TcpStream>,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send {
        SingleThread::read(stream, buffer)
    }

    fn write_all<'a>(
        stream: &'a mut Async<net::TcpStream>,
        bytes: &'a [u8],
    ) -> impl Future<Output = io::Result<()>> + Send {
        SingleThread::write_all(stream, bytes)
    }

    fn hyper_io(stream: Async<net::TcpStream>) -> FuturesIo<Async<net::TcpStream>> {
        SingleThread::hyper_io(stream)
    }
}

/// Starts threads beside this one, up to `workers`, that enter the reactor and do `work`.
pub(super) fn beside(workers: usize, work: fn()) {
    for _ in 1..workers {
        thread::spawn(move || {
            let _entered = super::reactors::enter();
            work();
        });
    }
}

/// Starts a thread that drives the reactor, for executors whose `block_on` does not.
pub(super) fn drive_beside() {
    beside(2, || {
        let Err(error) = Handle::current().drive();
        panic!("the reactor failed: {error}");
    });
}
