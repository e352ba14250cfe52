//! Fork and join, and futures and sockets beside it, on the same threads.
//!
//! A [`ThreadPool`] has rayon's names and their meanings: [`join`](ThreadPool::join),
//! [`scope`](ThreadPool::scope), [`spawn`](ThreadPool::spawn), [`install`](ThreadPool::install),
//! [`broadcast`](ThreadPool::broadcast). It also runs futures, which may call those
//! ([`run`](ThreadPool::run) is the bridge) and may be spawned into scopes and borrow; and its
//! threads drive the reactor while they wait, and look at it now and then while they compute. So
//! one pool computes and serves sockets.
//!
//! ```
//! use mini_executor_fork_join::{ThreadPool, Worker};
//!
//! static POOL: ThreadPool = ThreadPool::new(); // no threads yet
//!
//! fn sum(worker: &Worker, numbers: &[u64]) -> u64 {
//!     if let [number] = numbers {
//!         return *number;
//!     }
//!     let (a, b) = numbers.split_at(numbers.len() / 2);
//!     let (a, b) = worker.join(|worker| sum(worker, a), |worker| sum(worker, b));
//!     a + b
//! }
//!
//! // This thread is lent while it waits.
//! let sum = POOL.block_on(async {
//!     let numbers: Vec<u64> = (1..=1000).collect();
//!     POOL.run(move || POOL.lend(|worker| sum(worker, &numbers))).await
//! });
//! assert_eq!(sum, 500_500);
//! ```
//!
//! A whole program is `examples/hash_tree.rs`: it hashes a tree of files in halves, and says
//! meanwhile over TCP how far it has got.
//!
//! # How work is shared
//!
//! On demand. What a worker could share it keeps to itself, in a list that no other thread
//! touches, so a join that nobody needs costs no atomic read-modify-write; and of short joins, all
//! but one in some hundred are not even put there (`window.rs`). A worker that runs out of work
//! says that it is hungry, and sleeps. A busy one sees that at its next such join, spawn, or
//! [`Worker::share`], and hands its oldest job over, which is its greatest. There is no clock that
//! makes workers share, no thread that watches, and nobody stays awake for longer than it takes to
//! be sure that sleeping is cheaper. A worker that comes by no such point for a long time shares
//! nothing meanwhile.
//!
//! - A join whose second half was taken is waited for; a worker that waits runs only what is part
//!   of what it waits for, so a lock may be held across a join or a scope.
//! - Closures ([`spawn`](ThreadPool::spawn), [`run`](ThreadPool::run), `install` from outside) wait
//!   until a worker has nothing else on its stack.
//! - Tasks are polled by workers that have nothing else to do, and by those that compute, between
//!   two jobs. What follows from that is said at
//!   [`without_serving`](ThreadPool::without_serving).
//! - While threads compute, one of them looks at the reactor at a join point soon after 20 µs;
//!   after 100 µs if events have not come for a while. As long as they do, those that have run out
//!   of work are not woken for events (`serve.rs`).
//!
//! # What is sound, and why
//!
//! 1. *Halves of joins lie on the stack of who called `join`* (`job.rs`, `join.rs`). From the
//!    moment that one is in the list until it is taken out or has run, nothing unwinds past that
//!    frame: both halves, and everything that is done to share them, run inside `catch_unwind`, and
//!    waiting does not unwind (`wait.rs`; it would end the process).
//! 2. *A latch may be gone the moment it is set* (`latch.rs`): whom to wake is found out before,
//!    and nothing of it is touched after.
//! 3. *A scope blocks* (`scope.rs`): it is closed by the function that opened it, not by a
//!    destructor, so there is nothing to forget. What is spawned into it counts, until it has run
//!    and all that it captured is dropped; futures until they are dropped, and their output too if
//!    nobody keeps it (`scope_task.rs`). Their wakers may live on, and borrow nothing.
//! 4. *Lists, frames and the current worker belong to one thread* (`list.rs`, `frame.rs`,
//!    `current.rs`): a [`Worker`] is neither `Send` nor `Sync`.
//! 5. *Jobs change hands under a lock* (`demand.rs`), and then belong to one thread again.
//! 6. *Regions are walked upwards only from jobs that are not done* (`region.rs`), so everything on
//!    the way is still waited for.
//!
//! Every protocol between threads has its lost-wake-up argument where the code is, and a model in
//! `tests/loom_pool`.
//!
//! Deliberately absent: parallel iterators (rayon's run on anything with the names of rayon-core),
//! a global pool, a way to cancel closures, priorities, and threads that nobody asked for.

mod block;
mod broadcast;
mod builder;
mod contain;
mod current;
mod demand;
mod executor;
mod expect;
mod frame;
mod give;
mod job;
mod join;
mod latch;
mod list;
mod looks;
mod outside;
mod patience;
mod pool;
mod presence;
mod queue;
mod region;
mod scope;
mod scope_api;
mod scope_task;
mod serve;
mod shared;
mod signal;
mod sync;
mod task;
mod thread_pool;
mod tracking;
mod wait;
mod window;
mod work;
mod worker;

#[doc(no_inline)]
pub use async_task::{FallibleTask, Task};

pub use broadcast::BroadcastContext;
pub use builder::ThreadPoolBuilder;
pub use executor::Executor;
pub use join::{FnContext, join};
pub use scope_api::{Scope, ScopeFifo};
pub use scope_task::ScopedTask;
pub use signal::Signal;
pub use thread_pool::ThreadPool;
pub use work::Yield;
pub use worker::Worker;
