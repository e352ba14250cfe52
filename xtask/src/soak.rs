//! The soaks: programs among the examples of the executors, built as users build theirs.

use crate::command::Typed;

pub(crate) const HELP: &str = "\
Does everything at random for some minutes, then checks that nothing has leaked.

Usage: cargo xtask soak [--of EXECUTOR] [--minutes N] [--seed S] [--threads T]

Builds and runs an example in release mode: `soak` of single-thread, which is the default, or
`storm` of work-stealing or fork-join; its own head says what it does and what it checks. It prints
the seed, which replays the same decisions. Linux only.";

/// The executors, each with its example.
const EXAMPLES: [(&str, &str); 3] =
    [("single-thread", "soak"), ("work-stealing", "storm"), ("fork-join", "storm")];

/// Builds and runs one.
///
/// # Errors
/// If there is no such executor, if it does not build, or finds something.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    command(arguments)?.run()
}

fn command(arguments: &[String]) -> Result<Typed, String> {
    let mut rest = arguments.to_vec();
    let mut of = EXAMPLES[0].0.to_owned();
    if let Some(at) = rest.iter().position(|argument| argument == "--of") {
        of = rest.get(at + 1).cloned().unwrap_or_default();
        rest.drain(at..rest.len().min(at + 2));
    }
    let found = EXAMPLES.iter().find(|(executor, _)| *executor == of);
    let (executor, example) = found.ok_or_else(|| format!("no soak of `{of}`\n\n{HELP}"))?;
    let package = format!("mini-executor-{executor}");
    let run = Typed::cargo("run --release --package").and([&package, "--example", example, "--"]);
    Ok(run.and(rest))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn an_executor_is_chosen_and_the_rest_is_passed_on() {
        let typed = |words: &str| {
            let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
            command(&words).map(|command| command.arguments.join(" "))
        };
        let run = |example: &str| format!("run --release --package mini-executor-{example} --");
        let single = run("single-thread --example soak");
        assert_eq!(typed("--minutes 2"), Ok(format!("{single} --minutes 2")));
        let storm = run("work-stealing --example storm");
        assert_eq!(typed("--seed 1 --of work-stealing"), Ok(format!("{storm} --seed 1")));
        assert!(typed("--of").is_err() && typed("--of nothing").is_err());
    }
}
