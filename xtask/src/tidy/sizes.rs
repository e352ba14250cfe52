//! One idea per file, one screen or two per function.
//!
//! Lines of code are counted: blank lines and comments are free, and so are a file's own unit
//! tests. The list of exceptions is a ratchet: a file or function may shrink below its entry but
//! never grow beyond it, and an entry that is not needed any more has to go.

use super::Finding;
use crate::rust::cfg::Class;
use crate::rust::items::functions;
use crate::tree::Tree;

const FILE_LINES_MAX: usize = 300;
const FUNCTION_LINES_MAX: usize = 70;

/// A file, or a function in it, that may be longer.
struct Exception {
    path: &'static str,
    /// Empty for the file.
    function: &'static str,
    lines_max: usize,
    reason: &'static str,
}

const EXCEPTIONS: &[Exception] = &[];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    against(tree, EXCEPTIONS)
}

fn against(tree: &Tree, exceptions: &[Exception]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut needed = vec![false; exceptions.len()];
    for (path, source) in &tree.sources {
        let lines = source.lines(Class::Product);
        let mut sizes = vec![("", 0, lines.product + lines.elsewhere, FILE_LINES_MAX)];
        for function in functions(source) {
            sizes.push((function.name, function.line, function.length, FUNCTION_LINES_MAX));
        }
        for (name, line, length, usual_max) in sizes.into_iter().filter(|size| size.2 > size.3) {
            let excepted =
                exceptions.iter().position(|one| one.path == path && one.function == name);
            let max = excepted.map_or(usual_max, |index| exceptions[index].lines_max);
            if let Some(index) = excepted {
                needed[index] = true;
            }
            if length > max {
                let what =
                    if name.is_empty() { "the file".to_owned() } else { format!("`{name}`") };
                findings.push(Finding::new(
                    path,
                    line,
                    format!("{what} has {length} lines of code of {max}"),
                ));
            }
        }
    }
    for (exception, needed) in exceptions.iter().zip(needed) {
        if !needed {
            let Exception { path, function, reason, .. } = exception;
            let message = format!("the exception `{function}` ({reason}) is not needed any more");
            findings.push(Finding::new(path, 0, message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, exceptions: &[Exception]) -> Vec<String> {
        against(&Tree::of(&[("a.rs", text)]), exceptions).iter().map(Finding::to_string).collect()
    }

    fn exception(function: &'static str, lines_max: usize) -> Exception {
        Exception { path: "a.rs", function, lines_max, reason: "old" }
    }

    #[test]
    fn a_long_file_is_found() {
        let text = "const A: u8 = 1;\n\n// c\n".repeat(301);
        assert_eq!(found(&text, &[]), ["a.rs: the file has 301 lines of code of 300"]);
        assert_eq!(found(&text, &[exception("", 301)]), [""; 0]);
        assert_eq!(found(&text, &[exception("", 300)]).len(), 1);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{text}\n}}");
        assert_eq!(found(&tests, &[]), [""; 0]);
    }

    #[test]
    fn a_long_function_is_found() {
        let text = format!("//! A\nfn f() {{\n{}}}", "g();\n// c\n".repeat(71));
        assert_eq!(found(&text, &[]), ["a.rs:2: `f` has 71 lines of code of 70"]);
        assert_eq!(found(&text, &[exception("f", 80)]), [""; 0]);
    }

    #[test]
    fn an_exception_nobody_needs_is_found() {
        let expected = ["a.rs: the exception `f` (old) is not needed any more"];
        assert_eq!(found("fn f() {}", &[exception("f", 80)]), expected);
    }
}
