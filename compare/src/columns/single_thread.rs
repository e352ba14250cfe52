//! This workspace's `LocalExecutor`, on whichever of its reactors is the program's.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::net;
use std::time::{Duration, Instant};

use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use mini_async::{Async, Timer};
use mini_executor_single_thread::{LocalExecutor, Task};
use mini_hyper::FuturesIo;
use mini_reactor::Handle;

use super::runtime::{Lent, Runtime};

thread_local! {
    /// The executor of this thread, which lives until the process ends.
    static EXECUTOR: Cell<Option<&'static LocalExecutor<'static>>> = const { Cell::new(None) };
}

/// One thread, one executor. Several workers are several of both, which share the reactor.
#[derive(Debug)]
pub(crate) struct SingleThread;

impl Runtime for SingleThread {
    const SHARES_TASKS: bool = false;

    type Task<T: Send + 'static> = Task<T>;
    type Timer = Timer;
    type Listener = Async<net::TcpListener>;
    type Stream = Async<net::TcpStream>;
    type HyperIo = FuturesIo<Async<net::TcpStream>>;

    fn start<T: Send + 'static>(lent: Lent, main: impl Future<Output = T> + Send + 'static) -> T {
        let _entered = super::reactors::enter();
        if let Some(slack) = lent.slack {
            Handle::current().set_timer_slack(slack);
        }
        let executor: &'static LocalExecutor<'static> = Box::leak(Box::new(LocalExecutor::new()));
        EXECUTOR.set(Some(executor));
        executor.block_on(main)
    }

    fn spawn<F>(future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        EXECUTOR.get().expect("this thread is inside `start`").spawn(future)
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

    fn listen(listener: net::TcpListener) -> io::Result<Async<net::TcpListener>> {
        Async::new(listener)
    }

    async fn accept(listener: &Async<net::TcpListener>) -> io::Result<Async<net::TcpStream>> {
        let (stream, _) = listener.accept().await?;
        stream.get_ref().set_nodelay(true)?;
        Ok(stream)
    }

    fn read<'a>(
        stream: &'a mut Async<net::TcpStream>,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send {
        stream.read(buffer)
    }

    fn write_all<'a>(
        stream: &'a mut Async<net::TcpStream>,
        bytes: &'a [u8],
    ) -> impl Future<Output = io::Result<()>> + Send {
        stream.write_all(bytes)
    }

    fn hyper_io(stream: Async<net::TcpStream>) -> FuturesIo<Async<net::TcpStream>> {
        FuturesIo::new(stream)
    }
}
