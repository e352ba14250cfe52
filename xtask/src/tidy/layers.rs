//! Which crate may depend on which.
//!
//! The table is the architecture: a new dependency, ours or another's, is a line here and so a line
//! in a review. It is checked against what cargo says in both directions, for every platform, and
//! against the layers, which follow from the folder a crate lies in:
//!
//! ```text
//!    compare   interop-tests   runtime   drop-in      Top
//!         \         |            |        /
//!    executors/*   adapters/*   backends/*            Middle (siblings never see each other)
//!                  \     |      /   conformance
//!                    reactor                          Core
//! ```
//!
//! Tools (`xtask`) stand aside. Development dependencies are free.

use super::Finding;
use crate::tree::{Package, Tree};
use std::collections::BTreeSet;

/// What a crate depends on, development dependencies left out.
struct Row {
    name: &'static str,
    folder: &'static str,
    /// Crates of this workspace.
    ours: &'static [&'static str],
    /// Crates of others; `None` where they do not matter, because nobody builds on this crate.
    others: Option<&'static [&'static str]>,
}

const TABLE: &[Row] = &[
    Row {
        name: "mini-reactor",
        folder: "reactor",
        ours: &[],
        others: Some(&["linkme", "polling", "rustix"]),
    },
    Row {
        name: "mini-executor-single-thread",
        folder: "executors/single-thread",
        ours: &["mini-reactor"],
        others: Some(&["async-task", "pin-project-lite", "slab"]),
    },
    Row {
        name: "mini-executor-fork-join",
        folder: "executors/fork-join",
        ours: &["mini-reactor"],
        others: Some(&["async-task", "pin-project-lite", "slab"]),
    },
    Row {
        name: "mini-executor-work-stealing",
        folder: "executors/work-stealing",
        ours: &["mini-reactor"],
        others: Some(&["async-task", "crossbeam-deque", "pin-project-lite", "slab"]),
    },
    Row {
        name: "mini-async",
        folder: "adapters/async",
        ours: &["mini-reactor"],
        others: Some(&["futures-core", "futures-io", "rustix"]),
    },
    Row {
        name: "mini-hyper",
        folder: "adapters/hyper",
        ours: &["mini-async", "mini-reactor"],
        others: Some(&["futures-io", "hyper"]),
    },
    Row {
        name: "mini-reactor-mio",
        folder: "backends/mio",
        ours: &["mini-reactor"],
        others: Some(&["mio"]),
    },
    Row {
        name: "mini-reactor-uring",
        folder: "backends/uring",
        ours: &["mini-reactor"],
        others: Some(&["io-uring", "rustix"]),
    },
    Row {
        name: "mini-reactor-sim",
        folder: "backends/sim",
        ours: &["mini-reactor"],
        others: Some(&[]),
    },
    Row {
        name: "mini-reactor-tokio",
        folder: "backends/tokio",
        ours: &["mini-reactor"],
        others: Some(&["tokio"]),
    },
    Row {
        name: "mini-reactor-trace",
        folder: "backends/trace",
        ours: &["mini-reactor"],
        others: Some(&["rustix", "serde_json"]),
    },
    Row {
        name: "mini-reactor-conformance",
        folder: "conformance",
        ours: &["mini-reactor"],
        others: Some(&["async-task", "rustix"]),
    },
    Row {
        name: "compare",
        folder: "compare",
        ours: &[
            "mini-async",
            "mini-executor-fork-join",
            "mini-executor-single-thread",
            "mini-executor-work-stealing",
            "mini-hyper",
            "mini-reactor",
            "mini-reactor-mio",
            "mini-reactor-uring",
            "mini-reactor-tokio",
            "mini-reactor-trace",
        ],
        others: None,
    },
    Row { name: "xtask", folder: "xtask", ours: &[], others: Some(&[]) },
];

/// Siblings that may see each other all the same: from, to.
const SIBLINGS: [(&str, &str); 2] = [("mini-async", "mini-blocking"), ("mini-hyper", "mini-async")];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    Core,
    Middle,
    Top,
    /// Depends on nothing of ours, and nothing on it.
    Tool,
}

fn layer(folder: &str) -> Option<Layer> {
    match folder.split('/').next().unwrap_or_default() {
        "reactor" => Some(Layer::Core),
        "executors" | "adapters" | "backends" | "conformance" => Some(Layer::Middle),
        "compare" | "interop-tests" | "runtime" | "drop-in" => Some(Layer::Top),
        "xtask" => Some(Layer::Tool),
        _ => None,
    }
}

fn may_see(from: &Row, to: &Row) -> bool {
    let (Some(above), Some(below)) = (layer(from.folder), layer(to.folder)) else { return false };
    let down = above > below && above != Layer::Tool && below != Layer::Tool;
    down || SIBLINGS.contains(&(from.name, to.name))
}

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    against(tree, TABLE)
}

fn against(tree: &Tree, table: &[Row]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &tree.packages {
        match table.iter().find(|row| row.name == package.name) {
            Some(row) => compare(package, row, table, &mut findings),
            None => findings
                .push(finding(&package.folder, format!("`{}` is not in the table", package.name))),
        }
    }
    for row in table {
        if tree.packages.iter().all(|package| package.name != row.name) {
            findings
                .push(finding(row.folder, format!("`{}` is in the table but no member", row.name)));
        }
        for seen in row.ours {
            match table.iter().find(|other| other.name == *seen) {
                Some(other) if may_see(row, other) => {}
                Some(_) => {
                    let message =
                        format!("`{}` may not depend on `{seen}`: arrows point down", row.name);
                    findings.push(finding(row.folder, message));
                }
                None => findings.push(finding(row.folder, format!("`{seen}` is not in the table"))),
            }
        }
    }
    findings
}

fn compare(package: &Package, row: &Row, table: &[Row], findings: &mut Vec<Finding>) {
    if package.folder != row.folder {
        findings.push(finding(&package.folder, format!("the table has it in {}", row.folder)));
    }
    let declared: BTreeSet<&str> = package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind != "dev")
        .map(|dependency| dependency.name.as_str())
        .collect();
    let is_ours = |name: &str| table.iter().any(|row| row.name == name);
    for name in &declared {
        let listed = match row.others {
            _ if is_ours(name) => row.ours.contains(name),
            Some(others) => others.contains(name),
            None => true,
        };
        if !listed {
            let message =
                format!("`{}` depends on `{name}`, which the table does not say", package.name);
            findings.push(finding(&package.folder, message));
        }
    }
    for name in row.ours.iter().chain(row.others.unwrap_or_default()) {
        if !declared.contains(name) {
            let message =
                format!("the table says `{}` depends on `{name}`; it does not", package.name);
            findings.push(finding(&package.folder, message));
        }
    }
}

fn finding(folder: &str, message: String) -> Finding {
    Finding::new(&format!("{folder}/Cargo.toml"), 0, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn row(
        name: &'static str,
        folder: &'static str,
        ours: &'static [&'static str],
        others: Option<&'static [&'static str]>,
    ) -> Row {
        Row { name, folder, ours, others }
    }

    fn found(tree: &Tree, table: &[Row]) -> Vec<String> {
        against(tree, table).iter().map(Finding::to_string).collect()
    }

    fn tree() -> Tree {
        Tree::of(&[])
            .with_package("core", "reactor", &["linkme"])
            .with_package("async", "adapters/async", &["core"])
            .with_package("app", "compare", &["core", "async", "anything"])
    }

    #[test]
    fn a_true_table_is_accepted() {
        let table = [
            row("core", "reactor", &[], Some(&["linkme"])),
            row("async", "adapters/async", &["core"], Some(&[])),
            row("app", "compare", &["core", "async"], None),
        ];
        assert_eq!(found(&tree(), &table), [""; 0]);
    }

    #[test]
    fn a_table_that_differs_from_cargo_is_found() {
        let table = [
            row("core", "reactor", &[], Some(&["rustix"])),
            row("async", "adapters/a", &["core"], Some(&[])),
            row("gone", "backends/gone", &["core"], Some(&[])),
        ];
        assert_eq!(
            found(&tree(), &table),
            [
                "reactor/Cargo.toml: `core` depends on `linkme`, which the table does not say",
                "reactor/Cargo.toml: the table says `core` depends on `rustix`; it does not",
                "adapters/async/Cargo.toml: the table has it in adapters/a",
                "compare/Cargo.toml: `app` is not in the table",
                "backends/gone/Cargo.toml: `gone` is in the table but no member",
            ]
        );
    }

    #[test]
    fn arrows_that_do_not_point_down_are_found() {
        let core = || row("core", "reactor", &[], None);
        let up =
            [core(), row("x", "executors/x", &["y"], None), row("y", "compare", &["core"], None)];
        let sibling = [
            core(),
            row("x", "executors/x", &["y"], None),
            row("y", "backends/y", &["core"], None),
        ];
        let tool = [core(), row("x", "xtask", &["core"], None)];
        let unknown = [core(), row("x", "executors/x", &["z"], None)];
        for (table, expected) in [
            (&up[..], "executors/x/Cargo.toml: `x` may not depend on `y`: arrows point down"),
            (&sibling, "executors/x/Cargo.toml: `x` may not depend on `y`: arrows point down"),
            (&tool, "xtask/Cargo.toml: `x` may not depend on `core`: arrows point down"),
            (&unknown, "executors/x/Cargo.toml: `z` is not in the table"),
        ] {
            assert!(found(&Tree::of(&[]), table).iter().any(|one| one == expected), "{expected}");
        }
        let known = [
            core(),
            row("mini-hyper", "adapters/hyper", &["mini-async"], None),
            row("mini-async", "adapters/async", &["core"], None),
        ];
        assert!(!found(&Tree::of(&[]), &known).iter().any(|one| one.contains("arrows")));
    }

    #[test]
    fn development_dependencies_are_free() {
        let mut tree = Tree::of(&[]).with_package("core", "reactor", &["tokio"]);
        tree.packages[0].dependencies[0].kind = "dev".into();
        assert_eq!(found(&tree, &[row("core", "reactor", &[], Some(&[]))]), [""; 0]);
    }
}
