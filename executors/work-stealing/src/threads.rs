//! Threads for those who would rather have them started than lend them.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::thread::{self, JoinHandle};

use mini_reactor::Handle;

use crate::Executor;

/// Starts threads, and an executor that they run.
///
/// # Examples
///
/// ```
/// use mini_executor_work_stealing::StartThreads;
///
/// let executor = StartThreads::new(2).start()?;
/// let task = executor.spawn(async { 1 + 2 });
/// assert_eq!(mini_reactor::block_on(task), 3);
/// # std::io::Result::Ok(())
/// ```
pub struct StartThreads {
    count: usize,
    name: String,
    stack_size: Option<usize>,
    reactor: Option<Handle>,
    on_start: Box<dyn Fn(usize) + Send + Sync>,
}

impl StartThreads {
    /// So many threads.
    #[must_use]
    pub fn new(count: usize) -> Self {
        let on_start = Box::new(|_| ());
        let name = "executor".to_owned();
        StartThreads { count, name, stack_size: None, reactor: None, on_start }
    }

    /// The threads are named after this, with their number behind it. It is `executor` unless set.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The size of their stacks, in bytes.
    #[must_use]
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// The reactor that they drive; the current one of the thread that starts them unless set.
    #[must_use]
    pub fn reactor(mut self, reactor: impl Into<Handle>) -> Self {
        self.reactor = Some(reactor.into());
        self
    }

    /// Each thread calls this first, with its number, from 0 on: to bind itself to a core, for
    /// example.
    #[must_use]
    pub fn on_start(mut self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.on_start = Box::new(hook);
        self
    }

    /// Starts them.
    ///
    /// # Errors
    ///
    /// What the system says that cannot start a thread; those that were started have ended then.
    pub fn start(self) -> io::Result<Threads> {
        let reactor = self.reactor.unwrap_or_else(Handle::current);
        let executor = Arc::new(Executor::new_in(reactor));
        let mut threads =
            Threads { executor, stop: Arc::new(Stop::default()), handles: Vec::new() };
        let on_start: Arc<dyn Fn(usize) + Send + Sync> = self.on_start.into();
        for number in 0..self.count {
            let mut builder = thread::Builder::new().name(format!("{}-{number}", self.name));
            if let Some(bytes) = self.stack_size {
                builder = builder.stack_size(bytes);
            }
            let (executor, stop) = (threads.executor.clone(), threads.stop.clone());
            let on_start = on_start.clone();
            threads.handles.push(builder.spawn(move || {
                on_start(number);
                executor.block_on(poll_fn(|cx| stop.poll(number, cx.waker())));
            })?);
        }
        Ok(threads)
    }
}

impl fmt::Debug for StartThreads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartThreads").field("count", &self.count).finish_non_exhaustive()
    }
}

/// An executor and the threads that run it.
///
/// Dropping this ends the threads, once each is done with the task it is polling, and waits for
/// them. Other references to the [`executor`](Threads::executor) may outlive them; its tasks go on
/// when some thread runs it.
#[derive(Debug)]
pub struct Threads {
    executor: Arc<Executor<'static>>,
    stop: Arc<Stop>,
    handles: Vec<JoinHandle<()>>,
}

impl Threads {
    /// The executor that they run.
    pub fn executor(&self) -> &Arc<Executor<'static>> {
        &self.executor
    }
}

impl Deref for Threads {
    type Target = Executor<'static>;
    fn deref(&self) -> &Executor<'static> {
        &self.executor
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.stop.set();
        for handle in self.handles.drain(..) {
            // On one of the threads themselves, that one ends when it comes to it. A panic has been
            // reported by its thread.
            if handle.thread().id() != thread::current().id() {
                let _ = handle.join();
            }
        }
    }
}

/// Tells the threads to end.
#[derive(Debug, Default)]
struct Stop {
    set: AtomicBool,
    wakers: Mutex<Vec<(usize, Waker)>>,
}

impl Stop {
    fn set(&self) {
        let mut wakers = self.wakers.lock().unwrap_or_else(PoisonError::into_inner);
        self.set.store(true, Ordering::Relaxed); // under the lock, as the look in `poll`
        let all = std::mem::take(&mut *wakers);
        drop(wakers);
        all.into_iter().for_each(|(_, waker)| waker.wake());
    }

    fn poll(&self, number: usize, waker: &Waker) -> Poll<()> {
        let mut wakers = self.wakers.lock().unwrap_or_else(PoisonError::into_inner);
        if self.set.load(Ordering::Relaxed) {
            return Poll::Ready(());
        }
        match wakers.iter_mut().find(|(other, _)| *other == number) {
            Some((_, old)) => old.clone_from(waker),
            None => wakers.push((number, waker.clone())),
        }
        Poll::Pending
    }
}
