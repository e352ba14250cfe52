//! One run, and what is wrong with it.

use std::fmt::Debug;
use std::time::Duration;

use crate::explore::panics::{Panic, watch};
use crate::fault::Strike;
use crate::settings::Settings;
use crate::sim::Sim;
use crate::trace::Trace;

/// What a test of [`explore`](crate::explore) may return: nothing, or a result whose error fails
/// the run.
pub trait Outcome {
    /// What is wrong, in words, if anything is.
    fn error(self) -> Option<String>;
}

impl Outcome for () {
    fn error(self) -> Option<String> {
        None
    }
}

impl<E: Debug> Outcome for Result<(), E> {
    fn error(self) -> Option<String> {
        self.err().map(|error| format!("the test returned an error: {error:?}"))
    }
}

pub(super) struct Run {
    pub(super) wrong: Option<Panic>,
    pub(super) steps: u64,
    pub(super) faults: u64,
    pub(super) sum: u64,
    pub(super) elapsed: Duration,
    /// Empty if it was not recorded.
    pub(super) trace: Trace,
    pub(super) struck: Vec<Strike>,
}

/// Runs the test once. While `quiet`, panics are kept and not printed.
pub(super) fn run<F, T>(settings: Settings, quiet: bool, test: &F) -> Run
where
    F: Fn(Sim) -> T,
    T: Future<Output: Outcome>,
{
    let sim = Sim::new(settings);
    let body = || sim.block_on(async { test(sim.clone()).await });
    let (outcome, panic) = watch(quiet, sim.counts_steps(), body);
    let error = outcome.and_then(Outcome::error).map(Panic::saying);
    let (steps, faults, sum) = sim.counts();
    let run = Run {
        wrong: panic.or(error),
        steps,
        faults,
        sum,
        elapsed: sim.elapsed(),
        trace: sim.trace(),
        struck: sim.strikes(),
    };
    sim.end();
    run
}

impl Panic {
    /// Whether another run fails in the same way: in the same place, and with the same first word,
    /// as one place of the simulator tells several things.
    pub(super) fn is_like(&self, other: &Panic) -> bool {
        let word = |panic: &Panic| panic.message.split_whitespace().next().map(str::to_owned);
        self.place == other.place && word(self) == word(other)
    }
}
