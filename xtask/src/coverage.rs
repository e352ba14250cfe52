//! The lines of the core that no test reaches.
//!
//! Every test runs with counters in the code (`-Cinstrument-coverage`), on each way to poll, since
//! each compiles other files; a line is reached if any of those runs reached it. What is not
//! reached is either covered by a new test or explained in [`EXPLAINED`].

use crate::ci::tests;
use crate::command::{Typed, target};
use crate::json::Json;
use crate::needs;
use crate::rust::cfg::Class;
use crate::tree::{Tree, root};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The crate whose lines count.
const CORE: &str = "reactor/src/";

/// The packages whose tests count. Models do not: they play with the parts, not with the whole.
const TESTED: [&str; 4] =
    ["mini-reactor", "mini-async", "mini-executor-single-thread", "mini-hyper"];

/// Values of `mini_reactor_poller`; the empty one is the default.
const POLLERS: [&str; 3] = ["", "edge", "oneshot"];

/// Lines that no test reaches, by their text, with the reason. An entry of which every line is
/// reached, or which is no line of the file, is an error: the list only shrinks.
const EXPLAINED: &[Explained] = &[
    ("reactor/src/ids.rs", "}", "the numbers wrap after 2^64 sources"),
    (
        "reactor/src/source.rs",
        "None => io::Error::new(io::ErrorKind::NotConnected, \"the registration was dropped\"),",
        "who could ask borrows the registration; kept so that a mistake there is an error",
    ),
    (
        "reactor/src/system.rs",
        "let _leaked = std::mem::ManuallyDrop::new(self.poller.take());",
        "runs in the child of a fork, which ends by `_exit` and writes no counters",
    ),
    ("reactor/src/undriven.rs", "}", "the end of `if cfg!(debug_assertions)`: optimised builds"),
];

/// Lines that are reached if two threads meet between two instructions, so in some runs and not in
/// others. The models (`reactor/tests/loom_core`) make them meet.
const BY_CHANCE: &[Explained] = &[
    ("reactor/src/driving.rs", "}", "the role became free between two looks at it"),
    ("reactor/src/driving.rs", "Err(current) => word = current,", "another change came first"),
    ("reactor/src/word.rs", "Err(current) => word = current,", "another change came first"),
];

/// A file, the text of a line, and why no test reaches it.
type Explained = (&'static str, &'static str, &'static str);

pub(crate) const HELP: &str = "\
Lists the lines of the core that no test reaches, and what explains them.

Usage: cargo xtask coverage

Runs the tests of the libraries three times, once for each way to poll, with counters in the code.
Fetches rustup's component llvm-tools. The exit code is 1 if a line is neither reached nor explained
in xtask/src/coverage.rs, or if an explanation there is no longer needed.";

/// How often each line was reached, by file.
type Counts = BTreeMap<String, BTreeMap<usize, u64>>;

/// Measures and lists.
///
/// # Errors
/// If a test fails, a tool is missing, or lines are left that nothing explains.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    if let Some(unknown) = arguments.first() {
        return Err(format!("coverage knows no `{unknown}`\n\n{HELP}"));
    }
    needs::component("llvm-tools", "")?;
    let tree = Tree::read()?;
    let mut counts = Counts::new();
    for poller in POLLERS {
        add(&mut counts, &measured(&tree, poller)?);
    }
    report(&tree, &counts, EXPLAINED)
}

/// Runs the tests with one poller; what they reached, as `llvm-cov` exports it.
fn measured(tree: &Tree, poller: &str) -> Result<String, String> {
    let folder = target().join("coverage").join(poller);
    let profiles = folder.join("profiles");
    let _ = fs::remove_dir_all(&profiles); // absent the first time
    let flag = match poller {
        "" => String::new(),
        poller => format!(" --cfg mini_reactor_poller=\"{poller}\""),
    };
    let mut test = Typed::cargo("test --lib --no-fail-fast");
    for package in tree.packages.iter().filter(|one| TESTED.contains(&one.name.as_str())) {
        test = test.and(["--package", &package.name]);
        for name in tests(package, false) {
            test = test.and(["--test", name]);
        }
    }
    let test = test
        .with("CARGO_TARGET_DIR", &folder)
        .with("RUSTFLAGS", format!("-Cinstrument-coverage{flag}"))
        .with("LLVM_PROFILE_FILE", profiles.join("%p-%m.profraw"));
    test.run()?;
    let built = test.words("--no-run --message-format=json").output()?;
    let merged = folder.join("merged.profdata");
    tool("llvm-profdata")?
        .words("merge --sparse --failure-mode=all --output")
        .and([merged.to_string_lossy()])
        .and(files(&profiles)?.iter().map(|path| path.to_string_lossy()))
        .output()?;
    tool("llvm-cov")?
        .words("export --format=lcov --instr-profile")
        .and([merged.to_string_lossy()])
        .and(executables(&built)?.iter().flat_map(|object| ["--object", object]))
        .output()
}

/// A tool of the compiler's own LLVM.
fn tool(name: &str) -> Result<Typed, String> {
    let folder = Typed::new("rustc --print target-libdir").output()?;
    let path = Path::new(folder.trim()).with_file_name("bin").join(name);
    match path.exists() {
        true => Ok(Typed::at(&path)),
        false => Err(format!("needs {}", path.display())),
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(entries.flatten().map(|entry| entry.path()).collect())
}

/// The test programs that cargo says it built.
fn executables(messages: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for line in messages.lines().filter(|line| line.starts_with('{')) {
        found.extend(Json::parse(line)?.get("executable").text().map(str::to_owned));
    }
    Ok(found)
}

/// Adds the lines of an lcov report: `SF:` opens a file, `DA:` is a line and its count.
fn add(counts: &mut Counts, lcov: &str) {
    let base = root();
    let mut file = None;
    for line in lcov.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            let path = Path::new(path).strip_prefix(&base).unwrap_or(Path::new(path));
            file = Some(path.to_string_lossy().replace('\\', "/"));
        }
        let Some((number, count)) = line.strip_prefix("DA:").and_then(|da| da.split_once(','))
        else {
            continue;
        };
        if let (Some(file), Ok(number), Ok(count)) = (&file, number.parse(), count.parse::<u64>()) {
            let sum = counts.entry(file.clone()).or_default().entry(number).or_default();
            *sum = sum.saturating_add(count); // threads that count at once may make any number
        }
    }
}

fn report(tree: &Tree, counts: &Counts, known: &[Explained]) -> Result<(), String> {
    let (mut lines, mut reached, mut explained, mut bare) = (0, 0, 0, 0);
    let mut used = BTreeSet::new();
    for (path, source) in tree.sources.iter().filter(|(path, _)| path.starts_with(CORE)) {
        let Some(counts) = counts.get(path) else { continue };
        let classes = source.classified_lines(Class::Product);
        let is_test = |number: &usize| classes.get(number) == Some(&Class::Test);
        for (number, count) in counts.iter().filter(|(number, _)| !is_test(number)) {
            lines += 1;
            if *count > 0 {
                reached += 1;
                continue;
            }
            let text = source.text.lines().nth(number - 1).unwrap_or_default().trim();
            let mut all = known.iter().chain(BY_CHANCE);
            match all.find(|(file, part, _)| path == file && text == *part) {
                Some(entry) => {
                    explained += 1;
                    used.insert(entry);
                    println!("{path}:{number}: {text}\n    {}", entry.2);
                }
                None => {
                    bare += 1;
                    println!("{path}:{number}: {text}\n    NOT EXPLAINED");
                }
            }
        }
    }
    println!("{lines} lines of the core, {reached} reached, {explained} explained, {bare} neither");
    let stale = |entry: &&Explained| !used.contains(entry);
    if let Some((path, text, _)) = known.iter().find(stale) {
        return Err(format!("{path}: `{text}` is explained, but is reached or not there"));
    }
    if bare == 0 { Ok(()) } else { Err(format!("{bare} lines are neither reached nor explained")) }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_line_is_reached_if_any_run_reached_it() {
        let file = root().join("reactor/src/a.rs");
        let lcov = |first: u64, second: u64| {
            format!("SF:{}\nFN:1,f\nDA:1,{first}\nDA:2,{second}\n", file.display())
        };
        let mut counts = Counts::new();
        add(&mut counts, &lcov(0, 0));
        add(&mut counts, &lcov(3, 0));
        assert_eq!(counts["reactor/src/a.rs"], BTreeMap::from([(1, 3), (2, 0)]));
        let code = "//! A\nfn f() {}\n#[cfg(test)]\nfn g() {}\n";
        let tree = Tree::of(&[("reactor/src/a.rs", code)]);
        assert_eq!(
            report(&tree, &counts, &[]),
            Err("1 lines are neither reached nor explained".to_owned())
        );
        let known = [("reactor/src/a.rs", "fn f() {}", "a reason")];
        assert_eq!(report(&tree, &counts, &known), Ok(()));
        let reached = Counts::from([("reactor/src/a.rs".to_owned(), [(2, 1), (4, 0)].into())]);
        assert_eq!(report(&tree, &reached, &[]), Ok(()));
        let stale = "reactor/src/a.rs: `fn f() {}` is explained, but is reached or not there";
        assert_eq!(report(&tree, &reached, &known), Err(stale.to_owned()));
    }

    #[test]
    fn programs_are_named_by_cargo() {
        let messages = "{\"reason\":\"a\",\"executable\":\"/a/b\"}\n{\"executable\":null}\nnoise\n";
        assert_eq!(executables(messages).unwrap(), ["/a/b"]);
    }
}
