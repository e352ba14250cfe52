//! Links in Markdown lead somewhere.
//!
//! Checked is what the repository itself can answer: files, folders, headings (by the anchors that
//! forges make of them) and line numbers. Addresses of other sites are left alone, and links in
//! Rust documentation are rustdoc's to check.

use super::Finding;
use crate::rust::modules::join;
use crate::tree::Tree;
use std::collections::BTreeMap;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| path.ends_with(".md")) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (line, target) in targets(text) {
            if let Some(message) = dead(tree, path, folder, &target) {
                findings.push(Finding::new(path, line, format!("`{target}`: {message}")));
            }
        }
    }
    findings
}

/// Why a target leads nowhere, if it does.
fn dead(tree: &Tree, path: &str, folder: &str, target: &str) -> Option<&'static str> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = match file.strip_prefix('/') {
        Some(_) => return Some("an absolute path; write it relative to this file"),
        None if file.is_empty() => path.to_owned(),
        None => join(folder, &file.replace("%20", " ")),
    };
    if !tree.has(&file) {
        return Some("no such file");
    }
    let text = tree.files.get(&file)?.as_deref()?;
    if anchor.is_empty() {
        None
    } else if file.ends_with(".md") {
        (!anchors(text).contains(&anchor.to_lowercase())).then_some("no such heading")
    } else {
        let last = anchor.rsplit('-').next().unwrap_or_default().trim_start_matches('L');
        let exists =
            last.parse().is_ok_and(|line: usize| (1..=text.lines().count()).contains(&line));
        (!exists).then_some("no such line")
    }
}

/// Lines of Markdown outside fenced code, numbered from 1.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut fence: Option<&str> = None;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let start = line.trim_start();
        let marks = |mark: char| start.len() - start.trim_start_matches(mark).len();
        let mark = &start[..marks('`').max(marks('~'))];
        match fence {
            Some(open) if mark.starts_with(open) && start.trim_end() == mark => fence = None,
            Some(_) => {}
            None if mark.len() >= 3 => fence = Some(mark),
            None => lines.push((index + 1, line)),
        }
    }
    lines
}

/// The line without what stands between backquotes.
fn without_code(line: &str) -> String {
    let mut rest = line;
    let mut kept = String::new();
    while let Some(open) = rest.find('`') {
        let marks = rest[open..].len() - rest[open..].trim_start_matches('`').len();
        let quotes = &rest[open..open + marks];
        let after = open + marks;
        let Some(close) = rest[after..].find(quotes) else { break };
        kept.push_str(&rest[..open]);
        rest = &rest[after + close + marks..];
    }
    kept + rest
}

/// What the links of a document lead to, with the line.
fn targets(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line, prose) in prose(text) {
        let prose = without_code(prose);
        let mut rest = prose.as_str();
        while let Some(at) = rest.find("](") {
            rest = &rest[at + 2..];
            found.push((line, cut(until_close(rest))));
        }
        for attribute in ["href=\"", "src=\""] {
            for part in prose.split(attribute).skip(1) {
                found.push((line, part.split('"').next().unwrap_or_default().to_owned()));
            }
        }
        let label = prose.trim_start();
        if let (true, Some((_, target))) =
            (label.starts_with('[') && !label.starts_with("[^"), label.split_once("]: "))
        {
            found.push((line, cut(target.trim_start())));
        }
    }
    found
}

/// The target without a title behind it and without pointed brackets.
fn cut(target: &str) -> String {
    match target.strip_prefix('<') {
        Some(pointed) => pointed.split('>').next().unwrap_or_default().to_owned(),
        None => target.split_whitespace().next().unwrap_or_default().to_owned(),
    }
}

/// The text up to the `)` that belongs to a `(` just before it.
fn until_close(text: &str) -> &str {
    let mut depth = 1_usize;
    for (index, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[..index];
        }
    }
    text
}

/// The anchors of a document: those that forges make of headings, and those it sets itself.
fn anchors(text: &str) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut anchors = Vec::new();
    for (_, line) in prose(text) {
        for attribute in ["id=\"", "name=\""] {
            let given = line.split(attribute).skip(1).filter_map(|part| part.split('"').next());
            anchors.extend(given.map(str::to_lowercase));
        }
        let level = line.len() - line.trim_start_matches('#').len();
        if !(1..=6).contains(&level) || !line[level..].starts_with([' ', '\t']) {
            continue;
        }
        let slug = slug(line[level..].trim().trim_end_matches('#').trim_end());
        let count = seen.entry(slug.clone()).or_insert(0);
        anchors.push(if *count == 0 { slug } else { format!("{slug}-{count}") });
        *count += 1;
    }
    anchors
}

/// A heading as an anchor: link targets dropped, lower case, punctuation dropped, spaces as
/// hyphens.
fn slug(heading: &str) -> String {
    let mut text = String::new();
    let mut rest = heading;
    while let Some(at) = rest.find("](") {
        text.push_str(&rest[..at]);
        rest = &rest[at + 2..];
        rest = &rest[(until_close(rest).len() + 1).min(rest.len())..];
    }
    text.push_str(rest);
    text.to_lowercase()
        .chars()
        .filter(|character| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_'))
        .map(|character| if character == ' ' { '-' } else { character })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_link_is_found() {
        let tree = Tree::of(&[
            (
                "docs/a.md",
                "# A `b` (c)\n\
                 [ok](../b/c.rs) [ok](../b) [ok](#a-b-c) [ok](https://x.y) [ok](../e.md#deep)\n\
                 [dead](c.rs)\n```text\n[code](nowhere)\n```\n`[code](nowhere)` [dead](#a)\n\
                 [ref]: nowhere\n\
                 [dead](../b/c.rs#L3) [ok](../b/c.rs#L1-L2) [ok](<../b/c.rs> \"title\")\n\
                 <img src=\"no.svg\">\n[dead](../../out.md) [dead](/b/c.rs)\n[^1]: note",
            ),
            ("b/c.rs", "//! C\n//! D"),
            ("e.md", "## Deep\n"),
        ]);
        let found: Vec<_> = check(&tree).iter().map(Finding::to_string).collect();
        assert_eq!(
            found,
            [
                "docs/a.md:3: `c.rs`: no such file",
                "docs/a.md:7: `#a`: no such heading",
                "docs/a.md:8: `nowhere`: no such file",
                "docs/a.md:9: `../b/c.rs#L3`: no such line",
                "docs/a.md:10: `no.svg`: no such file",
                "docs/a.md:11: `../../out.md`: no such file",
                "docs/a.md:11: `/b/c.rs`: an absolute path; write it relative to this file",
            ]
        );
    }

    #[test]
    fn headings_become_anchors() {
        let text = "# One\n## Two words & `code`!\n# One\n~~~\n# no\n~~~\n#no\n\
                    ### [Link](x.md) here ##\n<a id=\"Set\"></a>";
        assert_eq!(anchors(text), ["one", "two-words--code", "one-1", "link-here", "set"]);
    }

    #[test]
    fn parentheses_in_targets_pair() {
        assert_eq!(targets("[a](b(c).md) [d](e \"t\")"), [(1, "b(c).md".into()), (1, "e".into())]);
    }
}
