//! A program of a fixed amount of work on 16 threads, of which `cargo xtask locked` counts the
//! locked instructions: `cargo run --example locked -- POOL WORKLOAD COUNT`.
//!
//! Pools: `ours` and `rayon`. Workloads, each of COUNT operations, which each compute a little:
//! `joins` (a recursion in halves), `scopes` (one worker spawns closures into scopes, eight at a
//! time, and the others help), `spawns` (a worker spawns closures that outlive it), and `outside`
//! (a thread that is no worker has closures called, one after the other).

use std::env;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use mini_executor_fork_join::{Signal, ThreadPool, Worker};

const THREADS: usize = 16;
/// Closures of a scope.
const SPAWNS: u64 = 8;

static OURS: ThreadPool = ThreadPool::new();
static STOP: Signal = Signal::new();
/// What `spawns` has done.
static DONE: AtomicU64 = AtomicU64::new(0);

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let [pool, workload, count] = &words[..] else { return usage() };
    let Ok(count) = count.parse() else { return usage() };
    match (&pool[..], &workload[..]) {
        ("ours", "joins") => lent(|| OURS.install(|| OURS.lend(|worker| joins(worker, count)))),
        ("ours", "scopes") => lent(|| OURS.install(|| OURS.lend(|worker| scopes(worker, count)))),
        ("ours", "spawns") => lent(|| {
            OURS.install(|| (0..count).for_each(|_| OURS.spawn(count_one)));
            all_done(count);
        }),
        ("ours", "outside") => lent(|| (0..count).for_each(|_| OURS.install(compute))),
        ("rayon", workload) => return rayon(workload, count),
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: locked ours|rayon joins|scopes|spawns|outside COUNT");
    ExitCode::FAILURE
}

/// Calls `f` while threads are lent.
fn lent(f: impl FnOnce()) {
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| OURS.run_until(&STOP));
        }
        while OURS.current_num_threads() < THREADS {
            thread::yield_now();
        }
        f();
        STOP.give();
    });
}

/// A little work, as a leaf of a recursion may be.
fn compute() {
    black_box((0..black_box(2_000_u64)).fold(0, u64::wrapping_add));
}

fn count_one() {
    compute();
    DONE.fetch_add(1, Relaxed);
}

fn all_done(count: u64) {
    while DONE.load(Relaxed) < count {
        thread::yield_now();
    }
}

fn joins(worker: &Worker, count: u64) {
    if count <= 1 {
        return compute();
    }
    worker.join(|worker| joins(worker, count / 2), |worker| joins(worker, count - count / 2));
}

fn scopes(worker: &Worker, count: u64) {
    for _ in 0..count / SPAWNS {
        worker.scope(|scope| (0..SPAWNS).for_each(|_| scope.spawn(|_| compute())));
    }
}

fn rayon(workload: &str, count: u64) -> ExitCode {
    fn joins(count: u64) {
        if count <= 1 {
            return compute();
        }
        rayon_core::join(|| joins(count / 2), || joins(count - count / 2));
    }
    fn scopes(count: u64) {
        for _ in 0..count / SPAWNS {
            rayon_core::scope(|scope| (0..SPAWNS).for_each(|_| scope.spawn(|_| compute())));
        }
    }
    let pool = rayon_core::ThreadPoolBuilder::new().num_threads(THREADS).build();
    let pool = pool.expect("threads can be started");
    match workload {
        "joins" => pool.install(|| joins(count)),
        "scopes" => pool.install(|| scopes(count)),
        "spawns" => {
            pool.install(|| (0..count).for_each(|_| rayon_core::spawn(count_one)));
            all_done(count);
        }
        "outside" => (0..count).for_each(|_| pool.install(compute)),
        _ => return usage(),
    }
    ExitCode::SUCCESS
}
