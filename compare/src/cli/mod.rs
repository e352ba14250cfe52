//! The command line: what is asked for, and who does it.

mod args;
mod list;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::measure::{self, Case, Plan};
use crate::report;
use crate::{child, serve};
use args::{Command, Measure};

const HELP: &str = "\
compare: real work on every executor x reactor, and on their peers

  compare                       all workloads on a few columns, in less than a minute:
                                a table here, and a page with plots
  compare list                  workloads with their settings, and columns
  compare measure WORKLOAD --on COLUMN [--on COLUMN ...] [--set NAME=VALUE ...]
          [--rounds N] [--counts N] [--count-with perf|ptrace] [--json]
                                one workload; N timing rounds (9), N passes that count
                                system calls and allocations (3)
  compare serve DIR [--executor E] [--reactor R] [--addr A]
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
        plan.rounds
    ))?;
    let results = with_progress(&plan);
    let page = report::html::write(&results).map_err(|error| format!("report: {error}"));
    say(&report::table::all(&results))?;
    report::table::failures(&results);
    say(&format!("Plots: {}", page?.display()))
}

/// `compare measure`.
fn measure(Measure { case, rounds, counts, count_with, json }: Measure) -> Result<(), String> {
    let plan = Plan { cases: vec![case], rounds, counts, count_with, budget: None };
    let results = with_progress(&plan);
    let (case, outcomes) = &results[0];
    if json {
        for outcome in outcomes {
            say(&serde_json::to_string(outcome).map_err(|error| error.to_string())?)?;
        }
    } else {
        say(&report::table::one(case, outcomes))?;
        report::table::failures(&results);
    }
    if outcomes.iter().any(|outcome| outcome.failed) {
        return Err("a column could not be timed".to_owned());
    }
    Ok(())
}

/// Measures, with a bar on standard error if that is a terminal.
fn with_progress(plan: &Plan) -> Vec<(Case, Vec<measure::result::Outcome>)> {
    let bar = ProgressBar::with_draw_target(
        Some(plan.passes() as u64),
        ProgressDrawTarget::stderr(), // hidden by itself if that is not a terminal
    );
    let style = ProgressStyle::with_template("{bar:30} {pos:>3}/{len} {elapsed} {wide_msg:.dim}");
    bar.set_style(style.expect("the template is well-formed"));
    bar.enable_steady_tick(Duration::from_millis(200));
    let results = measure::run(plan, |next| {
        bar.set_message(next.to_owned());
        bar.inc(1);
    });
    bar.finish_and_clear();
    results
}
