//! tokio, both flavours, with its own sockets, timers and spawn.

use std::future::Future;
use std::io;
use std::net;
use std::time::{Duration, Instant};

use ::tokio::io::{AsyncReadExt, AsyncWriteExt};
use ::tokio::net::{TcpListener, TcpStream};
use ::tokio::runtime::Builder;
use ::tokio::task::JoinHandle;
use ::tokio::time::Sleep;
use hyper_util::rt::TokioIo;

use super::runtime::{Lent, Runtime};

/// tokio; `MULTI` chooses the multi-thread flavour.
#[derive(Debug)]
pub(crate) struct Tokio<const MULTI: bool>;

impl<const MULTI: bool> Runtime for Tokio<MULTI> {
    const SHARES_TASKS: bool = MULTI;

    type Task<T: Send + 'static> = JoinHandle<T>;
    type Timer = Sleep;
    type Listener = TcpListener;
    type Stream = TcpStream;
    type HyperIo = TokioIo<TcpStream>;

    fn start<T: Send + 'static>(lent: Lent, main: impl Future<Output = T> + Send + 'static) -> T {
        let mut builder = if MULTI {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(lent.workers);
            builder
        } else {
            Builder::new_current_thread()
        };
        let runtime = builder.enable_all().build().expect("a fresh process can start a runtime");
        runtime.block_on(main)
    }

    fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        ::tokio::spawn(future)
    }

    async fn join<T: Send + 'static>(task: JoinHandle<T>) -> T {
        task.await.expect("tasks of workloads neither panic nor are cancelled")
    }

    fn detach<T: Send + 'static>(task: JoinHandle<T>) {
        drop(task);
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        ::tokio::task::yield_now()
    }

    async fn block<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
        ::tokio::task::spawn_blocking(f).await.expect("closures of workloads do not panic")
    }

    fn timer(after: Duration) -> Sleep {
        ::tokio::time::sleep(after)
    }

    fn timer_at(at: Instant) -> Sleep {
        ::tokio::time::sleep_until(at.into())
    }

    fn listen(listener: net::TcpListener) -> io::Result<TcpListener> {
        TcpListener::from_std(listener)
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

    fn hyper_io(stream: TcpStream) -> TokioIo<TcpStream> {
        TokioIo::new(stream)
    }
}
