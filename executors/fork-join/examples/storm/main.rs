//! Everything that pools can do, at random, for some minutes; then nothing may be lost or left.
//!
//! ```sh
//! cargo run --release -p mini-executor-fork-join --example storm -- \
//!     --minutes 10 [--seed S] [--threads T]
//! ```
//!
//! Threads are lent to two pools and withdrawn: to compute, to wait for a future, until a signal,
//! or from outside, with and without other threads there. What they compute splits a number into
//! parts, in joins, scopes, futures, closures that async code awaits, and in the other pool, and
//! gives it back; with cancelled futures, yields, sockets, timers, pools that are dropped with work
//! in them, and panics between. It fails if a sum comes out wrong, if a future of a scope outlives
//! it, if a thread makes no progress for a minute, and if at the end a closure or a future that was
//! given away is still there. Nothing waits with a fallback, so a wake-up that is lost stops its
//! thread.
//!
//! The decisions of each thread follow from the seed and its number; how the threads meet is the
//! machine's affair.

#[path = "../../../single-thread/examples/soak/chance.rs"]
mod chance;
mod work;

use std::panic;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chance::Chance;
use work::{OnPurpose, POOLS, alive, visit};

/// A thread that makes no progress for so long is stuck.
const PATIENCE: Duration = Duration::from_secs(60);
/// What is computed may wait for futures, and run closures of others meanwhile.
const STACK: usize = 64 << 20;

struct Settings {
    time: Duration,
    seed: u64,
    threads: usize,
}

impl Settings {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Settings, String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seed = now.as_secs() << 20 | u64::from(now.subsec_micros());
        let mut settings = Settings { time: Duration::from_secs(60), seed, threads: 4 };
        while let Some(word) = words.next() {
            let value = words.next().unwrap_or_default();
            let number: u64 = value.parse().map_err(|_| format!("{word} {value}: no number"))?;
            match word.as_str() {
                "--minutes" => settings.time = Duration::from_secs(60 * number),
                "--seconds" => settings.time = Duration::from_secs(number),
                "--seed" => settings.seed = number,
                "--threads" => settings.threads = usize::try_from(number).unwrap_or(1).max(1),
                _ => return Err(format!("{word}: there are --minutes, --seed, --threads")),
            }
        }
        Ok(settings)
    }
}

fn main() -> Result<(), String> {
    let settings = Settings::read(std::env::args().skip(1))?;
    println!("seed {}, {} threads", settings.seed, settings.threads);
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<OnPurpose>() {
            default(info);
        }
    }));
    let (stop, ended) = (AtomicBool::new(false), AtomicUsize::new(0));
    let progress: Vec<AtomicU64> = (0..settings.threads).map(|_| AtomicU64::new(0)).collect();
    thread::scope(|scope| {
        for (number, progress) in (0_u64..).zip(&progress) {
            let mut chance = Chance::new(settings.seed.wrapping_add(number << 32));
            let (stop, ended) = (&stop, &ended);
            let visiting = move || {
                while !stop.load(Relaxed) {
                    visit(&mut chance);
                    progress.fetch_add(1, Relaxed);
                }
                ended.fetch_add(1, Relaxed);
            };
            let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, visiting);
            drop(thread.expect("threads can be started"));
        }
        watch(settings.time, &progress, &stop, &ended);
    });
    // What was detached may still be queued, where nobody is lent any more.
    let began = Instant::now();
    while alive() > 0 && began.elapsed() < PATIENCE {
        for pool in &POOLS {
            pool.executor().try_tick();
        }
        thread::yield_now();
    }
    let visits: u64 = progress.iter().map(|progress| progress.load(Relaxed)).sum();
    match alive() {
        0 => println!("{visits} visits, and nothing is left over"),
        left => return Err(format!("{left} closures and futures are left over")),
    }
    Ok(())
}

/// Has the threads stop after some time, and waits for them. Ends the process if one is stuck.
fn watch(time: Duration, progress: &[AtomicU64], stop: &AtomicBool, ended: &AtomicUsize) {
    let began = Instant::now();
    let mut seen = vec![(0, began); progress.len()];
    while ended.load(Relaxed) < progress.len() {
        thread::sleep(Duration::from_millis(200));
        stop.store(began.elapsed() >= time, Relaxed);
        for (number, (progress, seen)) in progress.iter().zip(&mut seen).enumerate() {
            let now = progress.load(Relaxed);
            if now != seen.0 {
                *seen = (now, Instant::now());
            } else if seen.1.elapsed() > PATIENCE {
                eprintln!("thread {number} has made no progress for {PATIENCE:?}: {POOLS:?}");
                process::abort();
            }
        }
    }
}
