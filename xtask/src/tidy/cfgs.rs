//! One place that says which platform runs what.
//!
//! In the core, a reader never has to evaluate a `cfg` to know what a function does: the platform
//! is chosen on the `mod` lines of `sys/mod.rs` and nowhere else. Tests may stand behind
//! `cfg(test)` and `cfg(doctest)`; the model checker's types are swapped in in `sync.rs`;
//! `cfg!(debug_assertions)` is an expression that always compiles. There are no features: a core
//! that is the same in every program can be reasoned about once.

use super::Finding;
use crate::rust::cfg::Predicate;
use crate::rust::items::items;
use crate::rust::lexer::Kind;
use crate::rust::source::{Attribute, Source};
use crate::tree::Tree;

const FOLDER: &str = "reactor/src/";
const CHOOSER: &str = "reactor/src/sys/mod.rs";
const FACADE: &str = "reactor/src/sync.rs";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in tree.sources.iter().filter(|(path, _)| path.starts_with(FOLDER)) {
        for attribute in &source.attributes {
            let stands_well = match attribute.name.as_str() {
                "cfg" => {
                    on_module(path, source, attribute)
                        || is_free(path, attribute.predicate.as_ref())
                }
                "cfg_attr" => false,
                _ => true,
            };
            if !stands_well {
                let message = "`cfg` outside the `mod` lines of sys/mod.rs";
                findings.push(Finding::new(path, source.line(attribute.first), message));
            }
        }
        for at in 0..source.code.len() {
            if source.kind(at + 1) == Kind::Punct('!') && !macro_is_free(source, at) {
                let message =
                    format!("`{}!` chooses by platform outside sys/mod.rs", source.word(at));
                findings.push(Finding::new(path, source.line(at), message));
            }
        }
    }
    for package in
        tree.packages.iter().filter(|package| FOLDER.starts_with(&format!("{}/", package.folder)))
    {
        for feature in &package.features {
            let path = format!("{}/Cargo.toml", package.folder);
            findings.push(Finding::new(
                &path,
                0,
                format!("the feature `{feature}`: the core has none"),
            ));
        }
    }
    findings
}

/// Whether the attribute is that of a `mod` item in the file that chooses.
fn on_module(path: &str, source: &Source, attribute: &Attribute) -> bool {
    path == CHOOSER
        && items(source)
            .iter()
            .any(|item| item.head == "mod" && (item.first..item.at).contains(&attribute.first))
}

/// Whether the predicate is about tests, or about models in the file that may swap types for them.
fn is_free(path: &str, predicate: Option<&Predicate>) -> bool {
    predicate.is_some_and(|predicate| {
        let names = predicate.names();
        let is_test = names.contains(&"test");
        names.iter().all(|name| {
            matches!(*name, "test" | "doctest") || (*name == "loom" && (is_test || path == FACADE))
        })
    })
}

fn macro_is_free(source: &Source, at: usize) -> bool {
    match source.word(at) {
        "cfg" => matches!(source.word(at + 3), "debug_assertions" | "test"),
        "cfg_select" | "cfg_if" => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<usize> {
        check(&Tree::of(&[(path, text)])).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_cfg_in_the_core_is_found() {
        let text = "#[cfg(unix)]\nfn f() {}\n#[cfg_attr(docsrs, doc)]\nfn g() {\n\
                    #[cfg(windows)]\nh();\n}\n\
                    #[cfg(not(test))]\n#[cfg(doctest)]\n#[cfg(all(test, loom))]\nfn i() {}\n\
                    #[cfg(loom)]\nuse a;\nfn j() { if cfg!(windows) {} }\n\
                    fn k() { cfg!(debug_assertions) }\ncfg_if! {}\n#[inline]\nfn l() {}";
        let facade = "#[cfg(loom)]\nuse a;\n#[cfg(all(loom, unix))]\nuse b;";
        assert_eq!(found("reactor/src/a.rs", text), [1, 3, 5, 12, 14, 16]);
        assert_eq!(found("reactor/src/sync.rs", facade), [3]);
        assert_eq!(found("adapters/async/src/a.rs", text), [0; 0]);
    }

    #[test]
    fn only_mod_lines_choose() {
        let text = "//! A\n#[cfg(unix)]\npub(crate) mod a;\n\
                    #[cfg(windows)]\n#[path = \"c.rs\"]\nmod b;\n#[cfg(unix)]\nuse a::C;";
        assert_eq!(found(CHOOSER, text), [7]);
    }

    #[test]
    fn a_feature_is_found() {
        let mut tree = Tree::of(&[]).with_package("mini-reactor", "reactor", &[]);
        tree.packages[0].features.push("default".into());
        assert_eq!(
            check(&tree)[0].to_string(),
            "reactor/Cargo.toml: the feature `default`: the core has none"
        );
    }
}
