//! Rules about the form of a file of Rust: it can be read, opens with a header, is narrow enough,
//! and is compiled.

use super::Finding;
use crate::rust::items::has_header;
use crate::rust::modules::reached;
use crate::tree::Tree;
use std::collections::BTreeSet;

const COLUMNS_MAX: usize = 100;

/// Why a file of the guide belongs to no target.
const GUIDE: &str = "an example of a package outside the workspace; `cargo xtask ci` tests it";

/// Files that no `mod` line reaches, on purpose.
const UNREACHED: [(&str, &str); 5] = [
    ("docs/guide/poll-backend/src/lib.rs", GUIDE),
    ("docs/guide/poll-backend/tests/conformance.rs", GUIDE),
    ("docs/guide/poll-backend/tests/program.rs", GUIDE),
    ("reactor/fuzz/fuzz_targets/sockets.rs", "cargo-fuzz wants a package outside the workspace"),
    ("reactor/fuzz/fuzz_targets/virtual.rs", "cargo-fuzz wants a package outside the workspace"),
];

pub(super) fn readable(tree: &Tree) -> Vec<Finding> {
    tree.broken.iter().map(|(path, error)| Finding::new(path, 0, error.clone())).collect()
}

pub(super) fn headers(tree: &Tree) -> Vec<Finding> {
    tree.sources
        .iter()
        .filter(|(_, source)| !has_header(source))
        .map(|(path, _)| {
            Finding::new(path, 1, "opens without `//!`: say what it is, why, and what is absent")
        })
        .collect()
}

pub(super) fn columns(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| path.ends_with(".rs")) {
        for (index, line) in text.lines().enumerate() {
            let columns = line.chars().count();
            if columns > COLUMNS_MAX && !may_be_long(line) {
                findings.push(Finding::new(
                    path,
                    index + 1,
                    format!("{columns} columns of {COLUMNS_MAX}"),
                ));
            }
        }
    }
    findings
}

/// Whether a line cannot be broken: it holds an address or a string, or is a row of a table in
/// documentation.
fn may_be_long(line: &str) -> bool {
    let comment = line.trim_start().trim_start_matches(['/', '!']).trim_start();
    let code = !line.trim_start().starts_with("//");
    line.contains("://")
        || (code && line.contains('"'))
        || (line.trim_start().starts_with("//") && comment.starts_with('|'))
}

pub(super) fn reached_by_targets(tree: &Tree) -> Vec<Finding> {
    let mut compiled = BTreeSet::new();
    for target in tree.packages.iter().flat_map(|package| &package.targets) {
        compiled.extend(reached(&target.root, &tree.sources).into_keys());
    }
    let mut findings: Vec<Finding> = tree
        .sources
        .keys()
        .filter(|path| {
            !compiled.contains(*path) && UNREACHED.iter().all(|(listed, _)| listed != path)
        })
        .map(|path| Finding::new(path, 0, "belongs to no target: no `mod` line leads here"))
        .collect();
    for (path, _) in
        UNREACHED.iter().filter(|(path, _)| compiled.contains(*path) || !tree.has(path))
    {
        findings.push(Finding::new(path, 0, "is listed as unreached and is not"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_rust_is_found() {
        let tree = Tree::of(&[("a.rs", "fn f() {"), ("b.rs", "\"")]);
        let found: Vec<_> = readable(&tree).iter().map(Finding::to_string).collect();
        assert_eq!(
            found,
            ["a.rs: line 1: `{` is never closed", "b.rs: line 1: this string never ends"]
        );
    }

    #[test]
    fn a_missing_header_is_found() {
        let tree = Tree::of(&[
            ("a.rs", "//! A\n"),
            ("b.rs", "/// B\nfn f() {}"),
            ("c.rs", ""),
            ("d.md", ""),
        ]);
        let found: Vec<_> = headers(&tree).into_iter().map(|finding| finding.path).collect();
        assert_eq!(found, ["b.rs", "c.rs"]);
    }

    #[test]
    fn a_long_line_is_found() {
        let wide = "x".repeat(101);
        let exact = "é".repeat(100);
        let text = format!(
            "{exact}\n{wide}\n// https://{wide}\n    //! | {wide} |\nlet a = b | {wide};\n"
        );
        let tree = Tree::of(&[("a.rs", &text), ("b.md", &wide)]);
        let found: Vec<_> = columns(&tree).into_iter().map(|finding| finding.line).collect();
        assert_eq!(found, [2, 5]);
    }

    #[test]
    fn a_dead_file_is_found() {
        let files = [("a/src/lib.rs", "mod b;"), ("a/src/b.rs", ""), ("a/src/c.rs", "")];
        let found = reached_by_targets(&Tree::of(&files).with_package("a", "a", &[]));
        let paths = found.iter().map(|finding| finding.path.as_str());
        let of_this_tree: Vec<_> = paths.filter(|path| path.starts_with("a/")).collect();
        assert_eq!(of_this_tree, ["a/src/c.rs"]);
    }
}
