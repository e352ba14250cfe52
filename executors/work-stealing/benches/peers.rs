//! What tasks cost here and elsewhere: `cargo bench -p mini-executor-work-stealing`.
//!
//! CPU time of the process in nanoseconds per operation, with two workers. All columns run in turn
//! within each round; a cell is the median of the rounds and, behind it, the median of the rounds'
//! ratios to tokio's multi-thread runtime. Words on the command line choose the workloads; a number
//! there is that of the rounds.

use std::env;
use std::future::{Future, pending};
use std::hint::black_box;
use std::sync::mpsc;
use std::thread;

use cpu_time::ProcessTime;
use futures_lite::future;
use mini_executor_work_stealing::Executor;

const WAVE: usize = 1_000;

/// An executor under test, with two workers.
trait Peer: Sync {
    /// Runs the future as a task, and waits for it outside.
    fn run(&self, future: impl Future<Output = ()> + Send + 'static);

    fn spawn(future: impl Future<Output = ()> + Send + 'static) -> impl Future + Send + 'static;

    fn yield_now() -> impl Future<Output = ()> + Send + 'static {
        future::yield_now()
    }
}

struct Tokio(tokio::runtime::Runtime);

impl Peer for Tokio {
    fn run(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.0.block_on(self.0.spawn(future)).expect("it does not panic");
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) -> impl Future + Send + 'static {
        tokio::spawn(future)
    }

    fn yield_now() -> impl Future<Output = ()> + Send + 'static {
        tokio::task::yield_now()
    }
}

static EXECUTOR: Executor<'_> = Executor::new();

/// This crate's executor: this thread, and one more that is lent.
struct BlockOn;

impl Peer for BlockOn {
    fn run(&self, future: impl Future<Output = ()> + Send + 'static) {
        EXECUTOR.block_on(EXECUTOR.spawn(future));
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) -> impl Future + Send + 'static {
        EXECUTOR.spawn(future)
    }
}

static ASYNC_EXECUTOR: async_executor::Executor<'static> = async_executor::Executor::new();

struct AsyncExecutor;

impl Peer for AsyncExecutor {
    fn run(&self, future: impl Future<Output = ()> + Send + 'static) {
        future::block_on(ASYNC_EXECUTOR.run(ASYNC_EXECUTOR.spawn(future)));
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) -> impl Future + Send + 'static {
        ASYNC_EXECUTOR.spawn(future)
    }
}

/// CPU time per operation of `work`, which does `operations` of them.
fn measure(
    peer: &impl Peer,
    operations: usize,
    work: impl Future<Output = ()> + Send + 'static,
) -> f64 {
    let start = ProcessTime::now();
    peer.run(work);
    start.elapsed().as_nanos() as f64 / operations as f64
}

/// Spawn an empty task and wait for it, again and again.
fn spawn_one<P: Peer>(peer: &P) -> f64 {
    measure(peer, 100 * WAVE, async {
        for n in 0..100 * WAVE {
            P::spawn(async move { _ = black_box(n) }).await;
        }
    })
}

/// Spawn a thousand empty tasks, then wait for all of them.
fn spawn_wave<P: Peer>(peer: &P) -> f64 {
    measure(peer, 100 * WAVE, async {
        for _ in 0..100 {
            let tasks: Vec<_> =
                (0..WAVE).map(|n| P::spawn(async move { _ = black_box(n) })).collect();
            for task in tasks {
                task.await;
            }
        }
    })
}

fn yields<P: Peer>(peer: &P, tasks: usize, yields: usize) -> f64 {
    measure(peer, tasks * yields, async move {
        let spawn = |_| {
            P::spawn(async move {
                for _ in 0..yields {
                    P::yield_now().await;
                }
            })
        };
        let tasks: Vec<_> = (0..tasks).map(spawn).collect();
        for task in tasks {
            task.await;
        }
    })
}

fn yield_many<P: Peer>(peer: &P) -> f64 {
    yields(peer, WAVE, 100)
}

fn yield_lone<P: Peer>(peer: &P) -> f64 {
    yields(peer, 1, 100 * WAVE)
}

/// Two tasks and two channels of capacity 1.
fn pingpong<P: Peer>(peer: &P) -> f64 {
    measure(peer, 100 * WAVE, async {
        let (to_echo, from_caller) = async_channel::bounded::<u64>(1);
        let (to_caller, from_echo) = async_channel::bounded::<u64>(1);
        let echo = P::spawn(async move {
            while let Ok(number) = from_caller.recv().await {
                to_caller.send(number).await.expect("the caller waits for the answer");
            }
        });
        P::spawn(async move {
            for number in 0..100 * WAVE as u64 {
                to_echo.send(number).await.expect("the echo runs until the channel closes");
                assert_eq!(from_echo.recv().await, Ok(number));
            }
        })
        .await;
        echo.await;
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

const COLUMNS: [&str; 3] = ["tokio-mt", "work-stealing", "async-executor"];

fn main() {
    let words: Vec<String> = env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let rounds = words.iter().find_map(|word| word.parse().ok()).unwrap_or(21);
    let (columns, workloads): (Vec<_>, Vec<_>) = words
        .iter()
        .filter(|word| word.parse::<usize>().is_err())
        .partition(|word| COLUMNS.contains(&word.as_str()));
    let is_wanted =
        |column: usize| columns.is_empty() || columns.contains(&&COLUMNS[column].into());
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let tokio = Tokio(tokio.expect("tokio starts"));
    let (begun, is_begun) = mpsc::channel();
    thread::spawn(move || {
        EXECUTOR.block_on(async {
            begun.send(()).expect("somebody waits for this");
            pending::<()>().await;
        });
    });
    is_begun.recv().expect("it begins");
    thread::spawn(|| future::block_on(ASYNC_EXECUTOR.run(pending::<()>())));

    print!("{:15}", "ns CPU");
    (0..3).filter(|column| is_wanted(*column)).for_each(|column| print!("{:>16}", COLUMNS[column]));
    println!();
    macro_rules! workload {
        ($name:ident) => {
            if workloads.is_empty() || workloads.iter().any(|word| *word == stringify!($name)) {
                let runs: [&dyn Fn() -> f64; 3] =
                    [&|| $name(&tokio), &|| $name(&BlockOn), &|| $name(&AsyncExecutor)];
                let rounds: Vec<Vec<f64>> = (0..rounds)
                    .map(|_| {
                        (0..3).filter(|column| is_wanted(*column)).map(|c| runs[c]()).collect()
                    })
                    .collect();
                print!("{:15}", stringify!($name));
                for column in 0..rounds[0].len() {
                    let time = median(rounds.iter().map(|round| round[column]).collect());
                    let ratio =
                        median(rounds.iter().map(|round| round[column] / round[0]).collect());
                    print!("{time:9.1} ({ratio:4.2})");
                }
                println!();
            }
        };
    }
    workload!(spawn_one);
    workload!(spawn_wave);
    workload!(yield_many);
    workload!(yield_lone);
    workload!(pingpong);
}
