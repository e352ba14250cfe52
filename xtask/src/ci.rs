//! What CI checks, in CI's order.
//!
//! A step is a name, a reason and the commands a contributor could type. Every step runs, whatever
//! the ones before it said, so that one run tells everything; the summary names what failed. Builds
//! with other flags have target folders of their own, for cargo would else rebuild everything at
//! each change of flags.

use crate::command::Typed;
use crate::parts::{Parts, all};
use crate::tree::{Dependency, Package, Tree};
use std::collections::BTreeSet;
use std::env;

/// The crates whose tests also run on the core's other ways to poll.
const POLLED: [&str; 3] = ["mini-reactor", "mini-async", "mini-executor-single-thread"];

/// The crate whose example is explored, and the example. Its tests do the same with fewer seeds.
const SIMULATOR: &str = "mini-reactor-sim";
const EXPLORED: &str = "replicated_log";

/// The guide's example of a backend, a workspace of its own.
const GUIDE: &str = "docs/guide/poll-backend/Cargo.toml";

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
    commands: Vec<Typed>,
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
    let mut parts = Parts::default();
    for step in steps {
        if !parts.run(&step.name, step.why, || all(&step.commands)) && has("--fail-fast") {
            break;
        }
    }
    parts.finish()
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
    let step = |name: &str, why, commands| Step { name: name.to_owned(), why, commands };
    let one = |words: &str| vec![Typed::cargo(words)];
    let doc = Typed::cargo("doc --workspace --no-deps").with("RUSTDOCFLAGS", "-D warnings");
    let mut steps = vec![
        step("fmt", "the formatting is rustfmt's", one("fmt --all --check")),
        step("tidy", "the rules a compiler does not check", one("xtask tidy")),
        step(
            "clippy",
            "no warnings, in tests and examples too",
            one("clippy --workspace --all-targets -- -D warnings"),
        ),
        step("doc", "the documentation builds, its links resolve", vec![doc]),
        step("test", "every test, on the default reactor", one("test --workspace --no-fail-fast")),
        step(
            "guide",
            "a backend outside the workspace, made as CONTRIBUTING.md says, keeps the contract",
            vec![Typed::cargo("test --manifest-path").and([GUIDE]).apart("guide")],
        ),
    ];
    let models = models(&tree.packages);
    if !models.is_empty() {
        let why = "every interleaving of the lock-free parts, within a bound";
        steps.push(step("models", why, models));
    }
    if tree.packages.iter().any(|package| package.name == SIMULATOR) {
        let run =
            || Typed::cargo("run --release --package").and([SIMULATOR, "--example", EXPLORED]);
        let why = "the simulator's example over ten thousand seeds, and with its planted mistake";
        steps.push(step("explore", why, vec![run(), run().and(["--", "--mistake"])]));
    }
    for poller in POLLERS {
        let why = "the same tests on the portable way to poll, as other systems have it";
        let commands = polled(&tree.packages, poller);
        if !commands.is_empty() {
            steps.push(step(&format!("poller-{poller}"), why, commands));
        }
    }
    steps
}

/// The models of packages that have loom only under `--cfg loom`: their tests named `loom…`, or
/// else their unit tests named so.
///
/// Models that bring loom's types along under a path of their own need no flag; they are ordinary
/// tests and run with the others. That is the better way where dependencies know the flag too.
fn models(packages: &[Package]) -> Vec<Typed> {
    let mut commands = Vec::new();
    for package in packages {
        let under_flag = |one: &Dependency| one.name == "loom" && one.platform == "cfg(loom)";
        if !package.dependencies.iter().any(under_flag) {
            continue;
        }
        let mut command = Typed::cargo("test --release --package").and([&package.name]);
        let tests = tests(package, true);
        if tests.is_empty() {
            command = command.and(["--lib", "loom"]);
        }
        for test in tests {
            command = command.and(["--test", test]);
        }
        let bound = env::var(PREEMPTIONS_MAX.0).unwrap_or_else(|_| PREEMPTIONS_MAX.1.to_owned());
        let flagged = command.with("RUSTFLAGS", "--cfg loom").with(PREEMPTIONS_MAX.0, &bound);
        commands.push(flagged.apart("loom"));
    }
    commands
}

/// The integration tests of a package that are models, or those that are not.
pub(crate) fn tests(package: &Package, models: bool) -> Vec<&str> {
    package
        .targets
        .iter()
        .filter(|target| target.kind == "test" && target.name.starts_with("loom") == models)
        .map(|target| target.name.as_str())
        .collect()
}

/// The tests of the crates that poll. Without documentation tests, which show the interface, and
/// without models, which know no poller.
fn polled(packages: &[Package], poller: &str) -> Vec<Typed> {
    let mut command = Typed::cargo("test --no-fail-fast --lib");
    let polled: Vec<&Package> =
        packages.iter().filter(|package| POLLED.contains(&package.name.as_str())).collect();
    if polled.is_empty() {
        return Vec::new();
    }
    for package in &polled {
        command = command.and(["--package", &package.name]);
    }
    let tests: BTreeSet<&str> = polled.iter().flat_map(|package| tests(package, false)).collect();
    for test in tests {
        command = command.and(["--test", test]);
    }
    let flags = format!("--cfg mini_reactor_poller=\"{poller}\"");
    vec![command.with("RUSTFLAGS", &flags).apart(&format!("poller-{poller}"))]
}

fn print_step(step: &Step) {
    println!("# {}: {}", step.name, step.why);
    step.commands.iter().for_each(|command| println!("{}", command.typed()));
}

#[cfg(test)]
pub(crate) mod tests {
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
        let all =
            ["fmt", "tidy", "clippy", "doc", "test", "guide", "poller-edge", "poller-oneshot"];
        assert_eq!(names(&[]).unwrap(), all);
        assert_eq!(names(&["doc", "--fail-fast", "fmt"]).unwrap(), ["fmt", "doc"]);
        assert_eq!(names(&["--skip", "test", "--skip", "doc"]).unwrap().len(), all.len() - 2);
        assert!(names(&["docs"]).unwrap_err().starts_with("there is no step `docs`"));
        assert!(names(&["--skip"]).is_err());
        assert!(names(&["--verbose"]).is_err());
    }

    pub(crate) fn with_tests(tests: &[&str]) -> Tree {
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
    fn the_simulator_is_explored_where_there_is_one() {
        let tree = Tree::of(&[]).with_package(SIMULATOR, "backends/sim", &[]);
        let found = steps(&tree).into_iter().find(|step| step.name == "explore").unwrap();
        let typed: Vec<_> = found.commands.iter().map(|one| one.arguments.join(" ")).collect();
        let run = "run --release --package mini-reactor-sim --example replicated_log";
        assert_eq!(typed, [run.to_owned(), format!("{run} -- --mistake")]);
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
}
