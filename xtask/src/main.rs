//! The tasks of this repository, as one program: `cargo xtask --help`.
//!
//! Tasks are written in the language the contributors already know, need nothing but cargo, and
//! have unit tests. There is no dependency, so that the first task starts in seconds on a fresh
//! machine. CI runs the same program: what passes here passes there.

mod audit;
mod ci;
mod command;
mod coverage;
mod cross;
mod json;
mod locked;
mod miri;
mod needs;
mod parts;
mod plant;
mod rust;
mod sanitize;
mod soak;
mod tidy;
mod tree;

use std::env;
use std::process::ExitCode;

/// A task.
struct Task {
    name: &'static str,
    does: &'static str,
    help: fn() -> String,
    run: fn(&[String]) -> Result<(), String>,
}

/// Every task: first what each change runs, then the long checks.
const TASKS: [Task; 12] = [
    Task {
        name: "ci",
        does: "everything CI checks, in CI's order, each step timed",
        help: ci::help,
        run: ci::run,
    },
    Task {
        name: "tidy",
        does: "the rules a compiler does not check: layers, unsafe, sizes, headers, links, …",
        help: tidy::help,
        run: tidy::run,
    },
    Task {
        name: "audit",
        does: "lines, unsafe, packages and public items of each crate, against the budgets",
        help: || audit::HELP.to_owned(),
        run: audit::run,
    },
    Task {
        name: "soak",
        does: "everything at random for some minutes, then nothing may have leaked",
        help: || soak::HELP.to_owned(),
        run: soak::run,
    },
    Task {
        name: "plant",
        does: "plants faults, one by one, and has the tests catch them",
        help: || plant::HELP.to_owned(),
        run: plant::run,
    },
    Task {
        name: "coverage",
        does: "the lines of the core that no test reaches",
        help: || coverage::HELP.to_owned(),
        run: coverage::run,
    },
    Task {
        name: "locked",
        does: "locked instructions of an executor per operation: what its threads share",
        help: || locked::HELP.to_owned(),
        run: locked::run,
    },
    Task {
        name: "tsan",
        does: "the tests under ThreadSanitizer: data races",
        help: || sanitize::help("tsan"),
        run: |arguments| sanitize::run("tsan", arguments),
    },
    Task {
        name: "asan",
        does: "the tests under AddressSanitizer: use after free, out of bounds",
        help: || sanitize::help("asan"),
        run: |arguments| sanitize::run("asan", arguments),
    },
    Task {
        name: "lsan",
        does: "the tests under LeakSanitizer: leaks",
        help: || sanitize::help("lsan"),
        run: |arguments| sanitize::run("lsan", arguments),
    },
    Task {
        name: "miri",
        does: "the tests in Miri: whatever is undefined, as far as Miri can run them",
        help: || miri::HELP.to_owned(),
        run: miri::run,
    },
    Task {
        name: "cross",
        does: "the other systems: tests in emulators, type checks where there is none",
        help: cross::help,
        run: cross::run,
    },
];

fn main() -> ExitCode {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    let name = if arguments.is_empty() { String::new() } else { arguments.remove(0) };
    let wants_help = arguments.iter().any(|argument| argument == "--help" || argument == "-h");
    let done = match TASKS.iter().find(|task| task.name == name) {
        Some(task) if wants_help => print(&(task.help)()),
        Some(task) => (task.run)(&arguments),
        None if matches!(name.as_str(), "" | "help" | "--help" | "-h") => print(&help()),
        None => Err(format!("there is no task `{name}`\n\n{}", help())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "an arm among others that can fail")]
fn print(text: &str) -> Result<(), String> {
    println!("{text}");
    Ok(())
}

fn help() -> String {
    let mut help = String::from(
        "The tasks of this repository.\n\nUsage: cargo xtask TASK [OPTION …]\n\nTasks:\n",
    );
    for task in &TASKS {
        help.push_str(&format!("  {:<10}{}\n", task.name, task.does));
    }
    help + "\n`cargo xtask TASK --help` says more."
}
