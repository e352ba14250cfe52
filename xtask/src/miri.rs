//! The tests under Miri, which interprets them: undefined behaviour of any kind, data races, leaks.
//!
//! Miri has its own small operating system, with epoll and pipes but without much of sockets, so
//! some tests cannot run in it. Each test is a process of its own: one that Miri cannot run is
//! counted as such, by what Miri says, and does not end the others.

use crate::ci::tests;
use crate::command::{Typed, target};
use crate::needs;
use crate::parts::{Outcome, Parts};
use crate::tree::{Package, Tree};
use std::collections::BTreeMap;

/// What is worth its time: the crates with `unsafe` or protocols of their own.
const PACKAGES: [&str; 4] =
    ["mini-reactor", "mini-executor-single-thread", "mini-executor-work-stealing", "mini-async"];

/// Seconds that one test may take.
const PATIENCE: &str = "100";

/// How Miri says that the test did something it does not know.
const UNKNOWN: &str = "unsupported operation: ";

pub(crate) const HELP: &str = "\
Runs the tests in Miri, each in a process of its own, and says which Miri cannot run.

Usage: cargo xtask miri [NAME …]

With names, only tests whose name contains one of them. Needs rustup with a nightly toolchain
(`XTASK_NIGHTLY` names another than `nightly`), and fetches its components miri and rust-src. The
exit code is 1 if a test fails in Miri or is undefined behaviour; a test that Miri cannot run, or
not in time, is no failure, but is counted and listed by reason.";

/// How a test ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Passed,
    Failed(String),
    CannotRun(String),
}

/// Runs the tests.
///
/// # Errors
/// If one fails, or if there is no Miri.
pub(crate) fn run(names: &[String]) -> Result<(), String> {
    let tree = Tree::read()?;
    let mut parts = Parts::default();
    for package in tree.packages.iter().filter(|one| PACKAGES.contains(&one.name.as_str())) {
        parts.run(&package.name, "nothing undefined, as far as Miri can run it", || {
            let components = ["miri", "rust-src"];
            for component in components {
                if let Err(reason) = needs::component(component, &needs::nightly()) {
                    return Outcome::NotRun(reason);
                }
            }
            in_package(package, names).into()
        });
    }
    parts.finish()
}

fn in_package(package: &Package, names: &[String]) -> Result<(), String> {
    let mut passed = 0;
    let mut failed = Vec::new();
    let mut cannot: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut suites = vec![vec!["--lib"]];
    suites.extend(tests(package, false).into_iter().map(|test| vec!["--test", test]));
    for suite in suites {
        let command = miri(package).and(&suite);
        for test in listed(&command.clone().words("-- --list").output()?) {
            if !names.is_empty() && !names.iter().any(|name| test.contains(name.as_str())) {
                continue;
            }
            match ending(&command.clone().words("-- --exact").and([&test]))? {
                End::Passed => passed += 1,
                End::Failed(said) => {
                    println!("{test}: FAILED\n{said}");
                    failed.push(test);
                }
                End::CannotRun(why) => cannot.entry(why).or_default().push(test),
            }
        }
    }
    for (why, tests) in &cannot {
        println!("cannot run ({why}): {}", tests.join(", "));
    }
    let beyond: usize = cannot.values().map(Vec::len).sum();
    println!("{passed} passed, {} failed, {beyond} beyond Miri", failed.len());
    if failed.is_empty() { Ok(()) } else { Err(failed.join(", ")) }
}

fn miri(package: &Package) -> Typed {
    Typed::new("timeout")
        .and([PATIENCE, "rustup", "run", &needs::nightly()])
        .words("cargo miri test --quiet --package")
        .and([&package.name])
        .with("MIRIFLAGS", "-Zmiri-disable-isolation") // clocks, and files of the system
        .with("CARGO_TARGET_DIR", target())
}

/// The tests that `--list` prints.
fn listed(printed: &str) -> Vec<String> {
    printed.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

fn ending(command: &Typed) -> Result<End, String> {
    let output = command.command().output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    Ok(judged(output.status.code(), &said))
}

fn judged(code: Option<i32>, said: &str) -> End {
    let unknown = said.lines().find_map(|line| line.split_once(UNKNOWN)).map(|(_, what)| what);
    match (code, unknown) {
        (Some(0), _) => End::Passed,
        (Some(124), _) => End::CannotRun(format!("not in {PATIENCE} s")),
        (_, Some(what)) => End::CannotRun(what.to_owned()),
        _ => End::Failed(said.to_owned()),
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn an_end_is_judged_by_what_miri_says() {
        assert_eq!(judged(Some(0), ""), End::Passed);
        assert!(matches!(judged(Some(124), ""), End::CannotRun(_)));
        let said = "test a ... error: unsupported operation: no such call\n --> a.rs";
        assert_eq!(judged(Some(1), said), End::CannotRun("no such call".into()));
        let said = "error: Undefined Behavior: a race";
        assert_eq!(judged(Some(1), said), End::Failed(said.to_owned()));
    }

    #[test]
    fn tests_are_listed() {
        assert_eq!(listed("a::b: test\nc: benchmark\n\n1 test, 1 benchmark\n"), ["a::b"]);
    }
}
