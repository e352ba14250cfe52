//! `explore`: a test, run over many seeds; the first that fails is repeated, made smaller, and told
//! with a line that replays it.
//!
//! | file | what |
//! |---|---|
//! | `run.rs` | one run, and what is wrong with it |
//! | `panics.rs` | panics of a run: kept instead of printed, also those that somebody caught |
//! | `shrink.rs` | leaving out what struck, as long as the run fails |
//! | `failure.rs` | the report, and the replay line |
//!
//! Deliberately absent: threads. Runs are independent, so whoever wants to use more processors
//! gives each of several tests its own seeds.

use std::env;
use std::fmt;
use std::time::Duration;

use crate::explore::run::{Run, run};
use crate::settings::{Settings, VARIABLE};
use crate::sim::Sim;

mod failure;
mod panics;
mod run;
mod shrink;

pub use failure::Failure;
pub use run::Outcome;

/// Runs `test` once for each of `seeds`, in a simulation of its own with the default [`Settings`].
///
/// A run fails if it panics (also in a task that nobody waits for, and also if the panic is
/// caught), if it returns an error, if it deadlocks, and if it goes on for ever: see [`Sim`]. A run
/// that fails is repeated and made smaller, by leaving out as many of its faults as it can do
/// without and still fail in the same place. What panics then has the report, the end of the trace,
/// and a line such as
///
/// ```text
/// MINI_REACTOR_SIM='seed=17 only=short-read@2.4,jitter@3.0' cargo test -p mine -- --exact my_test
/// ```
///
/// With that variable, `explore` makes just that one run, and prints its whole trace.
///
/// The first seed is run twice: a test whose runs do not repeat is told so, with the first step
/// that differs.
///
/// # Panics
///
/// If a run fails.
///
/// # Examples
///
/// ```
/// use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
/// use mini_async::Async;
/// use mini_reactor_sim::explore;
///
/// explore(0..100, |sim| async move {
///     let (here, there) = sim.pair();
///     Async::new(here)?.write_all(b"hello").await?;
///     let mut text = String::new();
///     Async::new(there)?.read_to_string(&mut text).await?;
///     assert_eq!(text, "hello");
///     std::io::Result::Ok(())
/// });
/// ```
pub fn explore<F, T>(seeds: impl IntoIterator<Item = u64>, test: F) -> Explored
where
    F: Fn(Sim) -> T,
    T: Future<Output: Outcome>,
{
    explore_with(Settings::new(), seeds, test)
}

/// As [`explore`], with other settings; their seed is not used.
///
/// # Panics
///
/// If a run fails, or if the variable for a replay holds none.
pub fn explore_with<F, T>(
    settings: Settings,
    seeds: impl IntoIterator<Item = u64>,
    test: F,
) -> Explored
where
    F: Fn(Sim) -> T,
    T: Future<Output: Outcome>,
{
    let explored = match env::var(VARIABLE) {
        Ok(line) => match settings.replaying(&line) {
            Ok(settings) => replay_aloud(settings, &test),
            Err(error) => panic!("the variable {VARIABLE} holds no replay line: {error}"),
        },
        Err(_) => try_explore(settings, seeds, test),
    };
    explored.unwrap_or_else(|failure| panic!("{failure}"))
}

/// As [`explore_with`], for tests of tests: gives the failure back, and knows no variable.
///
/// # Errors
///
/// The first failure.
pub fn try_explore<F, T>(
    settings: Settings,
    seeds: impl IntoIterator<Item = u64>,
    test: F,
) -> Result<Explored, Box<Failure>>
where
    F: Fn(Sim) -> T,
    T: Future<Output: Outcome>,
{
    let mut explored = Explored::default();
    for seed in seeds {
        let settings = settings.clone().seed(seed);
        let bulk = settings.clone().record(false);
        let first = run(bulk.clone(), true, &test);
        explored.add(&first);
        let repeats = explored.runs > 1 || run(bulk, true, &test).sum == first.sum;
        if first.wrong.is_some() || !repeats {
            return Err(Box::new(failure::investigate(settings, &first, explored.runs, &test)));
        }
    }
    Ok(explored)
}

/// Runs `test` once, with just these settings: those of a [`Failure`], or of a replay line that has
/// become a test of its own.
///
/// # Errors
///
/// The failure, if the run fails.
///
/// # Examples
///
/// ```
/// use mini_reactor_sim::{Settings, replay};
///
/// let settings = Settings::new().replaying("seed=17 only=short-read@2.4,jitter@3.0")?;
/// replay(settings, |sim| async move { drop(sim.pair()) }).unwrap();
/// # Ok::<_, String>(())
/// ```
pub fn replay<F, T>(settings: Settings, test: F) -> Result<Explored, Box<Failure>>
where
    F: Fn(Sim) -> T,
    T: Future<Output: Outcome>,
{
    let run = run(settings.clone().record(true), true, &test);
    judge(settings, run)
}

/// The run that the variable asks for: its panics and its trace are printed.
fn replay_aloud<F, T>(settings: Settings, test: &F) -> Result<Explored, Box<Failure>>
where
    F: Fn(Sim) -> T,
    T: Future<Output: Outcome>,
{
    let run = run(settings.clone().record(true), false, test);
    eprint!("replaying {settings}\n{}", run.trace);
    if run.wrong.is_none() {
        eprintln!("the run does not fail");
    }
    judge(settings, run)
}

fn judge(settings: Settings, run: Run) -> Result<Explored, Box<Failure>> {
    let mut explored = Explored::default();
    explored.add(&run);
    match run.wrong {
        Some(_) => Err(Box::new(failure::replayed(settings, run))),
        None => Ok(explored),
    }
}

/// What an exploration that found no failure has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explored {
    /// How many seeds were run.
    pub runs: u64,
    /// How many steps their traces have.
    pub steps: u64,
    /// How many faults struck.
    pub faults: u64,
    /// How much virtual time has passed.
    pub elapsed: Duration,
    /// A number made of all that happened: the same seeds give the same one, in any process.
    pub sum: u64,
}

impl Explored {
    fn add(&mut self, run: &Run) {
        self.runs += 1;
        self.steps += run.steps;
        self.faults += run.faults;
        self.elapsed = self.elapsed.saturating_add(run.elapsed);
        self.sum = crate::chance::mix(self.sum ^ run.sum);
    }
}

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explored { runs, steps, faults, elapsed, sum } = self;
        write!(f, "{runs} runs, {steps} steps, {faults} faults, {elapsed:.3?} of virtual time, ")?;
        write!(f, "sum {sum:016x}")
    }
}
