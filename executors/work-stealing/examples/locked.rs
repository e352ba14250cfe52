//! A program of a fixed amount of work on 16 threads, of which `cargo xtask locked` counts the
//! locked instructions: `cargo run --example locked -- EXECUTOR WORKLOAD COUNT`.
//!
//! Executors: `ours`, `async-executor` in our `block_on`, and `tokio`. Workloads, each of COUNT
//! operations: `own` (every worker has a task that spawns others and joins them), `one` (one task
//! spawns all, in waves, and the other workers help), `outside` (a thread that is no worker
//! spawns), and `messages` (pairs of tasks that send to each other).

use std::env;
use std::future::pending;
use std::hint::black_box;
use std::process::ExitCode;
use std::thread;

use futures_lite::future::{self, Boxed};
use mini_executor_work_stealing::Executor;

const THREADS: usize = 16;
const WAVE: usize = 100;

/// Spawns a task; what it gives is the joining of it.
type Spawn = fn(Boxed<()>) -> Boxed<()>;

static OURS: Executor<'_> = Executor::new();
static THEIRS: async_executor::Executor<'_> = async_executor::Executor::new();

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let [executor, workload, count] = &words[..] else { return usage() };
    let Ok(count) = count.parse() else { return usage() };
    let work: fn(Spawn, usize) -> Boxed<()> = match &workload[..] {
        "own" => own,
        "one" => one,
        "messages" => messages,
        "outside" => |spawn, count| Box::pin(waves(spawn, count)),
        _ => return usage(),
    };
    let is_inside = workload != "outside";
    match &executor[..] {
        "ours" => {
            let spawn: Spawn = |future| Box::pin(OURS.spawn(future));
            lend(|| OURS.block_on(pending()));
            if is_inside {
                mini_reactor::block_on(spawn(work(spawn, count)));
            } else {
                mini_reactor::block_on(work(spawn, count));
            }
        }
        "async-executor" => {
            let spawn: Spawn = |future| Box::pin(THEIRS.spawn(future));
            lend(|| mini_reactor::block_on(THEIRS.run(pending())));
            if is_inside {
                mini_reactor::block_on(spawn(work(spawn, count)));
            } else {
                mini_reactor::block_on(work(spawn, count));
            }
        }
        "tokio" => tokio_runs(work, count, is_inside),
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: locked ours|async-executor|tokio own|one|outside|messages COUNT");
    ExitCode::FAILURE
}

/// Threads for ever.
fn lend(work: fn()) {
    for _ in 0..THREADS {
        thread::spawn(work);
    }
}

fn tokio_runs(work: fn(Spawn, usize) -> Boxed<()>, count: usize, is_inside: bool) {
    let spawn: Spawn = |future| {
        let task = tokio::spawn(future);
        Box::pin(async { task.await.expect("no task panics") })
    };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(THREADS).build().expect("threads can be started");
    let _entered = runtime.enter();
    if is_inside {
        runtime.block_on(spawn(work(spawn, count)));
    } else {
        mini_reactor::block_on(work(spawn, count));
    }
}

/// A little work, as a request may be.
async fn request() {
    black_box((0..black_box(2_000_u64)).fold(0, u64::wrapping_add));
}

/// Spawns so many tasks, a wave at a time.
async fn waves(spawn: Spawn, count: usize) {
    for _ in 0..count / WAVE {
        let tasks: Vec<_> = (0..WAVE).map(|_| spawn(Box::pin(request()))).collect();
        for task in tasks {
            task.await;
        }
    }
}

fn one(spawn: Spawn, count: usize) -> Boxed<()> {
    Box::pin(waves(spawn, count))
}

fn own(spawn: Spawn, count: usize) -> Boxed<()> {
    each(spawn, move |_| Box::pin(waves(spawn, count / THREADS)))
}

fn messages(spawn: Spawn, count: usize) -> Boxed<()> {
    each(spawn, move |_| {
        Box::pin(async move {
            let (send, receive) = async_channel::bounded(1);
            let receiver = spawn(Box::pin(async move { while receive.recv().await.is_ok() {} }));
            for number in 0..count / THREADS {
                send.send(number).await.expect("the other one receives");
                future::yield_now().await;
            }
            drop(send);
            receiver.await;
        })
    })
}

/// A task for each worker.
fn each(spawn: Spawn, task: impl Fn(usize) -> Boxed<()> + Send + 'static) -> Boxed<()> {
    Box::pin(async move {
        let tasks: Vec<_> = (0..THREADS).map(|number| spawn(task(number))).collect();
        for task in tasks {
            task.await;
        }
    })
}
