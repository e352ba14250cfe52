//! The view of a `ThreadPool` keeps what executors promise.

use std::future::Future;

use async_task::Task;
use mini_executor_fork_join::ThreadPool;

/// A pool that has the methods of its view.
struct Viewed(ThreadPool);

impl Viewed {
    fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        self.0.executor().spawn(future)
    }

    fn spawn_many<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        futures: impl IntoIterator<Item = F>,
        handles: &mut impl Extend<Task<T>>,
    ) {
        self.0.executor().spawn_many(futures, handles);
    }

    fn is_empty(&self) -> bool {
        self.0.executor().is_empty()
    }

    fn try_tick(&self) -> bool {
        self.0.executor().try_tick()
    }

    async fn tick(&self) {
        self.0.executor().tick().await;
    }

    async fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.executor().run(future).await
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.executor().block_on(future)
    }
}

mini_reactor_conformance::executor! {
    executor: Viewed,
    new: Viewed(ThreadPool::new()),
    claims: [threads, drives, drains, drop_panics],
}
