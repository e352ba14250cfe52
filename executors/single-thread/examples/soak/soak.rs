//! The run: threads that play scenes, somebody who watches them, and the accounts at the end. (The
//! example `storm` of the work-stealing executor has this file too, and work of its own.)

use std::any::Any;
use std::env;
use std::io;
use std::panic;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mini_async::Timer;

use crate::census::{TASKS, WAKERS};
use crate::machine::{allocated, descriptors, resident};
use crate::scenes::{NAMES, ON_PURPOSE};
use crate::work::{KEPT_MAX, work};
use crate::world::{REACTORS, SOURCES, World};

/// So long without a new scene, and a thread counts as stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the process may grow by after the first fifth.
const GROWTH_MAX: usize = 8 << 20;

const SAMPLES_PER_RUN: u32 = 500;

struct Settings {
    time: Duration,
    seed: u64,
    threads: usize,
}

pub(crate) fn main() -> ExitCode {
    let outcome = settings().map_err(io::Error::other).and_then(|settings| run(&settings));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("soak: {error}");
            ExitCode::FAILURE
        }
    }
}

fn settings() -> Result<Settings, String> {
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|error| error.to_string())?;
    let mut settings =
        Settings { time: Duration::from_secs(60), seed: clock.as_secs(), threads: 4 };
    let mut arguments = env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().unwrap_or_default();
        let wrong = || format!("`{name} {value}`: known are --minutes N, --seed S, --threads T");
        match name.as_str() {
            "--minutes" => {
                let minutes: f64 = value.parse().map_err(|_| wrong())?;
                settings.time = Duration::try_from_secs_f64(minutes * 60.0).map_err(|_| wrong())?;
            }
            "--seed" => settings.seed = value.parse().map_err(|_| wrong())?,
            "--threads" => settings.threads = value.parse().map_err(|_| wrong())?,
            _ => return Err(wrong()),
        }
    }
    Ok(settings)
}

fn run(settings: &Settings) -> io::Result<()> {
    let Settings { time, seed, threads } = settings;
    println!("seed {seed}, {threads} threads, {:.1} minutes", time.as_secs_f64() / 60.0);
    keep_quiet_about_panics_on_purpose();
    mini_reactor::block_on(Timer::after(Duration::from_millis(1))); // the global one opens its set
    let (open_before, allocated_before) = (descriptors()?, allocated());
    let (world, ringer) = World::new(*threads);
    let stop = AtomicBool::new(false);
    let memory = thread::scope(|scope| {
        let begin = |number| {
            let (world, stop) = (&world, &stop);
            scope.spawn(move || work(world, number, *seed, stop))
        };
        let workers: Vec<_> = (0..*threads).map(begin).collect();
        let memory = watch(&world, *time, &|| workers.iter().any(|worker| worker.is_finished()));
        stop.store(true, Relaxed);
        for worker in workers {
            worker.join().unwrap_or_else(|payload| Err(io::Error::other(said(&*payload))))?;
        }
        memory
    })?;
    let scenes: u64 = world.progress.iter().map(|one| one.scenes.load(Relaxed)).sum();
    drop(world);
    ringer.join().map_err(|_| io::Error::other("the ringer panicked"))?;
    println!("{scenes} scenes");
    // Which frees what is kept for counting only:
    let _ = SOURCES.alive() + REACTORS.alive();
    let kept = allocated().saturating_sub(allocated_before);
    println!("{kept} bytes allocated beyond those at the beginning");
    accounts(&[
        ("descriptors", descriptors()?.saturating_sub(open_before)),
        ("tasks", TASKS.alive()),
        ("wakers", WAKERS.alive()),
        ("sources", SOURCES.alive()),
        ("reactors", REACTORS.alive()),
        ("bytes beyond what may be kept", kept.saturating_sub(KEPT_MAX)),
    ])?;
    judge(&memory)
}

/// Samples the memory until the time is over; fails if a thread is stuck.
fn watch(world: &World, time: Duration, ended: &dyn Fn() -> bool) -> io::Result<Vec<usize>> {
    let begin = Instant::now();
    let mut memory = Vec::new();
    let mut last: Vec<(u64, Instant)> = vec![(0, begin); world.progress.len()];
    while begin.elapsed() < time && !ended() {
        thread::sleep(time / SAMPLES_PER_RUN);
        memory.push(resident()?);
        for (number, (progress, last)) in world.progress.iter().zip(&mut last).enumerate() {
            let scenes = progress.scenes.load(Relaxed);
            if scenes != last.0 {
                *last = (scenes, Instant::now());
            } else if last.1.elapsed() > PATIENCE {
                let scene = usize::try_from(progress.last.load(Relaxed)).unwrap_or_default();
                println!("STUCK: thread {number}, scene {scenes}, {}", NAMES[scene]);
                std::process::exit(1); // it cannot be joined
            }
        }
    }
    Ok(memory)
}

/// Fails if anything is left over.
fn accounts(left: &[(&str, usize)]) -> io::Result<()> {
    for (what, count) in left {
        println!("{what} left over: {count}");
    }
    match left.iter().find(|(_, count)| *count > 0) {
        None => Ok(()),
        Some((what, count)) => Err(io::Error::other(format!("{count} {what} left over"))),
    }
}

/// Fails if memory has grown since the first fifth.
fn judge(memory: &[usize]) -> io::Result<()> {
    let part = |from: usize, to: usize| {
        let mut part = memory[memory.len() * from / 100..memory.len() * to / 100].to_vec();
        part.sort_unstable();
        part.get(part.len() / 2).copied()
    };
    let (Some(early), Some(late)) = (part(20, 25), part(95, 100)) else {
        return Err(io::Error::other("too short to judge the memory"));
    };
    let (early_kib, late_kib) = (early / 1024, late / 1024);
    println!("memory: {early_kib} KiB after a fifth, {late_kib} KiB at the end");
    if late <= early + GROWTH_MAX { Ok(()) } else { Err(io::Error::other("memory has grown")) }
}

fn keep_quiet_about_panics_on_purpose() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if said(info.payload()) != ON_PURPOSE {
            usual(info);
        }
    }));
}

pub(crate) fn said(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}
