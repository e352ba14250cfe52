//! smol: async-executor and async-io, with one `Executor` run by as many threads as are lent.
//!
//! `smol::spawn` would put the tasks on one thread that smol starts, and leave the thread of
//! `block_on` waiting; lending the threads is what smol's documentation shows for a program's own
//! executor, and it is the cheaper way. async-io starts its thread by itself.

use std::future::Future;
use std::io;
use std::net;
use std::thread;
use std::time::{Duration, Instant};

use ::smol::future;
use ::smol::io::{AsyncReadExt, AsyncWriteExt};
use ::smol::net::{TcpListener, TcpStream};
use ::smol::{Async, Executor, Task, Timer};
use smol_hyper::rt::FuturesIo;

use super::runtime::{Lent, Runtime};

static EXECUTOR: Executor<'static> = Executor::new();

/// smol.
#[derive(Debug)]
pub(crate) struct Smol;

impl Runtime for Smol {
    const SHARES_TASKS: bool = true;

    type Task<T: Send + 'static> = Task<T>;
    type Timer = Timer;
    type Listener = TcpListener;
    type Stream = TcpStream;
    type HyperIo = FuturesIo<TcpStream>;

    fn start<T: Send + 'static>(lent: Lent, main: impl Future<Output = T> + Send + 'static) -> T {
        for _ in 1..lent.workers {
            thread::spawn(|| ::smol::block_on(EXECUTOR.run(future::pending::<()>())));
        }
        ::smol::block_on(EXECUTOR.run(main))
    }

    fn spawn<F>(future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        EXECUTOR.spawn(future)
    }

    fn join<T: Send + 'static>(task: Task<T>) -> impl Future<Output = T> + Send {
        task
    }

    fn detach<T: Send + 'static>(task: Task<T>) {
        task.detach();
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        future::yield_now()
    }

    fn timer(after: Duration) -> Timer {
        Timer::after(after)
    }

    fn timer_at(at: Instant) -> Timer {
        Timer::at(at)
    }

    fn listen(listener: net::TcpListener) -> io::Result<TcpListener> {
        Ok(Async::new(listener)?.into())
    }

    async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn read<'a>(
        stream: &'a mut TcpStream,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send {
        stream.read(buffer)
    }

    fn write_all<'a>(
        stream: &'a mut TcpStream,
        bytes: &'a [u8],
    ) -> impl Future<Output = io::Result<()>> + Send {
        stream.write_all(bytes)
    }

    fn hyper_io(stream: TcpStream) -> FuturesIo<TcpStream> {
        FuturesIo::new(stream)
    }
}
