//! What a reader of the repository could not make sense of.
//!
//! Notes to self belong into the tracker; a path of one machine means nothing on another; a
//! document that is not here cannot be looked up. What has to be said is said in place, in its own
//! words. (The words are put together from pieces, so that this file does not break its own rule.)

use super::Finding;
use crate::tree::Tree;

/// Words that may stand nowhere, with what to do instead.
const WORDS: [(&str, &str); 9] = [
    (concat!("TO", "DO"), "do it, or say in words what is absent and why"),
    (concat!("FIX", "ME"), "do it, or say in words what is absent and why"),
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/ro", "ot/"), "a path of one machine"),
    (concat!("/ho", "me/"), "a path of one machine"),
    (concat!("/tm", "p/"), "a path of one machine; programs ask `std::env::temp_dir`"),
    (concat!("DES", "IGN.md"), "not in the repository: say it here"),
    (concat!("research ", "notes"), "not in the repository: say it here"),
    (concat!("re", "search/"), "not in the repository: say it here"),
];

/// Files that others wrote or programs keep.
const SKIPPED: [&str; 3] = ["Cargo.lock", "LICENSE-APACHE", "LICENSE-MIT"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| !SKIPPED.contains(path)) {
        for (index, line) in text.lines().enumerate() {
            for (word, advice) in WORDS {
                if holds_word(line, word) {
                    findings.push(Finding::new(path, index + 1, format!("`{word}`: {advice}")));
                }
            }
            if numbers_an_issue(line) {
                let message = "an issue by its number: say it here, or link it";
                findings.push(Finding::new(path, index + 1, message));
            }
        }
    }
    findings
}

/// Whether `word` stands in `line` with no letter, digit, `.`, `-` or `$…` path before it and no
/// letter behind it.
fn holds_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let part = |character: char| {
            character.is_alphanumeric() || matches!(character, '_' | '.' | '-' | '}')
        };
        let before = line[..at].chars().next_back().is_some_and(part);
        let behind =
            !word.ends_with('/') && line[at + word.len()..].starts_with(char::is_alphanumeric);
        !before && !behind
    })
}

/// Whether the line speaks of an issue by a bare number, such as `#` and digits behind the word.
fn numbers_an_issue(line: &str) -> bool {
    let lower = line.to_lowercase();
    lower.match_indices("issue ").any(|(at, word)| {
        let rest = lower[at + word.len()..].trim_start_matches('#');
        let alone = !lower[..at].ends_with(char::is_alphanumeric);
        alone && rest.starts_with(|character: char| character.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found() {
        for (word, _) in WORDS {
            let text = format!("fine\n// see {word}\n");
            let found = check(&Tree::of(&[("a.rs", &text)]));
            assert_eq!(found.len(), 1, "{word}");
            assert_eq!(found[0].line, 2);
        }
    }

    #[test]
    fn an_issue_by_number_is_found() {
        let issue = "issue";
        let text =
            format!("see {issue} 12\nsee {issue} #3\n{issue}s 4\nreissue 5\nan {issue} of 6\n");
        let lines: Vec<_> =
            check(&Tree::of(&[("a.md", &text)])).iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [1, 2]);
    }

    #[test]
    fn other_words_are_left_alone() {
        let text = "net/wo".to_owned()
            + "rk/x executors/work-stealing/ $HO"
            + "ME ${dir}/tm"
            + "p/x todo mastodon";
        assert_eq!(check(&Tree::of(&[("a.md", &text), ("b/Cargo.lock", "")])), []);
    }
}
