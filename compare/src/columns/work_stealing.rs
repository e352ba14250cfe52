//! This workspace's `Executor`: as many threads lent as there are workers.

use std::future::{Future, pending};

use mini_executor_work_stealing::{Executor, Task};

use super::ours::{Ours, beside};

static EXECUTOR: Executor<'_> = Executor::new();

/// One executor, which its threads share.
#[derive(Debug)]
pub(crate) struct WorkStealing;

impl Ours for WorkStealing {
    const SHARES_TASKS: bool = true;

    type Task<T: Send + 'static> = Task<T>;

    fn start<T: Send + 'static>(
        workers: usize,
        main: impl Future<Output = T> + Send + 'static,
    ) -> T {
        beside(workers, || EXECUTOR.block_on(pending()));
        EXECUTOR.block_on(main)
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
}
