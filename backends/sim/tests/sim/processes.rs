//! Across processes: the same trace byte for byte, and a replay line that replays.

use std::env;
use std::process::{Command, Output};

use mini_reactor_sim::{Settings, Sim, VARIABLE, explore};

use crate::exploring::reads_once;

/// Set for the tests below that are programs of others.
const CHILD: &str = "MINI_REACTOR_SIM_TEST_CHILD";

fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

/// Runs one of the tests of this file in a process of its own.
fn child(test: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(CHILD, "1").env_remove(VARIABLE);
    command.env_remove("RUST_BACKTRACE");
    command
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Prints the traces of a few runs.
#[test]
fn traces() {
    if !is_child() {
        return;
    }
    for seed in 0..4 {
        let sim = Sim::new(Settings::new().seed(seed));
        let run = std::panic::AssertUnwindSafe(|| sim.block_on(reads_once(sim.clone())));
        let _ = std::panic::catch_unwind(run);
        println!("{}sum {:x}", sim.trace(), sim.trace().sum());
    }
}

/// Fails.
#[test]
fn failing() {
    if is_child() {
        explore(0..100, reads_once);
    }
}

#[test]
fn the_same_seed_gives_the_same_trace_byte_for_byte_in_any_process() {
    let traces = || {
        let output = child("processes::traces").output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with("test"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let first = traces();
    assert!(first.len() > 200, "{first:?}");
    assert_eq!(first, traces());
    // This process has had other simulations, other threads, and other addresses.
    let own = Sim::new(Settings::new().seed(3));
    let run = std::panic::AssertUnwindSafe(|| own.block_on(reads_once(own.clone())));
    let _ = std::panic::catch_unwind(run);
    assert!(first.contains(&format!("sum {:x}", own.trace().sum())));
}

#[test]
#[cfg(unix)]
fn the_line_that_a_failure_ends_with_replays_it() {
    let report = |output: &Output| {
        assert!(!output.status.success());
        let text = text(output);
        let at = text.find("seed ").unwrap_or_else(|| panic!("no report in: {text}"));
        text[at..].lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let found = child("processes::failing").env_remove("CARGO_PKG_NAME").output().unwrap();
    let found = report(&found);
    let replay = found.iter().find_map(|line| line.strip_prefix("replay: ")).unwrap();
    assert!(replay.starts_with(&format!("{VARIABLE}='seed=")), "{replay}");

    let mut shell = Command::new("sh");
    shell.args(["-c", replay]).env(CHILD, "1").env_remove("RUST_BACKTRACE");
    let again = shell.output().unwrap();
    let said = text(&again);
    assert!(said.contains("replaying seed="), "{said}");
    assert!(said.contains("0.000000000 task `main` is polled"), "the whole trace: {said}");
    let again = text_after(&said, "panicked at");
    let again = again[again.find("seed ").unwrap()..].lines().collect::<Vec<_>>();
    // The same report, but for the line that says how it was found.
    let found = found.iter().filter(|line| !line.starts_with("  the first of "));
    let found: Vec<_> = found.take_while(|line| !line.starts_with("replay: ")).collect();
    assert!(found.len() > 10);
    let again: Vec<_> =
        again.into_iter().take_while(|line| !line.starts_with("replay: ")).collect();
    assert_eq!(again, found);
}

#[cfg(unix)]
fn text_after<'a>(text: &'a str, what: &str) -> &'a str {
    let at = text.rfind(what).unwrap_or_else(|| panic!("no `{what}` in: {text}"));
    &text[at..]
}

#[test]
fn under_cargo_the_line_names_the_test() {
    let found = child("processes::failing").env("CARGO_PKG_NAME", "my-crate").output().unwrap();
    let expected = "' cargo test -p my-crate -- --exact processes::failing";
    assert!(text(&found).lines().any(|line| line.ends_with(expected)), "{}", text(&found));
}

#[test]
fn a_run_that_does_not_fail_any_more_is_told_so() {
    let mut command = child("processes::failing");
    let output = command.env(VARIABLE, "seed=1 only=none").output().unwrap();
    assert!(output.status.success());
    assert!(text(&output).contains("the run does not fail"), "{}", text(&output));
}

#[test]
fn a_variable_that_holds_no_line_is_an_error() {
    let output = child("processes::failing").env(VARIABLE, "sed=1").output().unwrap();
    assert!(!output.status.success());
    let expected = "the variable MINI_REACTOR_SIM holds no replay line: there is no setting `sed`";
    assert!(text(&output).contains(expected), "{}", text(&output));
}
