//! Libraries leave the choice of the reactor and of the threads to the program.
//!
//! Only final binaries and tests declare a global reactor, and no crate starts a thread on its own:
//! users lend theirs. Both would be invisible in a review of one crate and surprising in a program
//! of twenty.

use super::Finding;
use crate::rust::cfg::Class;
use crate::rust::lexer::Kind;
use crate::rust::source::Source;
use crate::tree::Tree;

/// The package that defines the choice.
const CORE: &str = "mini-reactor";

/// Library files that may start threads, with the reason.
const THREADS: &[(&str, &str)] = &[
    (
        "conformance/src/threads.rs",
        "each clause has a thread of its own, so that what hangs is a failure; for tests only",
    ),
    (
        "executors/fork-join/src/builder.rs",
        "for programs that ask for it: the method is called `start_threads`",
    ),
    (
        "executors/work-stealing/src/threads.rs",
        "for programs that ask for it: the type is called `StartThreads`",
    ),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    against(tree, THREADS)
}

fn against(tree: &Tree, threads: &[(&str, &str)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut starting = Vec::new();
    for package in tree.packages.iter().filter(|package| package.is_library()) {
        for (path, class) in tree.product_files(package) {
            let source = &tree.sources[&path];
            if class == Class::Test {
                continue;
            }
            for at in (0..source.code.len()).filter(|at| source.classes[*at] != Class::Test) {
                if package.name != CORE && declares(source, at) {
                    let message =
                        "a library declares a global reactor; only programs and tests may";
                    findings.push(Finding::new(&path, source.line(at), message));
                }
                if starts_thread(source, at) {
                    starting.push(path.clone());
                    if threads.iter().all(|(listed, _)| *listed != path) {
                        let message =
                            "a library starts a thread; users lend theirs, or list the file";
                        findings.push(Finding::new(&path, source.line(at), message));
                    }
                }
            }
        }
    }
    for (path, _) in threads.iter().filter(|(path, _)| starting.iter().all(|one| one != path)) {
        findings.push(Finding::new(path, 0, "is listed for starting threads and starts none"));
    }
    findings
}

fn declares(source: &Source, at: usize) -> bool {
    match source.word(at) {
        "global_reactor" => source.kind(at + 1) == Kind::Punct('!'),
        "set_global" => source.kind(at + 1) == Kind::Open('('),
        _ => false,
    }
}

fn starts_thread(source: &Source, at: usize) -> bool {
    source.word(at) == "thread"
        && source.word(at + 1) == ":"
        && source.word(at + 2) == ":"
        && matches!(source.word(at + 3), "spawn" | "scope" | "Builder")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)], threads: &[(&str, &str)]) -> Vec<String> {
        let tree =
            Tree::of(files).with_package(CORE, "core", &[]).with_package("other", "other", &[]);
        against(&tree, threads).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn a_library_that_declares_a_global_is_found() {
        let files = [
            (
                "core/src/lib.rs",
                "macro_rules! global_reactor { () => {} } fn f() { set_global(x); }",
            ),
            (
                "other/src/lib.rs",
                "//! global_reactor!\nmod t;\nglobal_reactor! { static R: S = S; }",
            ),
            ("other/src/t.rs", "#[cfg(test)] mod tests { fn f() { mini_reactor::set_global(x) } }"),
            ("other/tests/t.rs", "global_reactor! { static R: S = S; }"),
        ];
        let expected = [
            "other/src/lib.rs:3: a library declares a global reactor; only programs and tests may",
        ];
        assert_eq!(found(&files, &[]), expected);
    }

    #[test]
    fn a_library_that_starts_a_thread_is_found() {
        let files = [
            ("core/src/lib.rs", "use std::thread;\nfn f() { thread::spawn(g); }\n"),
            ("other/src/lib.rs", "fn f() { std::thread::Builder::new(); thread::sleep(x); }"),
        ];
        let expected = [
            "core/src/lib.rs:2: a library starts a thread; users lend theirs, or list the file",
            "x.rs: is listed for starting threads and starts none",
        ];
        assert_eq!(found(&files, &[("other/src/lib.rs", ""), ("x.rs", "")]), expected);
    }
}
