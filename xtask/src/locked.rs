//! Locked instructions per operation: what threads share, counted.
//!
//! What keeps a program from scaling is words that several threads write. Each such write is an
//! instruction with a `lock` prefix (or `xchg`, or a fence), and how often one is executed does not
//! depend on how many cores a machine has. So they are counted: the program runs under callgrind,
//! which counts executions by address; objdump says which addresses are locked; addr2line says
//! what they were in the source. The program runs with N and with 2 N operations, so that what is
//! done once cancels out.
//!
//! Absent: which of the words are contended. A locked instruction on a word of its own costs a
//! thread some five nanoseconds on any machine; one on a word that another thread wrote last costs
//! more with every core. The reader of the table knows the words. Valgrind runs one thread at a
//! time, in turns, so threads meet less often within an instruction, and not less often otherwise.

use crate::command::{Typed, target};
use crate::needs;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

pub(crate) const HELP: &str = "\
Counts the locked instructions of each operation, by source file.

Usage: cargo xtask locked PACKAGE ARGUMENT … COUNT [--lines]

Builds the example `locked` of PACKAGE and runs it under callgrind with the arguments, twice: the
last one, a number of operations, is doubled the second time. With --lines, by source line.
For example:

    cargo xtask locked mini-executor-work-stealing ours own 16000";

/// Executions by address.
type Counts = BTreeMap<u64, u64>;

/// Runs the example twice and prints the table.
///
/// # Errors
/// If something is missing or fails.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let lines = arguments.iter().any(|argument| argument == "--lines");
    let words: Vec<&String> = arguments.iter().filter(|word| *word != "--lines").collect();
    let [package, given @ .., count] = &words[..] else { return Err(HELP.to_owned()) };
    let count: u64 = count.parse().map_err(|_| format!("`{count}` is no number\n\n{HELP}"))?;
    needs::programs(&["valgrind", "objdump", "addr2line"])?;
    Typed::cargo("build --release --example locked --package")
        .and([package])
        .with("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only")
        .apart("locked")
        .run()?;
    let program = target().join("locked/release/examples/locked");
    let once = executions(&program, given, count)?;
    let twice = executions(&program, given, 2 * count)?;
    let places = places(&program, &locked(&program)?)?;
    print(&per_operation(&once, &twice, &places, count, lines));
    Ok(())
}

/// Runs the program under callgrind.
fn executions(program: &Path, given: &[&String], count: u64) -> Result<Counts, String> {
    let out = target().join("locked/callgrind.out");
    Typed::new("valgrind -q --tool=callgrind --fair-sched=yes --dump-instr=yes --compress-pos=no")
        .and([format!("--callgrind-out-file={}", out.display())])
        .and([program.display().to_string()])
        .and(given.iter().map(|word| word.as_str()))
        .and([count.to_string()])
        .run()?;
    let text = fs::read_to_string(&out).map_err(|error| format!("{}: {error}", out.display()))?;
    Ok(of_program(&text, &program.display().to_string()))
}

/// What callgrind has counted in the object of this name. A line of costs is an address, a line
/// and a count; the one after `calls=` is the cost of the callee.
fn of_program(text: &str, name: &str) -> Counts {
    let mut counts = Counts::new();
    let mut names = BTreeMap::new(); // "(3)" stands for a name given before
    let (mut within, mut callee) = (false, false);
    for line in text.lines() {
        if let Some(object) = line.strip_prefix("ob=") {
            let (key, given) = object.split_once(' ').unwrap_or((object, ""));
            if !given.is_empty() {
                names.insert(key, given);
            }
            within = names.get(key) == Some(&name) || object == name;
        } else if let Some(object) = line.strip_prefix("cob=") {
            if let Some((key, given)) = object.split_once(' ') {
                names.insert(key, given);
            }
        } else if line.starts_with("calls=") {
            callee = true;
        } else if let Some(rest) = line.strip_prefix("0x") {
            if within && !std::mem::take(&mut callee) {
                let mut words = rest.split_whitespace();
                let address = words.next().and_then(|word| u64::from_str_radix(word, 16).ok());
                let count = words.nth(1).and_then(|word| word.parse::<u64>().ok());
                if let (Some(address), Some(count)) = (address, count) {
                    *counts.entry(address).or_default() += count;
                }
            }
            callee = false;
        }
    }
    counts
}

/// The addresses of locked instructions.
fn locked(program: &Path) -> Result<BTreeSet<u64>, String> {
    let listing = Typed::new("objdump -d --no-show-raw-insn").and([program.to_string_lossy()]);
    Ok(listing.output()?.lines().filter_map(locked_line).collect())
}

/// `  1f2e:   lock cmpxchg %rcx,(%rdx)`
fn locked_line(line: &str) -> Option<u64> {
    let (address, instruction) = line.split_once(':')?;
    let instruction = instruction.trim_start();
    let swaps = instruction.starts_with("xchg") && instruction.contains('(');
    let locked = instruction.starts_with("lock ") || instruction.starts_with("mfence");
    (locked || swaps).then(|| u64::from_str_radix(address.trim(), 16).ok()).flatten()
}

/// A function and a line, as addr2line says them.
type Place = (String, String);

/// Where in the source the addresses are: the innermost place that is not the standard library's.
fn places(program: &Path, addresses: &BTreeSet<u64>) -> Result<BTreeMap<u64, Place>, String> {
    let words: Vec<String> = addresses.iter().map(|address| format!("{address:#x}")).collect();
    let mut places = BTreeMap::new();
    for some in words.chunks(1000) {
        let command =
            Typed::new("addr2line -Cfia -e").and([program.to_string_lossy()]).and(some).output()?;
        places.extend(frames(&command).into_iter().map(|(address, frames)| {
            let ours = frames.iter().find(|(_, line)| !is_std(line)).or_else(|| frames.last());
            (address, ours.cloned().unwrap_or_default())
        }));
    }
    Ok(places)
}

/// An address, then two lines for each frame that is inlined there, the innermost first.
fn frames(text: &str) -> Vec<(u64, Vec<Place>)> {
    let mut frames: Vec<(u64, Vec<Place>)> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(address) = line.strip_prefix("0x") {
            frames.push((u64::from_str_radix(address, 16).unwrap_or_default(), Vec::new()));
        } else if let (Some((_, places)), Some(place)) = (frames.last_mut(), lines.next()) {
            places.push((line.to_owned(), place.to_owned()));
        }
    }
    frames
}

fn is_std(line: &str) -> bool {
    line.starts_with("/rustc/") || line.contains("/library/core/") || line.contains("/library/std/")
}

/// The table: how often, and where; the most frequent first.
fn per_operation(
    once: &Counts,
    twice: &Counts,
    places: &BTreeMap<u64, Place>,
    count: u64,
    lines: bool,
) -> Vec<(f64, String)> {
    let mut rows: BTreeMap<String, f64> = BTreeMap::new();
    for (address, place) in places {
        let of = |counts: &Counts| counts.get(address).copied().unwrap_or_default() as f64;
        let (function, line) = place;
        let name = if lines { format!("{} {function}", file(line)) } else { file_only(line) };
        *rows.entry(name).or_default() += (of(twice) - of(once)) / count as f64;
    }
    let mut rows: Vec<(f64, String)> =
        rows.into_iter().map(|(name, times)| (times, name)).collect();
    rows.retain(|(times, _)| times.abs() >= 0.000_5);
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    rows
}

/// The end of a path: the folder of the package, and what is below.
fn file(line: &str) -> String {
    let line = line.split(" (discriminator").next().unwrap_or(line);
    let parts: Vec<&str> = line.split('/').collect();
    let from = parts.iter().rposition(|part| *part == "src").unwrap_or(parts.len() - 1);
    parts[from.saturating_sub(1)..].join("/")
}

fn file_only(line: &str) -> String {
    let file = file(line);
    file.rsplit_once(':').map_or(file.clone(), |(file, _)| file.to_owned())
}

fn print(rows: &[(f64, String)]) {
    println!("\nlocked instructions per operation");
    for (times, place) in rows {
        println!("{times:>8.3}  {place}");
    }
    println!("{:>8.3}  in all", rows.iter().map(|(times, _)| times).sum::<f64>());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_those_of_the_program_itself() {
        let text = "ob=(1) /bin/p\nfn=(1) f\n0x10 3 5\ncalls=1 0x40 0\n0x14 3 100\n0x14 3 1\n\
                    ob=(2) /lib/c\n0x10 9 7\nob=(1)\n0x10 3 2\n";
        assert_eq!(of_program(text, "/bin/p"), Counts::from([(0x10, 7), (0x14, 1)]));
    }

    #[test]
    fn locked_instructions_are_told_by_their_names() {
        assert_eq!(locked_line("   1f2e:\tlock cmpxchg %rcx,(%rdx)"), Some(0x1f2e));
        assert_eq!(locked_line("   1f30:\txchg   %al,0x8(%rbx)"), Some(0x1f30));
        assert_eq!(locked_line("   1f32:\txchg   %ax,%ax"), None);
        assert_eq!(locked_line("   1f34:\tmfence"), Some(0x1f34));
        assert_eq!(locked_line("   1f38:\tmov    %rax,(%rbx)"), None);
    }

    #[test]
    fn a_place_is_the_innermost_that_is_not_stds() {
        let text = "0x0000000000001f2e\nfetch_add\n/rustc/x/library/core/src/sync/atomic.rs:9\n\
                    push\n/home/a/executors/b/src/queue.rs:7 (discriminator 2)\n";
        let frames = frames(text);
        assert_eq!(frames[0].0, 0x1f2e);
        let place = frames[0].1.iter().find(|(_, line)| !is_std(line)).unwrap();
        assert_eq!((place.0.as_str(), file(&place.1)), ("push", "b/src/queue.rs:7".to_owned()));
        assert_eq!(file_only(&place.1), "b/src/queue.rs");
    }

    #[test]
    fn what_is_done_once_cancels_out() {
        let place = ("f".to_owned(), "/x/y/src/z.rs:3".to_owned());
        let places = BTreeMap::from([(1, place)]);
        let (once, twice) = (Counts::from([(1, 110)]), Counts::from([(1, 210)]));
        let rows = per_operation(&once, &twice, &places, 100, false);
        assert_eq!(rows, [(1.0, "y/src/z.rs".to_owned())]);
    }
}
