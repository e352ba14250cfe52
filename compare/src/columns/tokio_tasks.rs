//! tokio's executors with this workspace's sockets and timers: what a program has that is built on
//! tokio and uses a library of ours.

use std::future::Future;
use std::io;
use std::net;
use std::time::{Duration, Instant};

use ::tokio::task::JoinHandle;
use mini_async::{Async, Timer};
use mini_hyper::FuturesIo;
use mini_reactor::Handle;

use super::reactors::{self, Hosted};
use super::runtime::{Lent, Runtime};
use super::single_thread::SingleThread;
use super::tokio::Tokio;

/// tokio's executor; `MULTI` chooses the multi-thread flavour.
#[derive(Debug)]
pub(crate) struct TokioTasks<const MULTI: bool>;

impl<const MULTI: bool> Runtime for TokioTasks<MULTI> {
    const SHARES_TASKS: bool = MULTI;

    type Task<T: Send + 'static> = JoinHandle<T>;
    type Timer = Timer;
    type Listener = Async<net::TcpListener>;
    type Stream = Async<net::TcpStream>;
    type HyperIo = FuturesIo<Async<net::TcpStream>>;

    /// A reactor that is not driven by the runtime needs a thread that does nothing else, as
    /// tokio's `block_on` does not drive it.
    fn start<T: Send + 'static>(lent: Lent, main: impl Future<Output = T> + Send + 'static) -> T {
        let slack = lent.slack;
        Tokio::<MULTI>::start(lent, async move {
            if !reactors::enter().is::<Hosted>() {
                let drive = || match Handle::current().drive() {
                    Err(error) => panic!("the reactor's turn failed: {error}"),
                };
                std::thread::spawn(drive);
            }
            if let Some(slack) = slack {
                Handle::current().set_timer_slack(slack);
            }
            main.await
        })
    }

    fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        Tokio::<MULTI>::spawn(future)
    }

    fn join<T: Send + 'static>(task: JoinHandle<T>) -> impl Future<Output = T> + Send {
        Tokio::<MULTI>::join(task)
    }

    fn detach<T: Send + 'static>(task: JoinHandle<T>) {
        drop(task);
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        Tokio::<MULTI>::yield_now()
    }

    fn block<T: Send + 'static>(
        f: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + Send {
        Tokio::<MULTI>::block(f)
    }

    fn timer(after: Duration) -> Timer {
        SingleThread::timer(after)
    }

    fn timer_at(at: Instant) -> Timer {
        SingleThread::timer_at(at)
    }

    fn listen(listener: net::TcpListener) -> io::Result<Self::Listener> {
        SingleThread::listen(listener)
    }

    fn accept(listener: &Self::Listener) -> impl Future<Output = io::Result<Self::Stream>> + Send {
        SingleThread::accept(listener)
    }

    fn read<'a>(
        stream: &'a mut Self::Stream,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send {
        SingleThread::read(stream, buffer)
    }

    fn write_all<'a>(
        stream: &'a mut Self::Stream,
        bytes: &'a [u8],
    ) -> impl Future<Output = io::Result<()>> + Send {
        SingleThread::write_all(stream, bytes)
    }

    fn hyper_io(stream: Self::Stream) -> Self::HyperIo {
        SingleThread::hyper_io(stream)
    }
}
