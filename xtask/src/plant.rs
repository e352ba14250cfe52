//! Planted faults: each mistake that a protocol must not survive makes a named test fail.
//!
//! A test that passes says little until it has been seen to fail. The table in `plant/faults.txt`
//! has mistakes that somebody could make (leave out the re-check, wake under the lock, compare
//! before the lock), each with the test that is there to catch it. They are planted one by one, in
//! a copy of the repository; a fault that no test catches, or that cannot be planted any more
//! because the code has changed, fails the command.

use crate::command::{Typed, target};
use crate::parts::{Outcome, Parts};
use crate::tree::Tree;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const TABLE: &str = include_str!("plant/faults.txt");

/// Seconds for a test with a fault in it. One that hangs is caught.
const PATIENCE: u32 = 120;

pub(crate) const HELP: &str = "\
Plants faults, one by one, in a copy of the repository, and has the tests catch them.

Usage: cargo xtask plant [NAME …] [--list]

With names, only faults whose name contains one of them. The table is xtask/src/plant/faults.txt;
its head says how to write an entry. A fault is caught if the test named beside it passes without
the fault, and with it compiles, runs, and fails or is not done in time. The exit code is 1 if a
fault is not caught, or if the code that it replaces is not in the file exactly once.";

/// A mistake, and what catches it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Fault {
    name: String,
    file: String,
    /// The lines to replace, without their indentation.
    find: Vec<String>,
    replace: Vec<String>,
    /// Arguments of cargo.
    test: String,
}

/// Plants the faults.
///
/// # Errors
/// If one is not caught or cannot be planted.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let names: Vec<&String> = arguments.iter().filter(|argument| *argument != "--list").collect();
    let mut faults = read(TABLE)?;
    faults.retain(|fault| names.is_empty() || names.iter().any(|name| fault.name.contains(*name)));
    if faults.is_empty() {
        return Err("no fault has such a name; `--list` lists them".to_owned());
    }
    if arguments.len() > names.len() {
        faults.iter().for_each(|fault| println!("{}: cargo {}", fault.name, fault.test));
        return Ok(());
    }
    let folder = target().join("plant");
    copy(&Tree::read()?, &folder.join("tree"))?;
    let tests: BTreeSet<&str> = faults.iter().map(|fault| fault.test.as_str()).collect();
    let mut parts = Parts::default();
    for test in tests {
        parts.run(test, "passes without a fault", || match tested(test, &folder)? {
            Ending::Passed => Ok(()),
            other => Err(format!("{other:?}")),
        });
    }
    for fault in &faults {
        let why = format!("cargo {}", fault.test);
        parts.run(&fault.name, &why, || caught(fault, &folder).unwrap_or_else(Outcome::Failed));
    }
    parts.finish()
}

/// How a run of a test ended.
#[derive(Debug, PartialEq, Eq)]
enum Ending {
    Passed,
    /// The tests that failed.
    Failed(Vec<String>),
    Hung,
}

fn caught(fault: &Fault, folder: &Path) -> Result<Outcome, String> {
    let path = folder.join("tree").join(&fault.file);
    let good = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", fault.file))?;
    let bad = planted(fault, &good)?;
    write(&path, &bad)?;
    let ending = tested(&fault.test, folder);
    write(&path, &good)?;
    Ok(match ending? {
        Ending::Passed => Outcome::Failed("not caught".to_owned()),
        Ending::Hung => {
            println!("caught: hangs");
            Outcome::Passed
        }
        Ending::Failed(tests) => {
            println!("caught by {}", tests.join(", "));
            Outcome::Passed
        }
    })
}

/// Builds, then runs, so that what does not compile is not taken for what fails.
fn tested(test: &str, folder: &Path) -> Result<Ending, String> {
    let cargo = |words: &str| {
        Typed::new(words)
            .words(test)
            .with("CARGO_TARGET_DIR", folder.join("build"))
            .with("RUSTFLAGS", "--cap-lints=warn")
            .in_folder(&folder.join("tree"))
    };
    cargo("cargo --quiet").words("--no-run").output()?;
    let words = format!("timeout --kill-after=5 {PATIENCE} cargo --quiet");
    let output = cargo(&words).command().output().map_err(|error| format!("{test}: {error}"))?;
    Ok(ending(output.status.code(), &String::from_utf8_lossy(&output.stdout)))
}

fn ending(code: Option<i32>, printed: &str) -> Ending {
    let failed = |line: &str| Some(line.strip_prefix("    ")?.trim().to_owned());
    match code {
        Some(0) => Ending::Passed,
        Some(124 | 137) => Ending::Hung,
        _ => {
            let tests = printed.rsplit_once("\nfailures:\n").map_or("", |(_, list)| list);
            let tests: Vec<String> = tests.lines().map_while(failed).collect();
            match tests.is_empty() {
                true => Ending::Failed(vec!["the end of the whole program".to_owned()]),
                false => Ending::Failed(tests),
            }
        }
    }
}

/// The file with the fault in it. Lines are compared without their indentation.
///
/// # Errors
/// If the lines to replace are not in it exactly once.
fn planted(fault: &Fault, text: &str) -> Result<String, String> {
    let lines: Vec<&str> = text.lines().collect();
    let places: Vec<usize> = lines
        .windows(fault.find.len())
        .enumerate()
        .filter(|(_, window)| {
            window.iter().zip(&fault.find).all(|(line, find)| line.trim() == find)
        })
        .map(|(at, _)| at)
        .collect();
    let [at] = places[..] else {
        return Err(format!(
            "`{}` cannot be planted: {} places in {} have its lines",
            fault.name,
            places.len(),
            fault.file
        ));
    };
    let mut planted: Vec<&str> = lines[..at].to_vec();
    planted.extend(fault.replace.iter().map(String::as_str));
    planted.extend(&lines[at + fault.find.len()..]);
    Ok(planted.join("\n") + "\n")
}

/// Reads the table.
fn read(table: &str) -> Result<Vec<Fault>, String> {
    let mut faults: Vec<Fault> = Vec::new();
    for (index, line) in table.lines().enumerate() {
        let wrong = |what: &str| format!("faults.txt:{}: {what}", index + 1);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (kind, text) = line.split_once(' ').unwrap_or((line, ""));
        if kind == "fault" {
            faults.push(Fault { name: text.to_owned(), ..Fault::default() });
            continue;
        }
        let fault = faults.last_mut().ok_or_else(|| wrong("no `fault` before it"))?;
        match kind {
            "in" => fault.file = text.to_owned(),
            "test" => fault.test = format!("test {text}"),
            "-" => fault.find.push(text.trim().to_owned()),
            "+" => fault.replace.push(text.trim().to_owned()),
            _ => return Err(wrong("neither `fault`, `in`, `test`, `-` nor `+`")),
        }
    }
    match faults
        .iter()
        .find(|one| one.file.is_empty() || one.test.is_empty() || one.find.is_empty())
    {
        Some(fault) => Err(format!("faults.txt: `{}` lacks a file, a test or lines", fault.name)),
        None => Ok(faults),
    }
}

/// Copies the repository; files that are the same already keep their times, so that cargo does not
/// build them again.
fn copy(tree: &Tree, to: &Path) -> Result<(), String> {
    let present: BTreeSet<PathBuf> = tree.files.keys().map(|path| to.join(path)).collect();
    if to.exists() {
        remove_others(to, &present)?;
    }
    for (path, text) in tree.texts() {
        let place = to.join(path);
        let parent = place.parent().unwrap_or(to);
        fs::create_dir_all(parent).map_err(|error| format!("{}: {error}", parent.display()))?;
        if fs::read_to_string(&place).ok().as_deref() != Some(text) {
            write(&place, text)?;
        }
    }
    Ok(())
}

fn remove_others(folder: &Path, present: &BTreeSet<PathBuf>) -> Result<(), String> {
    let failed = |error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            remove_others(&path, present)?;
        } else if !present.contains(&path) {
            fs::remove_file(&path).map_err(failed)?;
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod unit {
    use super::*;

    const ONE: &str =
        "# a table\nfault no look\nin a.rs\ntest -p a b::\n- if a {\n-     b();\n+ {\n";

    #[test]
    fn a_fault_replaces_its_lines_whatever_their_indentation() {
        let fault = &read(ONE).unwrap()[0];
        assert_eq!(fault.test, "test -p a b::");
        let text = "fn f() {\n    if a {\n        b();\n    }\n}\n";
        assert_eq!(planted(fault, text).unwrap(), "fn f() {\n{\n    }\n}\n");
        assert!(planted(fault, "fn f() {}\n").unwrap_err().contains("0 places"));
        assert!(planted(fault, &text.repeat(2)).unwrap_err().contains("2 places"));
    }

    #[test]
    fn a_table_that_cannot_be_read_says_where() {
        assert!(read("in a.rs").unwrap_err().starts_with("faults.txt:1: "));
        assert!(read("fault a\n* b").unwrap_err().starts_with("faults.txt:2: "));
        assert!(read("fault a\nin b\ntest c").is_err());
    }

    #[test]
    fn an_ending_names_the_tests_that_failed() {
        let printed =
            "x\nfailures:\n\n---- a stdout ----\n\nfailures:\n    a::b\n    c\n\ntest result";
        assert_eq!(ending(Some(101), printed), Ending::Failed(vec!["a::b".into(), "c".into()]));
        assert_eq!(ending(Some(124), ""), Ending::Hung);
        assert_eq!(ending(Some(0), ""), Ending::Passed);
        assert!(matches!(ending(None, ""), Ending::Failed(_)));
    }

    #[test]
    fn every_fault_of_the_table_can_be_planted() {
        let tree = Tree::read().unwrap();
        let text = |file| tree.files.get(file).and_then(Option::as_deref).unwrap_or_default();
        let cannot: Vec<String> = read(TABLE)
            .unwrap()
            .iter()
            .filter_map(|fault| planted(fault, text(&fault.file)).err())
            .collect();
        assert!(cannot.is_empty(), "{}", cannot.join("\n"));
        let faults = read(TABLE).unwrap();
        let names: BTreeSet<&str> = faults.iter().map(|fault| fault.name.as_str()).collect();
        assert_eq!(names.len(), faults.len(), "a name twice");
    }
}
