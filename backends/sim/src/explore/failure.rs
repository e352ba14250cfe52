//! What is told about a run that fails.

use std::env;
use std::fmt::{self, Write};
use std::thread;
use std::time::Duration;

use crate::explore::panics::Panic;
use crate::explore::run::{Outcome, Run, run};
use crate::explore::shrink::shrink;
use crate::fault::Fault;
use crate::settings::{Settings, VARIABLE};
use crate::sim::Sim;
use crate::trace::Trace;

/// Faults that a replay line lists at most; with more, the whole run is replayed as it was found.
const LISTED_MAX: usize = 100;

/// Lines of the trace that a report ends with.
const TAIL: usize = 40;

/// A run that fails, made as small as it could be made.
///
/// As text, it is the report, whose last line replays the run.
#[derive(Clone, Debug)]
pub struct Failure {
    settings: Settings,
    panic: Panic,
    elapsed: Duration,
    trace: Trace,
    found: Found,
    command: String,
}

#[derive(Clone, Copy, Debug)]
enum Found {
    Replayed,
    /// After so many seeds; shrunk from so many faults, in so many runs.
    Explored {
        seeds: u64,
        faults: usize,
        left: usize,
        runs: usize,
    },
    /// The run is another one each time.
    Fickle,
}

impl Failure {
    /// The settings that differ from those of the test, as [`VARIABLE`] takes them.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What the run panicked with, or what error it returned.
    pub fn message(&self) -> &str {
        &self.panic.message
    }

    /// What happened in the run.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// A line for a shell that replays the run: the variable, and this program or test.
    pub fn replay_line(&self) -> String {
        format!("{VARIABLE}='{}' {}", self.settings, self.command)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Panic { message, place, step } = &self.panic;
        write!(f, "seed {} fails: {}", self.settings.seed, message.trim_end())?;
        writeln!(f, "{}{place}", if place.is_empty() { "" } else { "\n  at " })?;
        let steps = step.map_or(self.trace.steps(), |step| step as u64);
        let (elapsed, sum) = (self.elapsed, self.trace.sum());
        writeln!(f, "  after {elapsed:?} of virtual time and {steps} steps, sum {sum:016x}")?;
        match self.found {
            Found::Replayed => {}
            Found::Explored { seeds, faults, left, runs } => writeln!(
                f,
                "  the first of {seeds} seeds; of its {faults} faults it needs {left}, as {runs} \
                 more runs have shown"
            )?,
            Found::Fickle => writeln!(
                f,
                "  what differs may come from real time, a `RandomState`, an address, or a thread"
            )?,
        }
        let (left_out, tail) = self.trace.tail(TAIL, *step);
        if left_out > 0 {
            writeln!(f, "  ({left_out} steps before these)")?;
        }
        for line in tail {
            writeln!(f, "  {line}")?;
        }
        write!(f, "replay: {}", self.replay_line())
    }
}

/// A failing run of the bulk: repeats and shrinks it.
pub(super) fn investigate<F, T>(settings: Settings, bulk: &Run, seeds: u64, test: &F) -> Failure
where
    F: Fn(Sim) -> T,
    T: Future<Output: Outcome>,
{
    let first = run(settings.clone().record(true), true, test);
    let wrong = match &first.wrong {
        Some(wrong) if first.sum == bulk.sum => wrong.clone(),
        _ => return fickle(settings, first, test),
    };
    let faults = first.struck.len();
    let fails = |run: &Run| run.wrong.as_ref().is_some_and(|other| other.is_like(&wrong));
    // Without one kind of fault, and then another: the others strike as they would have struck.
    let (mut fewer, mut struck, mut tries) = (settings.faults, first.struck.clone(), 0);
    for fault in Fault::ALL.into_iter().filter(|fault| settings.faults.contains(*fault)) {
        let without = fewer.without(fault);
        let run = run(settings.clone().faults(without).record(true), true, test);
        tries += 1;
        if fails(&run) {
            (fewer, struck) = (without, run.struck);
        }
    }
    let (list, runs) = shrink(struck, |only| {
        fails(&run(settings.clone().only(only.iter().copied()).record(false), true, test))
    });
    let runs = tries + runs;
    let found = |left| Found::Explored { seeds, faults, left, runs };
    if list.len() <= LISTED_MAX {
        let left = list.len();
        let smallest = settings.clone().only(list);
        let last = run(smallest.clone().record(true), true, test);
        if last.wrong.is_some() {
            return Failure::new(smallest, last, found(left));
        }
    }
    Failure::new(settings, first, found(faults))
}

pub(super) fn replayed(settings: Settings, run: Run) -> Failure {
    Failure::new(settings, run, Found::Replayed)
}

/// The test does not repeat: says where two runs part.
fn fickle<F, T>(settings: Settings, mut first: Run, test: &F) -> Failure
where
    F: Fn(Sim) -> T,
    T: Future<Output: Outcome>,
{
    let second = run(settings.clone().record(true), true, test);
    let mut message = "the test does not repeat: the same seed gives different runs".to_owned();
    let ended = || "the end".to_owned();
    let (mut ones, mut others) = (first.trace.lines(), second.trace.lines());
    loop {
        match (ones.next(), others.next()) {
            (None, None) => break,
            (one, other) if one == other => {}
            (one, other) => {
                let (one, other) = (one.unwrap_or_else(ended), other.unwrap_or_else(ended));
                let _ = write!(message, "\n  they part with: {one}\n  the other time: {other}");
                break;
            }
        }
    }
    drop((ones, others));
    first.wrong = Some(Panic::saying(message));
    Failure::new(settings, first, Found::Fickle)
}

impl Failure {
    fn new(settings: Settings, run: Run, found: Found) -> Failure {
        let unknown = || Panic::saying("it did not fail".to_owned());
        Failure {
            settings,
            panic: run.wrong.unwrap_or_else(unknown),
            elapsed: run.elapsed,
            trace: run.trace,
            found,
            command: command(),
        }
    }
}

/// What was run: a test by cargo, if this is one, else this program with its arguments.
///
/// libtest gives the thread of a test the test's name, and cargo tells a program its package.
fn command() -> String {
    let thread = thread::current();
    let test = thread.name().filter(|name| *name != "main");
    match (env::var("CARGO_PKG_NAME"), test) {
        (Ok(package), Some(test)) => format!("cargo test -p {package} -- --exact {test}"),
        (_, Some(test)) => {
            let program = env::args().next().unwrap_or_default();
            format!("{} --exact {}", quoted(&program), quoted(test))
        }
        (_, None) => env::args().map(|word| quoted(&word)).collect::<Vec<_>>().join(" "),
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quoted("a/b-c::d"), "a/b-c::d");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
