//! Every memory ordering beyond `Relaxed` says what it pairs with.
//!
//! An acquire without the release it reads from orders nothing, and a reviewer cannot guess which
//! one was meant. So the function that uses an ordering has a comment, before or inside it, that
//! names this ordering; what the comment says about it is for people to judge.

use super::Finding;
use crate::rust::cfg::Class;
use crate::rust::items::{Item, items};
use crate::rust::source::Source;
use crate::tree::Tree;

const ORDERINGS: [&str; 4] = ["Acquire", "Release", "AcqRel", "SeqCst"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in tree.packages.iter().filter(|package| package.is_library()) {
        for (path, class) in tree.product_files(package) {
            if class != Class::Test {
                unexplained(&path, &tree.sources[&path], &mut findings);
            }
        }
    }
    findings
}

fn unexplained(path: &str, source: &Source, findings: &mut Vec<Finding>) {
    let items = items(source);
    for at in (0..source.code.len()).filter(|at| source.classes[*at] != Class::Test) {
        let ordering = source.word(at);
        let innermost = items
            .iter()
            .filter(|item| (item.first..=item.last).contains(&at))
            .max_by_key(|item| item.first);
        let Some(item) =
            innermost.filter(|item| ORDERINGS.contains(&ordering) && item.head != "use")
        else {
            continue;
        };
        if !comments(source, item).any(|comment| names(comment, ordering)) {
            let message =
                format!("`{ordering}`: no comment of this function says what it pairs with");
            findings.push(Finding::new(path, source.line(at), message));
        }
    }
}

/// The comments before and inside an item.
fn comments<'a>(source: &'a Source, item: &Item<'_>) -> impl Iterator<Item = &'a str> {
    let begin = item.first.checked_sub(1).map_or(0, |before| source.code[before].end);
    let end = source.code[item.last].end;
    source
        .comments
        .iter()
        .filter(move |comment| comment.start >= begin && comment.end <= end)
        .map(|comment| &source.text[comment.start..comment.end])
}

/// Whether `word` stands in the comment as a word of its own.
fn names(comment: &str, word: &str) -> bool {
    comment.split(|character: char| !character.is_alphanumeric()).any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordering_without_a_comment_is_found() {
        let text = "//! AcqRel\nuse std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};\n\
                    /// AcqRel: pairs with `b`.\nfn a() { x.swap(1, AcqRel); }\n\
                    // Acquired elsewhere\nimpl B { fn b() {\n x.load(Acquire);\n} }\n\
                    fn c() {\n // Acquire: pairs with `a`\n x.load(Ordering::Acquire);\n}\n\
                    const D: Ordering = Ordering::SeqCst;\n\
                    #[cfg(test)]\nmod tests { fn e() { x.load(SeqCst) } }\n";
        let tree = Tree::of(&[("a/src/lib.rs", text)]).with_package("a", "a", &[]);
        let found: Vec<_> = check(&tree).into_iter().map(|finding| finding.line).collect();
        assert_eq!(found, [7, 13]);
    }
}
