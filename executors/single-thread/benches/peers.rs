//! What a spawn and a yield cost here and elsewhere: `cargo bench -p mini-executor-single-thread`.
//!
//! CPU time of the thread in nanoseconds per operation. All columns run in turn within each round;
//! a cell is the median of the rounds and, behind it, the median of the rounds' ratios to tokio's
//! current-thread runtime. Words on the command line choose the workloads.

use std::env;
use std::future::Future;
use std::hint::black_box;

use cpu_time::ThreadTime;
use futures_lite::future;
use mini_executor_single_thread::LocalExecutor;

const ROUNDS: usize = 21;
const WAVE: usize = 1_000;

/// An executor under test.
trait Peer {
    fn block_on(&self, future: impl Future<Output = ()>);

    fn spawn(
        &self,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future + Send + 'static;

    fn yield_now() -> impl Future<Output = ()> + Send + 'static {
        future::yield_now()
    }
}

struct Tokio(tokio::runtime::Runtime);

impl Peer for Tokio {
    fn block_on(&self, future: impl Future<Output = ()>) {
        self.0.block_on(future);
    }

    fn spawn(
        &self,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future + Send + 'static {
        tokio::spawn(future)
    }

    fn yield_now() -> impl Future<Output = ()> + Send + 'static {
        tokio::task::yield_now()
    }
}

/// This crate's executor with its own `block_on`, which drives the reactor.
struct BlockOn(LocalExecutor<'static>);

impl Peer for BlockOn {
    fn block_on(&self, future: impl Future<Output = ()>) {
        self.0.block_on(future);
    }

    fn spawn(
        &self,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future + Send + 'static {
        self.0.spawn(future)
    }
}

/// This crate's executor under somebody else's `block_on`.
struct Run(LocalExecutor<'static>);

impl Peer for Run {
    fn block_on(&self, future: impl Future<Output = ()>) {
        future::block_on(self.0.run(future));
    }

    fn spawn(
        &self,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future + Send + 'static {
        self.0.spawn(future)
    }
}

struct AsyncExecutor(async_executor::LocalExecutor<'static>);

impl Peer for AsyncExecutor {
    fn block_on(&self, future: impl Future<Output = ()>) {
        future::block_on(self.0.run(future));
    }

    fn spawn(
        &self,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> impl Future + Send + 'static {
        self.0.spawn(future)
    }
}

/// CPU time per operation of `work`, which does `operations` of them.
fn measure(peer: &impl Peer, operations: usize, work: impl Future<Output = ()>) -> f64 {
    let start = ThreadTime::now();
    peer.block_on(work);
    start.elapsed().as_nanos() as f64 / operations as f64
}

/// Spawn an empty task and wait for it, again and again.
fn spawn_one<P: Peer>(peer: &P) -> f64 {
    measure(peer, 100 * WAVE, async {
        for n in 0..100 * WAVE {
            peer.spawn(async move { _ = black_box(n) }).await;
        }
    })
}

/// Spawn a thousand empty tasks, then wait for all of them.
fn spawn_wave<P: Peer>(peer: &P) -> f64 {
    measure(peer, 100 * WAVE, async {
        for _ in 0..100 {
            let tasks: Vec<_> =
                (0..WAVE).map(|n| peer.spawn(async move { _ = black_box(n) })).collect();
            for task in tasks {
                task.await;
            }
        }
    })
}

/// The same with tasks that have to wait once: the price of being tracked.
fn spawn_waiting<P: Peer>(peer: &P) -> f64 {
    measure(peer, 100 * WAVE, async {
        for _ in 0..100 {
            let tasks: Vec<_> = (0..WAVE).map(|_| peer.spawn(P::yield_now())).collect();
            for task in tasks {
                task.await;
            }
        }
    })
}

fn yields<P: Peer>(peer: &P, tasks: usize, yields: usize) -> f64 {
    measure(peer, tasks * yields, async {
        let spawn = |_| {
            peer.spawn(async move {
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

/// The future given to `block_on` or `run` yields, without any task.
fn yield_main<P: Peer>(peer: &P) -> f64 {
    measure(peer, 100 * WAVE, async {
        for _ in 0..100 * WAVE {
            P::yield_now().await;
        }
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let wanted: Vec<String> = env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let tokio = Tokio(tokio.expect("tokio starts"));
    let block_on = BlockOn(LocalExecutor::new());
    let run = Run(LocalExecutor::new());
    let async_executor = AsyncExecutor(async_executor::LocalExecutor::new());

    println!(
        "{:15}{:>16}{:>16}{:>16}{:>16}",
        "ns CPU", "tokio-ct", "block_on", "run", "async-executor"
    );
    macro_rules! workload {
        ($name:ident) => {
            if wanted.is_empty() || wanted.iter().any(|word| word == stringify!($name)) {
                let rounds: Vec<[f64; 4]> = (0..ROUNDS)
                    .map(|_| [$name(&tokio), $name(&block_on), $name(&run), $name(&async_executor)])
                    .collect();
                print!("{:15}", stringify!($name));
                for column in 0..4 {
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
    workload!(spawn_waiting);
    workload!(yield_many);
    workload!(yield_lone);
    workload!(yield_main);
}
