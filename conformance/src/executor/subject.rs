//! An executor as the suite sees it: async-executor's names, with the types made plain.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

#[doc(no_inline)]
pub use async_task::Task;

/// A task's future. What it results in is a number, because something has to be chosen.
pub type Work = Pin<Box<dyn Future<Output = u64> + Send>>;

/// A future that may stay on its thread.
pub type LocalWork<'a> = Pin<Box<dyn Future<Output = u64> + 'a>>;

/// What the suite does with an executor. [`executor!`](crate::executor!) implements it by the
/// methods of the same names; an executor that has others implements it by hand.
///
/// Of what is not claimed, a method is never called.
pub trait Executes {
    /// Spawns a task.
    fn spawn(&self, future: Work) -> Task<u64>;
    /// Spawns a task for each future.
    fn spawn_many(&self, futures: Vec<Work>) -> Vec<Task<u64>>;
    /// Whether there are no unfinished tasks.
    fn is_empty(&self) -> bool;
    /// Polls one task, if one is ready to be polled.
    fn try_tick(&self) -> bool;
    /// Polls one task, waiting for it.
    fn tick(&self) -> Pin<Box<dyn Future<Output = ()> + '_>>;
    /// Runs tasks until the future is ready.
    fn run<'a>(&'a self, future: LocalWork<'a>) -> LocalWork<'a>;

    /// Spawns a task that need not be `Send`. Claim: `local`.
    fn spawn_local(&self, future: LocalWork<'static>) -> Task<u64> {
        unclaimed("local", future)
    }
    /// Runs tasks on this thread until the future is ready, and drives the reactor. Claim:
    /// `drives`.
    fn block_on(&self, future: LocalWork<'_>) -> u64 {
        unclaimed("drives", future)
    }
}

/// An executor that threads share. Claim: `threads`.
pub type Shared = Arc<dyn Executes + Send + Sync>;

fn unclaimed<A, B>(claim: &str, _: A) -> B {
    unreachable!("a clause that needs `{claim}` is not run without that claim")
}
