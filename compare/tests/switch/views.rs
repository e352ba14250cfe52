//! Executors of others, with the two names that the program needs. None of them knows of the
//! reactor, so for those that sleep in a `block_on` of their own a thread is lent that drives.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::thread;

use futures::task::LocalSpawnExt;
use mini_reactor::Handle;

/// `async_executor::Executor`, in a `block_on` of ours.
pub(crate) struct AsyncExecutor(async_executor::Executor<'static>);

impl AsyncExecutor {
    pub(crate) fn new() -> Self {
        AsyncExecutor(async_executor::Executor::new())
    }

    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> async_executor::Task<T> {
        self.0.spawn(future)
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        mini_reactor::block_on(self.0.run(future))
    }
}

/// `futures::executor::LocalPool`.
pub(crate) struct LocalPool {
    pool: RefCell<futures::executor::LocalPool>,
    spawner: futures::executor::LocalSpawner,
}

impl LocalPool {
    pub(crate) fn new() -> Self {
        drive_beside();
        let pool = futures::executor::LocalPool::new();
        LocalPool { spawner: pool.spawner(), pool: RefCell::new(pool) }
    }

    pub(crate) fn spawn<T: 'static>(
        &self,
        future: impl Future<Output = T> + 'static,
    ) -> futures::future::RemoteHandle<T> {
        self.spawner.spawn_local_with_handle(future).unwrap()
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.pool.borrow_mut().run_until(future)
    }
}

/// tokio's runtime of one thread.
pub(crate) struct Tokio(tokio::runtime::Runtime);

impl Tokio {
    pub(crate) fn new() -> Self {
        drive_beside();
        Tokio(tokio::runtime::Builder::new_current_thread().build().unwrap())
    }

    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Joined<T> {
        Joined(self.0.spawn(future))
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.block_on(future)
    }
}

/// A task of tokio's that is cancelled when dropped, and panics when it has panicked.
pub(crate) struct Joined<T>(tokio::task::JoinHandle<T>);

impl<T> Future for Joined<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Poll::Ready(ready!(Pin::new(&mut self.0).poll(cx)).unwrap())
    }
}

impl<T> Drop for Joined<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Until the process ends.
fn drive_beside() {
    let reactor = Handle::current();
    thread::spawn(move || reactor.drive());
}
