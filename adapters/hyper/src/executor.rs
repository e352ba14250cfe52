//! `rt::Executor` from a closure.
//!
//! hyper spawns futures of several types of its own, of which none can be named, so the closure
//! gets them boxed. That is one allocation for each HTTP/2 stream and none for HTTP/1, which spawns
//! nothing. A program that wants to save it implements [`hyper::rt::Executor`] for a type of its
//! own that holds its executor: one method of one line.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use hyper::rt::Executor;

/// hyper's executor, as a closure that spawns `Send` futures.
///
/// # Examples
///
/// On threads, for want of a better executor:
///
/// ```
/// use hyper::rt::Executor;
/// use mini_hyper::Spawner;
/// use std::sync::mpsc;
///
/// let executor = Spawner::new(|future| {
///     std::thread::spawn(|| mini_async::block_on(future));
/// });
///
/// let (sender, receiver) = mpsc::channel();
/// executor.execute(async move { sender.send("done").unwrap() });
/// assert_eq!(receiver.recv(), Ok("done"));
/// ```
#[derive(Clone, Copy)]
pub struct Spawner<F> {
    spawn: F,
}

impl<F: Fn(Pin<Box<dyn Future<Output = ()> + Send>>)> Spawner<F> {
    /// Makes an executor of `spawn`, which has to see to it that each future it gets is run.
    ///
    /// HTTP/2 needs the executor to be `Clone`, which it is if the closure is.
    pub fn new(spawn: F) -> Spawner<F> {
        Spawner { spawn }
    }
}

impl<F, Fut> Executor<Fut> for Spawner<F>
where
    F: Fn(Pin<Box<dyn Future<Output = ()> + Send>>),
    Fut: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, future: Fut) {
        (self.spawn)(Box::pin(future));
    }
}

impl<F> fmt::Debug for Spawner<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawner").finish_non_exhaustive()
    }
}

/// hyper's executor, as a closure that spawns futures on its own thread.
///
/// # Examples
///
/// ```
/// use hyper::rt::Executor;
/// use mini_executor_single_thread::LocalExecutor;
/// use mini_hyper::LocalSpawner;
/// use std::cell::Cell;
/// use std::rc::Rc;
///
/// let tasks = Rc::new(LocalExecutor::new());
/// let spawn_on = Rc::clone(&tasks);
/// let executor = LocalSpawner::new(move |future| spawn_on.spawn(future).detach());
///
/// let done = Rc::new(Cell::new(false));
/// let seen = Rc::clone(&done);
/// executor.execute(async move { seen.set(true) });
/// while tasks.try_tick() {}
/// assert!(done.get());
/// ```
#[derive(Clone, Copy)]
pub struct LocalSpawner<F> {
    spawn: F,
}

impl<F: Fn(Pin<Box<dyn Future<Output = ()>>>)> LocalSpawner<F> {
    /// Makes an executor of `spawn`, which has to see to it that each future it gets is run.
    ///
    /// HTTP/2 needs the executor to be `Clone`, which it is if the closure is. A connection keeps
    /// it; if that is a task of the same executor, `spawn` should have a `Weak` of it, or neither
    /// is ever dropped.
    pub fn new(spawn: F) -> LocalSpawner<F> {
        LocalSpawner { spawn }
    }
}

impl<F, Fut> Executor<Fut> for LocalSpawner<F>
where
    F: Fn(Pin<Box<dyn Future<Output = ()>>>),
    Fut: Future<Output = ()> + 'static,
{
    fn execute(&self, future: Fut) {
        (self.spawn)(Box::pin(future));
    }
}

impl<F> fmt::Debug for LocalSpawner<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSpawner").finish_non_exhaustive()
    }
}
