//! The tests under a sanitizer: data races, bad accesses, leaks.
//!
//! A sanitizer sees what the compiler instrumented and nothing else, so the standard library is
//! built anew with it too; without that, ThreadSanitizer takes every `Mutex` for a race. Left out
//! are models (their own checker switches stacks below the sanitizer) and documentation tests
//! (they show the interface; what they do, tests do too).

use crate::ci::tests;
use crate::command::Typed;
use crate::needs;
use crate::parts::{Outcome, Parts};
use crate::tree::{Package, Tree};

/// One sanitizer.
#[derive(Debug)]
struct Sanitizer {
    command: &'static str,
    name: &'static str,
    finds: &'static str,
    /// What it is told through its environment, each setting for a reason.
    options: &'static [(&'static str, &'static str)],
}

const SANITIZERS: [Sanitizer; 3] = [
    Sanitizer {
        command: "tsan",
        name: "thread",
        finds: "data races",
        // The tests of `fork` fork a process that has threads; the child then only makes a few
        // calls, which is what they are about.
        options: &[("TSAN_OPTIONS", "die_after_fork=0")],
    },
    Sanitizer {
        command: "asan",
        name: "address",
        finds: "use after free, out of bounds, leaks",
        options: &[],
    },
    Sanitizer { command: "lsan", name: "leak", finds: "leaks", options: &[] },
];

/// Tests that forbid a thread every system call, by their names: neither a sanitizer, which makes
/// some of its own, nor qemu, which has no seccomp, can run them.
pub(crate) const WITHOUT_SECCOMP: &[&str] = &["costs_no_system_call"];

/// The only one on which all three are, and on which the tests run.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Packages whose tests are not ours to check so: programs that measure or check other code.
const LEFT_OUT: [&str; 2] = ["compare", "xtask"];

pub(crate) fn help(command: &str) -> String {
    let sanitizer = named(command);
    format!(
        "Runs the tests under a sanitizer that finds {}.\n\n\
         Usage: cargo xtask {command} [ARGUMENT OF CARGO TEST …]\n\n\
         Without an argument, the tests of all libraries: `--lib` and `--test` of each. Needs\n\
         rustup with a nightly toolchain (`XTASK_NIGHTLY` names another than `nightly`), and\n\
         fetches its component rust-src, for the standard library is instrumented too.",
        sanitizer.finds
    )
}

/// Runs the tests under the sanitizer that `command` names.
///
/// # Errors
/// If a test fails or the sanitizer reports something, if it cannot run here.
pub(crate) fn run(command: &str, arguments: &[String]) -> Result<(), String> {
    let sanitizer = named(command);
    let tree = Tree::read()?;
    let mut parts = Parts::default();
    for (name, arguments) in groups(&tree.packages, arguments) {
        parts.run(&name, sanitizer.finds, || {
            if let Err(reason) = needs::component("rust-src", &needs::nightly()) {
                return Outcome::NotRun(reason);
            }
            test(sanitizer, &arguments).run().into()
        });
    }
    parts.finish()
}

fn named(command: &str) -> &'static Sanitizer {
    let found = SANITIZERS.iter().find(|sanitizer| sanitizer.command == command);
    found.expect("the table of commands names only these")
}

/// What to test: the arguments as one group, or else each library's tests.
fn groups(packages: &[Package], arguments: &[String]) -> Vec<(String, Vec<String>)> {
    if !arguments.is_empty() {
        let mut words = arguments.to_vec();
        if !words.iter().any(|word| word == "--") {
            words.push("--".to_owned());
        }
        return vec![("tests".to_owned(), words)];
    }
    let mut groups = Vec::new();
    for package in packages {
        if LEFT_OUT.contains(&package.name.as_str()) {
            continue;
        }
        let mut words = vec!["--package".to_owned(), package.name.clone(), "--lib".to_owned()];
        for test in tests(package, false) {
            words.extend(["--test".to_owned(), test.to_owned()]);
        }
        words.push("--".to_owned());
        groups.push((package.name.clone(), words));
    }
    groups
}

/// Has the test programs leave out tests, by parts of their names.
pub(crate) fn without(names: &[&str]) -> Vec<String> {
    names.iter().flat_map(|name| ["--skip".to_owned(), (*name).to_owned()]).collect()
}

fn test(sanitizer: &Sanitizer, arguments: &[String]) -> Typed {
    let mut command = Typed::new("rustup run")
        .and([needs::nightly()])
        .words("cargo test -Zbuild-std --no-fail-fast --target")
        .and([TARGET])
        .and(arguments)
        .and(without(WITHOUT_SECCOMP))
        .with("RUSTFLAGS", format!("-Zsanitizer={}", sanitizer.name))
        .apart(sanitizer.command);
    for (name, value) in sanitizer.options {
        command = command.with(name, value);
    }
    command
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn every_library_is_tested_without_its_models() {
        let tree = tests::with_tests(&["loom_word", "echo"]).with_package("xtask", "xtask", &[]);
        let [(name, words)] = &groups(&tree.packages, &[])[..] else { panic!("one group") };
        assert_eq!(name, "mini-reactor");
        assert_eq!(words.join(" "), "--package mini-reactor --lib --test echo --");
        let asked = groups(&tree.packages, &["--lib".to_owned()]);
        assert_eq!(asked, [("tests".to_owned(), vec!["--lib".to_owned(), "--".to_owned()])]);
    }

    #[test]
    fn a_sanitizer_has_its_own_folder_and_instruments_the_standard_library() {
        let command = test(named("tsan"), &["--lib".to_owned()]);
        assert_eq!(command.environment["RUSTFLAGS"], "-Zsanitizer=thread");
        assert!(command.environment["CARGO_TARGET_DIR"].ends_with("tsan"));
        assert!(command.typed().contains("-Zbuild-std"));
    }
}
