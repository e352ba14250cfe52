//! A pool with threads of its own, for programs that have none to lend. The only file of this crate
//! that starts any.

use std::fmt;
use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crate::signal::Signal;
use crate::thread_pool::ThreadPool;

type Handler = dyn Fn(usize) + Send + Sync;

/// Starts threads and lends them to a new pool.
///
/// # Examples
///
/// ```
/// use mini_executor_fork_join::ThreadPoolBuilder;
///
/// let pool = ThreadPoolBuilder::new().num_threads(2).start_threads()?;
/// assert_eq!(pool.current_num_threads(), 2);
/// assert_eq!(pool.install(|| pool.join(|| 1, || 2)), (1, 2));
/// # std::io::Result::Ok(())
/// ```
#[derive(Default)]
pub struct ThreadPoolBuilder {
    pool: ThreadPool,
    threads: usize,
    name: Option<Box<dyn FnMut(usize) -> String>>,
    stack: Option<usize>,
    start: Option<Arc<Handler>>,
    exit: Option<Arc<Handler>>,
}

impl ThreadPoolBuilder {
    /// As many threads as there are processors for this process, on the program's reactor.
    #[must_use]
    pub fn new() -> ThreadPoolBuilder {
        ThreadPoolBuilder::default()
    }

    /// The pool to lend the threads to, instead of a plain one: with a reactor or a hook of its
    /// own.
    #[must_use]
    pub fn pool(mut self, pool: ThreadPool) -> ThreadPoolBuilder {
        self.pool = pool;
        self
    }

    /// How many threads; 0 for as many as there are processors for this process.
    #[must_use]
    pub fn num_threads(mut self, threads: usize) -> ThreadPoolBuilder {
        self.threads = threads;
        self
    }

    /// What the threads are called, by their number.
    #[must_use]
    pub fn thread_name(mut self, name: impl FnMut(usize) -> String + 'static) -> ThreadPoolBuilder {
        self.name = Some(Box::new(name));
        self
    }

    /// The size of the threads' stacks, in bytes.
    #[must_use]
    pub fn stack_size(mut self, bytes: usize) -> ThreadPoolBuilder {
        self.stack = Some(bytes);
        self
    }

    /// Has each thread call this, with its number, before it is lent.
    #[must_use]
    pub fn start_handler(
        mut self,
        handler: impl Fn(usize) + Send + Sync + 'static,
    ) -> ThreadPoolBuilder {
        self.start = Some(Arc::new(handler));
        self
    }

    /// Has each thread call this, with its number, before it ends.
    #[must_use]
    pub fn exit_handler(
        mut self,
        handler: impl Fn(usize) + Send + Sync + 'static,
    ) -> ThreadPoolBuilder {
        self.exit = Some(Arc::new(handler));
        self
    }

    /// Starts the threads. They are lent when this returns, and end with the pool.
    ///
    /// # Errors
    ///
    /// What the system says if it cannot start a thread; those that it could have ended then.
    pub fn start_threads(mut self) -> io::Result<ThreadPool> {
        let count = match self.threads {
            0 => thread::available_parallelism().map_or(1, NonZero::get),
            count => count,
        };
        let mut started = Started { stop: Arc::new(Signal::new()), threads: Vec::new() };
        for index in 0..count {
            let mut thread = thread::Builder::new();
            if let Some(name) = &mut self.name {
                thread = thread.name(name(index));
            }
            if let Some(bytes) = self.stack {
                thread = thread.stack_size(bytes);
            }
            let (pool, stop) = (self.pool.pool().clone(), started.stop.clone());
            let (start, exit) = (self.start.clone(), self.exit.clone());
            let (lent, is_lent) = std::sync::mpsc::sync_channel(1);
            let body = move || {
                start.iter().for_each(|start| start(index));
                pool.enter(|worker| {
                    lent.send(()).ok();
                    let _entered = worker.reactor().enter();
                    worker.block_on(stop.given());
                });
                exit.iter().for_each(|exit| exit(index));
            };
            started.threads.push(thread.spawn(body)?);
            if is_lent.recv().is_err() {
                return Err(io::Error::other("a thread ended before it was lent"));
            }
        }
        self.pool.set_started(started);
        Ok(self.pool)
    }
}

impl fmt::Debug for ThreadPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolBuilder").field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// Threads that were started; stopped and joined when dropped.
#[derive(Debug)]
pub(crate) struct Started {
    stop: Arc<Signal>,
    threads: Vec<JoinHandle<()>>,
}

impl Drop for Started {
    fn drop(&mut self) {
        self.stop.give();
        for thread in self.threads.drain(..) {
            // The last owner of a pool may be a closure that runs in it.
            if thread.thread().id() != thread::current().id() {
                drop(thread.join()); // the hook has reported its panic
            }
        }
    }
}
