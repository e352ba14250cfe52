//! What each crate weighs, against what it may weigh.
//!
//! Everything is counted from the sources and from cargo; nothing is written down here but the
//! budgets. How each figure is counted is part of the help, because a figure without it cannot be
//! compared with anybody else's.

use crate::command::Typed;
use crate::rust::cfg::Class;
use crate::rust::items::{Item, Unsafe, items, unsafe_uses};
use crate::rust::lexer::Kind;
use crate::rust::source::Source;
use crate::tree::{Package, Tree};
use std::collections::BTreeSet;

pub(crate) const HELP: &str = "\
Counts lines, unsafe and packages of each crate, and compares them with the budgets.

Usage: cargo xtask audit [--items] [--check]

  --items   also list the public items of the core
  --check   exit with 1 if a budget is exceeded

How it counts:
  lines      lines with code in the files of libraries and binaries: no blank lines, no comments,
             no documentation; items for tests, documentation tests and models left out. `linux` is
             what the default build on Linux compiles, `elsewhere` what only other systems or a
             `--cfg` compile.
  unsafe     the word in the same code, for all systems: blocks (a proof is owed), functions
             (declared `unsafe`), impls (marker traits and the like), others (traits, `extern`,
             attributes).
  packages   distinct packages in `cargo tree --edges normal` on this machine, the crate included;
             `linked` leaves out procedural macros and what only they need.
  public     what the core's users can name: `pub` items of modules and exported macros in the
             Linux build, re-exports of other crates' items included and its own not (they would
             count twice), `#[doc(hidden)]` left out. Methods (of traits, and `pub` ones of impls)
             and fields come on top and are not items; `--items` says how many methods.";

/// The package whose size the proposal is about.
const CORE: &str = "mini-reactor";

/// Reactor, one executor, adapters: what a small runtime is made of.
const RUNTIME: [&str; 4] = [CORE, "mini-async", "mini-executor-single-thread", "mini-blocking"];

/// Where `unsafe` has to be scarce.
const SCARCE: [&str; 6] = [
    CORE,
    "mini-async",
    "mini-blocking",
    "mini-hyper",
    "mini-executor-single-thread",
    "mini-executor-work-stealing",
];

const CORE_ITEMS_MAX: usize = 40;
const CORE_LINES_MAX: usize = 1_200;
const CORE_PACKAGES_MAX: usize = 10;
const RUNTIME_LINES_MAX: usize = 3_500;
const UNSAFE_BLOCKS_MAX: usize = 12;

/// What one crate weighs.
#[derive(Debug, Default)]
struct Weight {
    name: String,
    linux: usize,
    elsewhere: usize,
    blocks: usize,
    functions: usize,
    impls: usize,
    others: usize,
    packages: usize,
    linked: usize,
}

/// A limit and what it is held against.
#[derive(Debug)]
struct Budget {
    what: String,
    now: usize,
    max: usize,
    /// Crates it covers that are not in the workspace.
    absent: String,
}

/// Prints the table and the budgets.
///
/// # Errors
/// If the repository cannot be read, or with `--check` if a budget is exceeded.
pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    if let Some(unknown) =
        arguments.iter().find(|one| !matches!(one.as_str(), "--items" | "--check"))
    {
        return Err(format!("audit knows no `{unknown}`\n\n{HELP}"));
    }
    let tree = Tree::read()?;
    if let Some((path, error)) = tree.broken.first() {
        return Err(format!("{path}: {error}"));
    }
    let mut weights = Vec::new();
    for package in &tree.packages {
        let mut weight = weigh(&tree, package);
        weight.packages = packages(&package.name, "normal")?;
        weight.linked = packages(&package.name, "normal,no-proc-macro")?;
        weights.push(weight);
    }
    print_table(&weights);

    let core = tree.packages.iter().find(|package| package.name == CORE);
    let public = core.map(|core| public_items(&tree, core)).unwrap_or_default();
    let methods = core.map_or(0, |core| public_methods(&tree, core));
    if arguments.iter().any(|argument| argument == "--items") {
        println!("\npublic items of {CORE} ({}), and {methods} methods:", public.len());
        public.iter().for_each(|item| println!("  {item}"));
    }
    let budgets = budgets(&weights, public.len());
    print_budgets(&budgets);
    let over = budgets.iter().filter(|budget| budget.now > budget.max).count();
    if over > 0 && arguments.iter().any(|argument| argument == "--check") {
        return Err(format!("budgets exceeded: {over}"));
    }
    Ok(())
}

fn weigh(tree: &Tree, package: &Package) -> Weight {
    let mut weight = Weight { name: package.name.clone(), ..Weight::default() };
    for (path, class) in tree.product_files(package) {
        let source = &tree.sources[&path];
        let lines = source.lines(class);
        weight.linux += lines.product;
        weight.elsewhere += lines.elsewhere;
        for (at, what) in unsafe_uses(source) {
            if class.max(source.classes[at]) == Class::Test {
                continue;
            }
            match what {
                Unsafe::Block => weight.blocks += 1,
                Unsafe::Fn => weight.functions += 1,
                Unsafe::Impl => weight.impls += 1,
                Unsafe::Other => weight.others += 1,
            }
        }
    }
    weight
}

/// How many distinct packages a crate's tree has, itself included.
fn packages(name: &str, edges: &str) -> Result<usize, String> {
    let tree =
        Typed::cargo("tree --prefix none --format {p} --package").and([name, "--edges", edges]);
    let printed = tree.output()?;
    Ok(distinct(&printed))
}

/// Distinct `name version` in the lines of `cargo tree`.
fn distinct(printed: &str) -> usize {
    let package = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    printed.lines().map(package).filter(|line| !line.is_empty()).collect::<BTreeSet<_>>().len()
}

/// The items of a crate that its users can name.
fn public_items(tree: &Tree, package: &Package) -> Vec<String> {
    let mut found = Vec::new();
    for (path, class) in tree.product_files(package) {
        let source = &tree.sources[&path];
        let all = items(source);
        let modules: Vec<&str> =
            all.iter().filter(|item| item.head == "mod").map(|item| item.name).collect();
        for item in
            all.iter().filter(|item| class.max(item.class) == Class::Product && !item.hidden)
        {
            if item.head == "macro_rules" && is_exported(source, item) {
                found.push(format!("macro {}", item.name));
            } else if item.public && item.within.iter().all(|(head, _)| *head == "mod") {
                match item.head {
                    "use" => found.extend(foreign_names(source, item, &modules)),
                    head => found.push(format!("{head} {}", item.name)),
                }
            }
        }
    }
    found.sort();
    found
}

fn public_methods(tree: &Tree, package: &Package) -> usize {
    let mut count = 0;
    for (path, class) in tree.product_files(package) {
        let all = items(&tree.sources[&path]);
        let public_traits: Vec<&str> = all
            .iter()
            .filter(|item| item.head == "trait" && item.public)
            .map(|item| item.name)
            .collect();
        count += all
            .iter()
            .filter(|item| {
                item.head == "fn" && !item.hidden && class.max(item.class) == Class::Product
            })
            .filter(|item| match item.within.last() {
                Some(("impl", _)) => item.public,
                Some(("trait", name)) => public_traits.contains(name),
                _ => false,
            })
            .count();
    }
    count
}

fn is_exported(source: &Source, item: &Item<'_>) -> bool {
    source
        .attributes
        .iter()
        .any(|one| one.name == "macro_export" && (item.first..item.at).contains(&one.first))
}

/// The names a `pub use` takes from another crate.
fn foreign_names(source: &Source, item: &Item<'_>, modules: &[&str]) -> Vec<String> {
    let root =
        (item.at + 1..=item.last).find(|at| source.kind(*at) == Kind::Word).unwrap_or(item.last);
    if matches!(source.word(root), "crate" | "self" | "super")
        || modules.contains(&source.word(root))
    {
        return Vec::new();
    }
    (root..item.last)
        .filter(|at| source.kind(*at) == Kind::Word)
        .filter(|at| matches!(source.word(at + 1), "," | "}" | ";"))
        .map(|at| format!("use {}", source.word(at)))
        .collect()
}

fn budgets(weights: &[Weight], public_items: usize) -> Vec<Budget> {
    let sum = |names: &[&str], count: fn(&Weight) -> usize| -> usize {
        weights.iter().filter(|weight| names.contains(&weight.name.as_str())).map(count).sum()
    };
    let absent = |names: &[&str]| -> String {
        let there = |name: &&str| weights.iter().any(|weight| weight.name == *name);
        names.iter().filter(|name| !there(name)).copied().collect::<Vec<_>>().join(", ")
    };
    let budget =
        |what: String, now, max, names: &[&str]| Budget { what, now, max, absent: absent(names) };
    let core = |what: &str, now, max| budget(format!("{CORE}: {what}"), now, max, &[CORE]);
    vec![
        core("public items", public_items, CORE_ITEMS_MAX),
        core("lines, linux", sum(&[CORE], |weight| weight.linux), CORE_LINES_MAX),
        core("packages", sum(&[CORE], |weight| weight.packages), CORE_PACKAGES_MAX),
        budget(
            "reactor, async, single-thread, blocking: lines, linux".to_owned(),
            sum(&RUNTIME, |weight| weight.linux),
            RUNTIME_LINES_MAX,
            &RUNTIME,
        ),
        budget(
            "reactor, adapters, single-thread, work-stealing: unsafe blocks".to_owned(),
            sum(&SCARCE, |weight| weight.blocks),
            UNSAFE_BLOCKS_MAX,
            &SCARCE,
        ),
    ]
}

fn print_table(weights: &[Weight]) {
    let heads = ["linux", "elsewhere", "blocks", "fns", "impls", "others", "packages", "linked"];
    println!("{:<30}{:>19} {:>32} {:>19}", "", "lines", "unsafe", "packages");
    print!("{:<30}", "crate");
    heads.iter().for_each(|head| print!("{head:>10}"));
    println!();
    for weight in weights {
        print!("{:<30}", weight.name);
        for figure in [
            weight.linux,
            weight.elsewhere,
            weight.blocks,
            weight.functions,
            weight.impls,
            weight.others,
            weight.packages,
            weight.linked,
        ] {
            print!("{figure:>10}");
        }
        println!();
    }
}

fn print_budgets(budgets: &[Budget]) {
    let width = budgets.iter().map(|budget| budget.what.len()).max().unwrap_or(0);
    println!("\n{:<width$}{:>8}{:>8}", "budget", "now", "max");
    for Budget { what, now, max, absent } in budgets {
        let verdict = if now <= max { "inside" } else { "OVER" };
        let note = if absent.is_empty() { String::new() } else { format!("  without {absent}") };
        println!("{what:<width$}{now:>8}{max:>8}  {verdict}{note}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        Tree::of(&[
            (
                "core/src/lib.rs",
                "//! Core\nmod a;\n#[cfg(windows)] mod win;\npub use a::A;\npub use crate::a::b;\n\
                 pub use other::{C, d as D};\n\
                 #[doc(hidden)] pub mod private { pub fn x() {} }\n\
                 pub mod open { pub const E: u8 = 1; pub(crate) fn y() {} }\n\
                 #[macro_export]\nmacro_rules! go { () => { pub struct Z; } }\n\
                 macro_rules! no { () => {} }\n\
                 #[cfg(test)] mod tests { pub fn t() { unsafe { x() } } }\n",
            ),
            (
                "core/src/a.rs",
                "pub struct A { pub field: u8 }\n\
                 impl A { pub fn new() { unsafe { x() } } fn own() {} }\n\
                 pub trait T { fn one(&self); }\ntrait Own { fn two(&self); }\n\
                 unsafe impl Send for A {}\n\
                 pub unsafe fn b() {}\nimpl T for A { fn one(&self) {} }\n",
            ),
            ("core/src/win.rs", "pub struct W;\nfn w() {\nunsafe { x() }\n}\n"),
        ])
        .with_package(CORE, "core", &[])
    }

    #[test]
    fn crates_are_weighed() {
        let tree = tree();
        let weight = weigh(&tree, &tree.packages[0]);
        assert_eq!((weight.linux, weight.elsewhere), (9 + 7, 1 + 4));
        assert_eq!((weight.blocks, weight.functions, weight.impls, weight.others), (2, 1, 1, 0));
    }

    #[test]
    fn public_items_are_what_users_can_name() {
        let tree = tree();
        assert_eq!(
            public_items(&tree, &tree.packages[0]),
            ["const E", "fn b", "macro go", "mod open", "struct A", "trait T", "use C", "use D"]
        );
        assert_eq!(public_methods(&tree, &tree.packages[0]), 2);
    }

    #[test]
    fn packages_are_counted_once() {
        let printed = "a v1.0.0 (/x)\nb v2.0.0\nc v1.0.0 (proc-macro)\n\nb v2.0.0 (*)\nb v3.0.0\n";
        assert_eq!(distinct(printed), 4);
        assert_eq!(packages("xtask", "normal").unwrap(), 1);
    }

    #[test]
    fn budgets_name_what_is_missing() {
        let weights = [Weight {
            name: CORE.into(),
            linux: 1_201,
            blocks: 3,
            packages: 10,
            ..Weight::default()
        }];
        let budgets = budgets(&weights, 41);
        let verdicts: Vec<_> = budgets.iter().map(|budget| budget.now <= budget.max).collect();
        assert_eq!(verdicts, [false, false, true, true, true]);
        assert_eq!(budgets[3].absent, "mini-async, mini-executor-single-thread, mini-blocking");
    }
}
