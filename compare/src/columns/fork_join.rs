//! This workspace's `ThreadPool`: as many threads lent as there are workers, for tasks and for fork
//! and join.

use std::future::{Future, pending};
use std::io;
use std::net;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use mini_async::{Async, Timer};
use mini_executor_fork_join::{Task, ThreadPool};
use mini_hyper::FuturesIo;
use mini_reactor::Handle;

use super::runtime::{Lent, Runtime};
use super::{Entry, forking};
use crate::workloads;
use crate::workloads::mixed::Computing;

static POOL: ThreadPool = ThreadPool::new();

/// The entry of this column: it can do everything.
pub(super) const ENTRY: Entry = Entry {
    serve: workloads::serve::<ForkJoin>,
    run: |workload, params, mode| {
        if workload.forks {
            let _entered = super::reactors::enter();
            forking::ours(workload, params, mode)
        } else {
            workloads::run::<ForkJoin>(workload, params, mode)
        }
    },
    lacks: |_| None,
    shares_tasks: true,
};

/// One pool, which its threads share.
#[derive(Debug)]
pub(crate) struct ForkJoin;

impl Runtime for ForkJoin {
    const SHARES_TASKS: bool = true;

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
        for _ in 1..lent.workers {
            thread::spawn(|| {
                let _entered = super::reactors::enter();
                POOL.block_on(pending::<()>());
            });
        }
        POOL.block_on(main)
    }

    fn spawn<F>(future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        POOL.spawn_future(future)
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

    fn compute(computing: Arc<Computing>) -> io::Result<()> {
        POOL.spawn(move || forking::ours_for_ever(&POOL, &computing));
        Ok(())
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

    async fn read(stream: &mut Async<net::TcpStream>, buffer: &mut [u8]) -> io::Result<usize> {
        stream.read(buffer).await
    }

    async fn write_all(stream: &mut Async<net::TcpStream>, bytes: &[u8]) -> io::Result<()> {
        stream.write_all(bytes).await
    }

    fn hyper_io(stream: Async<net::TcpStream>) -> FuturesIo<Async<net::TcpStream>> {
        FuturesIo::new(stream)
    }
}
