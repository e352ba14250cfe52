//! The tasks of this repository, as one program: `cargo xtask --help`.
//!
//! Tasks are written in the language the contributors already know, need nothing but cargo, and
//! have unit tests. There is no dependency, so that the first task starts in seconds on a fresh
//! machine. CI runs the same program: what passes here passes there.

mod audit;
mod ci;
mod json;
mod rust;
mod tidy;
mod tree;

use std::env;
use std::process::ExitCode;

const HELP: &str = "\
The tasks of this repository.

Usage: cargo xtask COMMAND [OPTION …]

Commands:
  ci      everything CI checks, in CI's order, each step timed
  tidy    the rules a compiler does not check: layers, unsafe, sizes, headers, links, …
  audit   lines, unsafe, packages and public items of each crate, against the budgets

`cargo xtask COMMAND --help` says more.";

fn main() -> ExitCode {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    let command = if arguments.is_empty() { String::new() } else { arguments.remove(0) };
    let wants_help = arguments.iter().any(|argument| argument == "--help" || argument == "-h");
    let done = match command.as_str() {
        "" | "help" | "--help" | "-h" => print(HELP),
        "ci" if wants_help => print(&ci::help()),
        "ci" => ci::run(&arguments),
        "tidy" if wants_help => print(&tidy_help()),
        "tidy" => tidy::run(&arguments),
        "audit" if wants_help => print(audit::HELP),
        "audit" => audit::run(&arguments),
        other => Err(format!("there is no command `{other}`\n\n{HELP}")),
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

fn tidy_help() -> String {
    let mut help = String::from(
        "Checks the rules of this repository and prints what is against them.\n\n\
         Usage: cargo xtask tidy [RULE …]\n\n\
         Without a name, every rule. The exit code is 1 if there is any finding. The rules are\n\
         unit tests of xtask too.\n\n\
         Rules:\n",
    );
    for rule in &tidy::RULES {
        help.push_str(&format!("  {:<10} {}\n", rule.name, rule.demands));
    }
    help.trim_end().to_owned()
}
