//! What CI checks, in CI's order.
//!
//! A step is a name, a reason and the commands a contributor could type. Every step runs, whatever
//! the ones before it said, so that one run tells everything; the summary names what failed. Builds
//! with other flags have target folders of their own, for cargo would else rebuild everything at
//! each change of flags.

use crate::tidy;
use crate::tree::{Dependency, Package, Tree, cargo, root};
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// The crates whose tests also run on the core's other ways to poll.
const POLLED: [&str; 3] = ["mini-reactor", "mini-async", "mini-executor-single-thread"];

/// Values of `mini_reactor_poller`.
const POLLERS: [&str; 2] = ["edge", "oneshot"];

/// How many times a model may switch threads where it need not. Two find nearly all there is to
/// find, three are affordable for small models; a thorough run sets the variable itself.
const PREEMPTIONS_MAX: (&str, &str) = ("LOOM_MAX_PREEMPTIONS", "3");

/// Something CI checks.
#[derive(Debug)]
struct Step {
    name: String,
    why: &'static str,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Tidy,
    Commands(Vec<Cargo>),
}

/// A cargo command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Cargo {
    arguments: Vec<String>,
    environment: BTreeMap<&'static str, String>,
}

pub(crate) fn help() -> String {
    let mut help = String::from(
        "Checks everything CI checks, in CI's order.\n\n\
         Usage: cargo xtask ci [STEP …] [--skip STEP …] [--fail-fast] [--list]\n\n\
         Without a name, every step. `--list` prints the commands instead of running them.\n\n\
         Steps:\n",
    );
    match Tree::read() {
        Ok(tree) => {
            for step in steps(&tree) {
                help.push_str(&format!("  {:<16}{}\n", step.name, step.why));
            }
        }
        Err(error) => help.push_str(&format!("  (the repository cannot be read: {error})\n")),
    }
    help.trim_end().to_owned()
}

/// Runs the steps.
///
/// # Errors
/// If one fails, if a name is no step's, or if the repository cannot be read.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let steps = chosen(steps(&Tree::read()?), arguments)?;
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if has("--list") {
        steps.iter().for_each(print_step);
        return Ok(());
    }
    let mut results: Vec<(String, Duration, Result<(), String>)> = Vec::new();
    for step in steps {
        println!("\n== {}: {}", step.name, step.why);
        let begun = Instant::now();
        let result = perform(&step.work);
        let failed = result.is_err();
        results.push((step.name, begun.elapsed(), result));
        if failed && has("--fail-fast") {
            break;
        }
    }
    summarise(&results)
}

fn summarise(results: &[(String, Duration, Result<(), String>)]) -> Result<(), String> {
    println!("\n== summary");
    for (name, time, result) in results {
        let verdict = match result {
            Ok(()) => "ok".to_owned(),
            Err(error) => format!("FAILED: {error}"),
        };
        println!("{name:<16}{:>7.1} s  {verdict}", time.as_secs_f64());
    }
    let failed = results.iter().filter(|(_, _, result)| result.is_err()).count();
    println!("steps: {} passed, {failed} failed", results.len() - failed);
    if failed == 0 { Ok(()) } else { Err(format!("failed steps: {failed}")) }
}

/// The steps that the arguments ask for.
fn chosen(steps: Vec<Step>, arguments: &[String]) -> Result<Vec<Step>, String> {
    let (mut wanted, mut skipped) = (Vec::new(), Vec::new());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--list" | "--fail-fast" => {}
            "--skip" => skipped.push(rest.next().ok_or("--skip needs the name of a step")?),
            flag if flag.starts_with('-') => {
                return Err(format!("ci knows no `{flag}`\n\n{}", help()));
            }
            _ => wanted.push(argument),
        }
    }
    let is_step = |name: &String| steps.iter().any(|step| step.name == *name);
    if let Some(unknown) = wanted.iter().chain(&skipped).find(|name| !is_step(name)) {
        return Err(format!("there is no step `{unknown}`\n\n{}", help()));
    }
    let keep = |step: &Step| {
        let is = |name: &&&String| **name == &step.name;
        (wanted.is_empty() || wanted.iter().any(|name| is(&name)))
            && !skipped.iter().any(|name| is(&name))
    };
    Ok(steps.into_iter().filter(keep).collect())
}

fn steps(tree: &Tree) -> Vec<Step> {
    let step = |name: &str, why, work| Step { name: name.to_owned(), why, work };
    let one = |command| Work::Commands(vec![command]);
    let mut steps = vec![
        step("fmt", "the formatting is rustfmt's", one(Cargo::new("fmt --all --check"))),
        step("tidy", "the rules of `cargo xtask tidy`", Work::Tidy),
        step(
            "clippy",
            "no warnings, in tests and examples too",
            one(Cargo::new("clippy --workspace --all-targets -- -D warnings")),
        ),
        step(
            "doc",
            "the documentation builds, its links resolve",
            one(Cargo::new("doc --workspace --no-deps").with("RUSTDOCFLAGS", "-D warnings")),
        ),
        step(
            "test",
            "every test, on the default reactor",
            one(Cargo::new("test --workspace --no-fail-fast")),
        ),
    ];
    let models = models(&tree.packages);
    if !models.is_empty() {
        let why = "every interleaving of the lock-free parts, within a bound";
        steps.push(step("models", why, Work::Commands(models)));
    }
    for poller in POLLERS {
        let why = "the same tests on the portable way to poll, as other systems have it";
        let commands = polled(&tree.packages, poller);
        if !commands.is_empty() {
            steps.push(step(&format!("poller-{poller}"), why, Work::Commands(commands)));
        }
    }
    steps
}

/// The models of packages that have loom only under `--cfg loom`: their tests named `loom…`, or
/// else their unit tests named so.
///
/// Models that bring loom's types along under a path of their own need no flag; they are ordinary
/// tests and run with the others. That is the better way where dependencies know the flag too.
fn models(packages: &[Package]) -> Vec<Cargo> {
    let mut commands = Vec::new();
    for package in packages {
        let under_flag = |one: &Dependency| one.name == "loom" && one.platform == "cfg(loom)";
        if !package.dependencies.iter().any(under_flag) {
            continue;
        }
        let mut command = Cargo::new("test --release --package").and(&[&package.name]);
        let tests = tests(package, true);
        if tests.is_empty() {
            command = command.and(&["--lib", "loom"]);
        }
        for test in tests {
            command = command.and(&["--test", test]);
        }
        let bound = env::var(PREEMPTIONS_MAX.0).unwrap_or_else(|_| PREEMPTIONS_MAX.1.to_owned());
        let flagged = command.with("RUSTFLAGS", "--cfg loom").with(PREEMPTIONS_MAX.0, &bound);
        commands.push(flagged.apart("loom"));
    }
    commands
}

/// The integration tests of a package that are models, or those that are not.
fn tests(package: &Package, models: bool) -> Vec<&str> {
    package
        .targets
        .iter()
        .filter(|target| target.kind == "test" && target.name.starts_with("loom") == models)
        .map(|target| target.name.as_str())
        .collect()
}

/// The tests of the crates that poll. Without documentation tests, which show the interface, and
/// without models, which know no poller.
fn polled(packages: &[Package], poller: &str) -> Vec<Cargo> {
    let mut command = Cargo::new("test --no-fail-fast --lib");
    let polled: Vec<&Package> =
        packages.iter().filter(|package| POLLED.contains(&package.name.as_str())).collect();
    if polled.is_empty() {
        return Vec::new();
    }
    for package in &polled {
        command = command.and(&["--package", &package.name]);
    }
    let tests: BTreeSet<&str> = polled.iter().flat_map(|package| tests(package, false)).collect();
    for test in tests {
        command = command.and(&["--test", test]);
    }
    let flags = format!("--cfg mini_reactor_poller=\"{poller}\"");
    vec![command.with("RUSTFLAGS", &flags).apart(&format!("poller-{poller}"))]
}

impl Cargo {
    /// A command from its words.
    fn new(words: &str) -> Cargo {
        Cargo {
            arguments: words.split_whitespace().map(str::to_owned).collect(),
            environment: BTreeMap::new(),
        }
    }

    fn and(mut self, arguments: &[&str]) -> Cargo {
        self.arguments.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    fn with(mut self, name: &'static str, value: &str) -> Cargo {
        self.environment.insert(name, value.to_owned());
        self
    }

    /// In a target folder of its own, inside the usual one.
    fn apart(self, folder: &str) -> Cargo {
        let usual =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
        self.with("CARGO_TARGET_DIR", &usual.join(folder).to_string_lossy())
    }

    /// As it would be typed.
    fn typed(&self) -> String {
        let mut typed: Vec<String> =
            self.environment.iter().map(|(name, value)| format!("{name}='{value}'")).collect();
        typed.push("cargo".to_owned());
        typed.extend(self.arguments.iter().cloned());
        typed.join(" ")
    }

    fn run(&self) -> Result<(), String> {
        let status = Command::new(cargo())
            .args(&self.arguments)
            .envs(&self.environment)
            .current_dir(root())
            .status()
            .map_err(|error| format!("{}: {error}", self.typed()))?;
        if status.success() { Ok(()) } else { Err(self.typed()) }
    }
}

fn print_step(step: &Step) {
    println!("# {}: {}", step.name, step.why);
    match &step.work {
        Work::Tidy => println!("cargo xtask tidy"),
        Work::Commands(commands) => {
            commands.iter().for_each(|command| println!("{}", command.typed()))
        }
    }
}

fn perform(work: &Work) -> Result<(), String> {
    match work {
        Work::Tidy => tidy::run(&[]),
        Work::Commands(commands) => {
            let mut failed = Vec::new();
            for command in commands {
                println!("$ {}", command.typed());
                failed.extend(command.run().err());
            }
            if failed.is_empty() { Ok(()) } else { Err(failed.join("; ")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Target;

    fn names(arguments: &[&str]) -> Result<Vec<String>, String> {
        let arguments: Vec<String> =
            arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let steps =
            chosen(steps(&Tree::of(&[]).with_package("mini-reactor", "reactor", &[])), &arguments)?;
        Ok(steps.into_iter().map(|step| step.name).collect())
    }

    #[test]
    fn steps_are_chosen() {
        let all = ["fmt", "tidy", "clippy", "doc", "test", "poller-edge", "poller-oneshot"];
        assert_eq!(names(&[]).unwrap(), all);
        assert_eq!(names(&["doc", "--fail-fast", "fmt"]).unwrap(), ["fmt", "doc"]);
        assert_eq!(names(&["--skip", "test", "--skip", "doc"]).unwrap().len(), all.len() - 2);
        assert!(names(&["docs"]).unwrap_err().starts_with("there is no step `docs`"));
        assert!(names(&["--skip"]).is_err());
        assert!(names(&["--verbose"]).is_err());
    }

    fn with_tests(tests: &[&str]) -> Tree {
        let mut tree = Tree::of(&[]).with_package(POLLED[0], "reactor", &[]);
        tree.packages[0].targets.extend(tests.iter().map(|name| Target {
            kind: "test".into(),
            name: (*name).to_owned(),
            root: String::new(),
        }));
        tree
    }

    #[test]
    fn models_behind_a_flag_are_discovered() {
        let mut tree = with_tests(&["loom_word", "echo", "loom_inbox"]);
        assert_eq!(models(&tree.packages), []);
        let loom = |kind: &str, platform: &str| Dependency {
            name: "loom".into(),
            kind: kind.into(),
            platform: platform.into(),
        };
        tree.packages[0].dependencies.push(loom("dev", "cfg(loom)"));
        let found = models(&tree.packages);
        assert_eq!(
            found[0].arguments.join(" "),
            "test --release --package mini-reactor --test loom_word --test loom_inbox"
        );
        assert_eq!(found[0].environment["RUSTFLAGS"], "--cfg loom");
        tree.packages[0].targets.clear();
        let found = models(&tree.packages);
        assert_eq!(
            found[0].arguments.join(" "),
            "test --release --package mini-reactor --lib loom"
        );
    }

    #[test]
    fn pollers_run_all_tests_but_models() {
        let tree = with_tests(&["loom_word", "echo"]);
        let found = polled(&tree.packages, "edge");
        assert_eq!(
            found[0].arguments.join(" "),
            "test --no-fail-fast --lib --package mini-reactor --test echo"
        );
        assert_eq!(found[0].environment["RUSTFLAGS"], "--cfg mini_reactor_poller=\"edge\"");
        assert_eq!(polled(&[], "edge"), []);
    }

    #[test]
    fn commands_can_be_typed() {
        let command = Cargo::new("test --tests")
            .and(&["--package", "a b"])
            .with("RUSTFLAGS", "--cfg x=\"y\"");
        assert_eq!(command.typed(), "RUSTFLAGS='--cfg x=\"y\"' cargo test --tests --package a b");
    }

    #[test]
    fn a_failed_step_fails_the_run() {
        let results = [
            ("a".to_owned(), Duration::ZERO, Ok(())),
            ("b".to_owned(), Duration::ZERO, Err("x".to_owned())),
        ];
        assert_eq!(summarise(&results), Err("failed steps: 1".to_owned()));
        assert_eq!(summarise(&results[..1]), Ok(()));
    }
}
