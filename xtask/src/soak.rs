//! The soak: the program `executors/single-thread/examples/soak`, built as users build theirs.

use crate::command::Typed;

pub(crate) const HELP: &str = "\
Does everything at random for some minutes, then checks that nothing has leaked.

Usage: cargo xtask soak [--minutes N] [--seed S] [--threads T]

Builds and runs the example `soak` of mini-executor-single-thread in release mode; its own head says
what it does and what it checks. It prints the seed, which replays the same decisions. Linux only.";

/// Builds and runs it.
///
/// # Errors
/// If it does not build, or finds something.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    Typed::cargo("run --release --package mini-executor-single-thread --example soak --")
        .and(arguments)
        .run()
}
