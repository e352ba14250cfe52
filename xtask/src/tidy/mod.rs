//! The rules that keep the repository readable, checked by a program so that reviewers need not.
//!
//! A rule is a name, a sentence and a function from a [`Tree`] to findings. Exceptions are literal
//! lists beside the rule they except from, each entry with its reason; an entry that is no longer
//! needed is a finding too, so the lists only shrink. Rules check what a compiler, rustfmt or
//! clippy does not, or does not on every platform.

mod cfgs;
mod form;
mod globals;
mod layers;
mod links;
mod orderings;
mod perimeter;
mod sizes;
mod words;

use crate::tree::Tree;
use std::fmt;

/// Something against a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) path: String,
    /// From 1; 0 for the file as a whole.
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(formatter, "{}: {}", self.path, self.message),
            line => write!(formatter, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// A rule of the repository.
#[derive(Debug)]
struct Rule {
    name: &'static str,
    /// What it demands, in one sentence.
    demands: &'static str,
    check: fn(&Tree) -> Vec<Finding>,
}

/// Every rule.
const RULES: [Rule; 13] = [
    rule("rust", "every file can be read: literals end, delimiters pair", form::readable),
    rule("layers", "crates depend on what tidy/layers.rs says; arrows point down", layers::check),
    rule("globals", "libraries declare no global reactor and start no threads", globals::check),
    rule("unsafe", "`unsafe` stands only in the files of tidy/perimeter.rs", perimeter::listed),
    rule("safety", "every `unsafe` is argued by `SAFETY:` or `# Safety`", perimeter::argued),
    rule("headers", "every file of Rust opens with `//!`", form::headers),
    rule("columns", "100 columns of Rust, but for addresses and tables", form::columns),
    rule("sizes", "300 lines of code a file, 70 a function, but for tidy/sizes.rs", sizes::check),
    rule("reached", "every file of Rust belongs to a target", form::reached_by_targets),
    rule("cfgs", "the core has `cfg` only on `mod` lines of sys/mod.rs, no features", cfgs::check),
    rule("orderings", "every memory ordering but Relaxed is explained", orderings::check),
    rule("links", "links in Markdown lead to a file, heading or line", links::check),
    rule("words", "no notes to self, no paths of one machine, no absent documents", words::check),
];

const fn rule(name: &'static str, demands: &'static str, check: fn(&Tree) -> Vec<Finding>) -> Rule {
    Rule { name, demands, check }
}

pub(crate) fn help() -> String {
    let mut help = String::from(
        "Checks the rules of this repository and prints what is against them.\n\n\
         Usage: cargo xtask tidy [RULE …]\n\n\
         Without a name, every rule. The exit code is 1 if there is any finding. The rules are\n\
         unit tests of xtask too.\n\n\
         Rules:\n",
    );
    for rule in &RULES {
        help.push_str(&format!("  {:<10} {}\n", rule.name, rule.demands));
    }
    help.trim_end().to_owned()
}

/// Checks every rule, or those named, and prints what is against it.
///
/// # Errors
/// If there are findings, if a name is no rule's, or if the repository cannot be read.
pub(crate) fn run(names: &[String]) -> Result<(), String> {
    if let Some(unknown) = names.iter().find(|name| RULES.iter().all(|rule| rule.name != **name)) {
        return Err(format!("there is no rule `{unknown}`; `cargo xtask tidy --help` lists them"));
    }
    let tree = Tree::read()?;
    let mut total = 0;
    for rule in
        RULES.iter().filter(|rule| names.is_empty() || names.iter().any(|name| name == rule.name))
    {
        let findings = sorted(rule, &tree);
        for finding in &findings {
            println!("{finding} [{}]", rule.name);
        }
        total += findings.len();
    }
    println!("tidy: {} files, {total} findings", tree.files.len());
    if total == 0 { Ok(()) } else { Err(format!("findings: {total}")) }
}

fn sorted(rule: &Rule, tree: &Tree) -> Vec<Finding> {
    let mut findings = (rule.check)(tree);
    findings.sort();
    findings.dedup();
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;

    static REPOSITORY: LazyLock<Tree> = LazyLock::new(|| Tree::read().unwrap());

    /// One rule on the real repository. A test each, so that a failing run names the rule.
    fn holds(name: &str) {
        let rule = RULES.iter().find(|rule| rule.name == name).unwrap();
        let findings: Vec<_> = sorted(rule, &REPOSITORY).iter().map(Finding::to_string).collect();
        assert!(findings.is_empty(), "{}:\n{}", rule.demands, findings.join("\n"));
    }

    macro_rules! repository {
        ($($rule:ident),*) => {$(
            #[test]
            fn $rule() {
                holds(stringify!($rule).trim_start_matches("rule_"));
            }
        )*

            #[test]
            fn every_rule_has_a_test() {
                let tested = [$(stringify!($rule).trim_start_matches("rule_")),*];
                assert_eq!(tested, RULES.map(|rule| rule.name));
            }
        };
    }

    repository!(
        rule_rust,
        rule_layers,
        rule_globals,
        rule_unsafe,
        rule_safety,
        rule_headers,
        rule_columns,
        rule_sizes,
        rule_reached,
        rule_cfgs,
        rule_orderings,
        rule_links,
        rule_words
    );

    #[test]
    fn findings_print_their_place() {
        assert_eq!(Finding::new("a.rs", 3, "x").to_string(), "a.rs:3: x");
        assert_eq!(Finding::new("a.rs", 0, "x").to_string(), "a.rs: x");
    }
}
