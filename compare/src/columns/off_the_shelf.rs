//! Executors of others on this workspace's reactors.
//!
//! None of them knows of a reactor, and none has to: sockets and timers wake tasks, and that is all
//! they share. What differs is who drives. async-executor leaves its threads to its users, who put
//! them into our `block_on`. `LocalPool` sleeps in a `block_on` of its own, so a thread is lent
//! that drives, and every event is handed from it to the pool's.

use std::cell::RefCell;
use std::future::{Future, pending};

use futures::executor::{LocalPool, LocalSpawner};
use futures::future::RemoteHandle;
use futures::task::LocalSpawnExt;

use super::ours::{Ours, beside, drive_beside};

static ASYNC_EXECUTOR: async_executor::Executor<'static> = async_executor::Executor::new();

/// `async_executor::Executor` under `mini_reactor::block_on`.
#[derive(Debug)]
pub(crate) struct AsyncExecutor;

impl Ours for AsyncExecutor {
    const SHARES_TASKS: bool = true;

    type Task<T: Send + 'static> = async_executor::Task<T>;

    fn start<T: Send + 'static>(
        workers: usize,
        main: impl Future<Output = T> + Send + 'static,
    ) -> T {
        beside(workers, || mini_reactor::block_on(ASYNC_EXECUTOR.run(pending())));
        mini_reactor::block_on(ASYNC_EXECUTOR.run(main))
    }

    fn spawn<F>(future: F) -> async_executor::Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        ASYNC_EXECUTOR.spawn(future)
    }

    fn join<T: Send + 'static>(task: async_executor::Task<T>) -> impl Future<Output = T> + Send {
        task
    }

    fn detach<T: Send + 'static>(task: async_executor::Task<T>) {
        task.detach();
    }
}

thread_local! {
    static SPAWNER: RefCell<Option<LocalSpawner>> = const { RefCell::new(None) };
}

/// `futures::executor::LocalPool`, and a thread that drives.
#[derive(Debug)]
pub(crate) struct Pool;

impl Ours for Pool {
    const SHARES_TASKS: bool = false;

    type Task<T: Send + 'static> = RemoteHandle<T>;

    fn start<T: Send + 'static>(_: usize, main: impl Future<Output = T> + Send + 'static) -> T {
        drive_beside();
        let mut pool = LocalPool::new();
        SPAWNER.set(Some(pool.spawner()));
        let output = pool.run_until(main);
        SPAWNER.set(None);
        output
    }

    fn spawn<F>(future: F) -> RemoteHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        SPAWNER.with_borrow(|spawner| {
            let spawner = spawner.as_ref().expect("this thread is inside `start`");
            spawner.spawn_local_with_handle(future).expect("the pool exists")
        })
    }

    fn join<T: Send + 'static>(task: RemoteHandle<T>) -> impl Future<Output = T> + Send {
        task
    }

    fn detach<T: Send + 'static>(task: RemoteHandle<T>) {
        task.forget();
    }
}
