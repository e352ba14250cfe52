//! The command line: what is asked for, and who does it.

mod args;
mod list;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::bounds::{self, Bound, Verdict};
use crate::measure::others::Others;
use crate::measure::{self, Plan, Repeats};
use crate::report;
use crate::{child, serve};
use args::{Command, Measure};

const HELP: &str = "\
compare: real work on every executor x reactor, and on their peers

  compare                       all workloads on a few columns, in less than a minute:
                                a table here, and a page with plots
  compare list                  workloads with their settings, and columns
  compare measure WORKLOAD --on COLUMN [--on COLUMN ...] [--set NAME=VALUE ...]
          [--rounds N] [--counts N] [--count-with perf|ptrace] [--json] [--trace FILE]
                                one workload; N timing rounds (9), N passes that count
                                system calls and allocations (3); FILE gets a timeline of
                                one more pass: a page, or JSON for Perfetto (.json)
  compare bounds [--only PART_OF_NAME ...] [--rounds N]
                                what is promised of our columns, measured and judged
  compare serve DIR [--executor E] [--reactor R] [--addr A] [--trace FILE]
                                a file server, on 127.0.0.1:8080 unless told otherwise
";

/// Does what the command line says.
pub(crate) fn main() -> ExitCode {
    let command = match args::parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("compare: {error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let done = match command {
        Command::Help => say(HELP),
        Command::All => all(),
        Command::List => say(&list::text()),
        Command::Measure(measure) => self::measure(measure),
        Command::Bounds { bounds, rounds } => self::bounds(&bounds, rounds),
        Command::Serve(options) => serve::run(&options),
        Command::Child(order) => child::main(&order),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints to standard output. A reader that went away ends the program, without a complaint.
pub(crate) fn say(text: &str) -> Result<(), String> {
    match writeln!(std::io::stdout(), "{}", text.trim_end()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        written => written.map_err(|error| format!("standard output: {error}")),
    }
}

/// `compare` alone.
fn all() -> Result<(), String> {
    let plan = measure::suite::plan();
    say(&format!(
        "{} cases, up to {} rounds each, small settings: look for factors here, and at `compare \
         measure` for percents.",
        plan.cases.len(),
        plan.repeats.time
    ))?;
    let others = Others::watch();
    let results = measure::run(&plan, Progress::new(plan.passes()).step());
    let warning = others.warning();
    let page = report::html::write(&results, warning.as_deref())
        .map_err(|error| format!("report: {error}"));
    say(&report::table::all(&results))?;
    report::table::failures(&results);
    warn(warning);
    say(&format!("Plots: {}", page?.display()))
}

/// `compare measure`.
fn measure(wanted: Measure) -> Result<(), String> {
    let Measure { case, rounds, counts, count_with, json, trace } = wanted;
    let repeats = Repeats { time: rounds, syscalls: counts, allocations: counts };
    let plan = Plan { cases: vec![case], repeats, count_with, budget: None };
    let others = Others::watch();
    let results = measure::run(&plan, Progress::new(plan.passes()).step());
    let warning = others.warning();
    let (case, outcomes) = &results[0];
    if json {
        for outcome in outcomes {
            say(&serde_json::to_string(outcome).map_err(|error| error.to_string())?)?;
        }
    } else {
        say(&report::table::one(case, outcomes))?;
        report::table::failures(&results);
    }
    warn(warning);
    if outcomes.iter().any(|outcome| outcome.failed) {
        return Err("a column could not be timed".to_owned());
    }
    if let Some(file) = trace {
        let column = case.columns[0];
        measure::trace(case.workload, &case.params, column, &file)?;
        eprintln!("One more pass of {column} was recorded: {}", file.display());
    }
    Ok(())
}

/// `compare bounds`.
fn bounds(bounds: &[&Bound], rounds: usize) -> Result<(), String> {
    let progress = Progress::new(bounds.iter().map(|bound| bound.plan(rounds).passes()).sum());
    say(&bounds::heading())?;
    let mut bad = Vec::new();
    let others = Others::watch();
    for bound in bounds {
        let results = measure::run(&bound.plan(rounds), progress.step());
        let (line, verdict) = bound.judge(&results[0].1);
        progress.above(|| say(&line))?;
        if matches!(verdict, Verdict::Missed | Verdict::Failed) {
            bad.push(bound.name);
        }
    }
    drop(progress);
    warn(others.warning());
    if bad.is_empty() { Ok(()) } else { Err(format!("not met: {}", bad.join(", "))) }
}

/// Says on standard error that the machine was not calm.
fn warn(warning: Option<String>) {
    if let Some(warning) = warning {
        eprintln!("{warning}");
    }
}

/// A bar on standard error, if that is a terminal. It goes away when dropped.
struct Progress(ProgressBar);

impl Progress {
    fn new(passes: usize) -> Self {
        let target = ProgressDrawTarget::stderr(); // hidden by itself if that is not a terminal
        let bar = ProgressBar::with_draw_target(Some(passes as u64), target);
        let style =
            ProgressStyle::with_template("{bar:30} {pos:>3}/{len} {elapsed} {wide_msg:.dim}");
        bar.set_style(style.expect("the template is well-formed"));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// What to call before each pass.
    fn step(&self) -> impl FnMut(&str) {
        |next| {
            self.0.set_message(next.to_owned());
            self.0.inc(1);
        }
    }

    /// Prints above the bar.
    fn above<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
