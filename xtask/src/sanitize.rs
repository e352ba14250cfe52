//! The tests under a sanitizer: data races, bad accesses, leaks.
//!
//! A sanitizer sees what the compiler instrumented and nothing else, so the standard library is
//! built anew with it too; without that, ThreadSanitizer takes every `Mutex` for a race. Left out
//! are models (their own checker switches stacks below the sanitizer) and documentation tests
//! (they show the interface; what they do, tests do too).

use crate::ci::tests;
use crate::command::{Typed, target};
use crate::needs;
use crate::parts::{Outcome, Parts};
use crate::tree::{Package, Tree};
use std::fs;
use std::path::{Path, PathBuf};

/// One sanitizer.
#[derive(Debug)]
struct Sanitizer {
    command: &'static str,
    name: &'static str,
    finds: &'static str,
    /// The variable for its settings, and these.
    options: (&'static str, &'static str),
    /// Tests that it cannot run, by parts of their names.
    skipped: &'static [Exception],
    /// Functions of which a report is none.
    suppressed: &'static [Exception],
}

/// A part of a name, and why that is excepted.
pub(crate) type Exception = (&'static str, &'static str);

const SANITIZERS: [Sanitizer; 3] = [
    Sanitizer {
        command: "tsan",
        name: "thread",
        finds: "data races",
        // The tests of `fork` fork a process that has threads; the child then only makes a few
        // calls, which is what they are about.
        options: ("TSAN_OPTIONS", "die_after_fork=0"),
        skipped: &[NO_CALLS, DEEP],
        suppressed: &[
            ("crossbeam_deque*push", "what a steal reads meanwhile is thrown away, says the deque"),
            ("crossbeam_deque*steal", "the same, from the other side"),
        ],
    },
    Sanitizer {
        command: "asan",
        name: "address",
        finds: "use after free, use out of bounds",
        options: ("ASAN_OPTIONS", "detect_leaks=0"), // that is for `lsan`
        skipped: &[NO_CALLS],
        suppressed: &[],
    },
    Sanitizer {
        command: "lsan",
        name: "leak",
        finds: "leaks, of circles too",
        options: ("LSAN_OPTIONS", "print_suppressions=0"),
        skipped: &[NO_CALLS, FORKS, FORKS_RINGS],
        suppressed: &[
            ("::a_forgotten_", "the test forgets a handle, a future or an executor"),
            ("a_task_that_arrives_after_closing_is_leaked", "the promise is that it is leaked"),
            ("an_object_with_a_token_still_out_is_leaked", "the promise is that it is leaked"),
            ("an_operation_through_mut_waits_for_no_claim", "a duplicate with a token still out"),
            ("an_error_of_deregister_", "the test's backend keeps what it will not deregister"),
            (
                "a_panic_of_deregister_is_contained_",
                "the promise is that a claimed object is leaked",
            ),
            ("an_object_that_panics_when_it_is_deregistered_", "the same promise"),
            ("pointers::borrowed::", "a decorator that is a reference borrows for ever"),
            ("failures::", "the suite is run on mistakes, some of which leak"),
            ("::Again as core::ops::drop::Drop", "the second of two panics in a row is leaked"),
            ("a_payload_that_panics_when_it_is_dropped_", "the same, of a pool"),
            ("a_scope_waits_for_a_future_whose_handle_is_forgotten", "the test forgets it"),
            ("drops_what_is_in_the_queue_of_a_run_that_was_forgotten", "the test forgets it"),
            ("spawn::a_detached_and_a_forgotten_task_", "the test forgets it"),
            ("run::a_run_may_move_between_threads_", "the test's executor lives for ever"),
            ("run::try_tick_finds_what_a_task_", "the test's executor lives for ever"),
            ("watch::a_task_spawned_by_a_long_poll_", "the test's executor lives for ever"),
        ],
    },
];

/// Tests that forbid a thread every system call: neither a sanitizer, which makes some of its own,
/// nor qemu, which has no seccomp, can run them.
pub(crate) const NO_CALLS: Exception = ("costs_no_system_call", "the sanitizer makes some");

/// ThreadSanitizer keeps a stack of its own beside each thread's.
const DEEP: Exception = ("deep_recursion", "its own stack has room for 65,536 frames");

/// A test program that no sanitizer can start.
const OWN_ATFORK: Exception =
    ("faults_fork", "replaces pthread_atfork, which a sanitizer calls before anything else");

const FORKS: Exception =
    ("fork::", "a child has the memory of threads that it does not have, which looks leaked");

const FORKS_RINGS: Exception = ("a_child_has_rings_of_its_own_or_none", FORKS.1);

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
            let result = suppressions(sanitizer);
            result.and_then(|path| test(sanitizer, &arguments, &path).run()).into()
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
        for test in tests(package, false).into_iter().filter(|test| *test != OWN_ATFORK.0) {
            words.extend(["--test".to_owned(), test.to_owned()]);
        }
        words.push("--".to_owned());
        groups.push((package.name.clone(), words));
    }
    groups
}

/// Has the test programs leave out tests.
pub(crate) fn without(tests: &[Exception]) -> Vec<&'static str> {
    tests.iter().flat_map(|(name, _)| ["--skip", name]).collect()
}

fn test(sanitizer: &Sanitizer, arguments: &[String], suppressions: &Path) -> Typed {
    let (variable, settings) = sanitizer.options;
    let settings = match sanitizer.suppressed {
        [] => settings.to_owned(),
        _ => format!("{settings}:suppressions={}", suppressions.display()),
    };
    Typed::new("rustup run")
        .and([needs::nightly()])
        .words("cargo test -Zbuild-std --no-fail-fast --target")
        .and([TARGET])
        .and(arguments)
        .and(without(sanitizer.skipped))
        // Optimised a little, or some tests take longer than they have patience.
        .with("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
        // Frame pointers, for reports that show whole stacks.
        .with("RUSTFLAGS", format!("-Zsanitizer={} -Cforce-frame-pointers", sanitizer.name))
        .with(variable, settings)
        .apart(sanitizer.command)
}

/// Writes the functions of which a report is none, as the sanitizer reads them.
fn suppressions(sanitizer: &Sanitizer) -> Result<PathBuf, String> {
    let folder = target().join(sanitizer.command);
    let path = folder.join("suppressions.txt");
    let kind = if sanitizer.name == "thread" { "race" } else { sanitizer.name };
    let line = |(function, why): &Exception| format!("# {why}\n{kind}:*{function}*\n");
    let lines = sanitizer.suppressed.iter().map(line);
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&path, lines.collect::<String>()))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
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
        let command = test(named("tsan"), &["--lib".to_owned()], Path::new("a"));
        assert!(command.environment["RUSTFLAGS"].starts_with("-Zsanitizer=thread "));
        assert_eq!(command.environment["TSAN_OPTIONS"], "die_after_fork=0:suppressions=a");
        assert!(command.environment["CARGO_TARGET_DIR"].ends_with("tsan"));
        assert!(command.typed().contains("-Zbuild-std"));
        let command = test(named("lsan"), &["--lib".to_owned()], Path::new("a"));
        assert!(command.environment["LSAN_OPTIONS"].ends_with(":suppressions=a"));
    }
}
