//! `cfg` predicates: read them, and say which build they select.
//!
//! Lines are counted for one build, the default one on Linux, and tests are no part of the product.
//! So a predicate is asked one question: does it hold there? ([`Predicate::class`]). Names it does
//! not know count as unset, as cargo itself does with a `--cfg` nobody passed.

use super::lexer::{Kind, Token};

/// Which build a piece of code belongs to. Ordered: what stands inside something belongs to the
/// greater of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Compiled into the crate by default on Linux.
    Product,
    /// Compiled on other systems, or with a `--cfg` of its own.
    Elsewhere,
    /// Compiled only for tests, documentation tests or models.
    Test,
}

/// One predicate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Predicate {
    /// `unix`
    Name(String),
    /// `target_os = "linux"`, without the quotes
    Equals(String, String),
    All(Vec<Predicate>),
    Any(Vec<Predicate>),
    Not(Box<Predicate>),
}

/// Names that only tests, documentation tests and model checkers set.
const TEST_NAMES: [&str; 3] = ["test", "doctest", "loom"];

impl Predicate {
    /// Reads one predicate from the code tokens at the start of `tokens`; `None` if it is none.
    pub(crate) fn parse(text: &str, tokens: &[Token]) -> Option<Predicate> {
        Reader { text, tokens, at: 0 }.predicate()
    }

    /// The build that code under this predicate belongs to.
    pub(crate) fn class(&self) -> Class {
        if self.only_for_tests() {
            Class::Test
        } else if self.holds_on_linux() {
            Class::Product
        } else {
            Class::Elsewhere
        }
    }

    /// Every name in it, `all`, `any` and `not` left out.
    pub(crate) fn names(&self) -> Vec<&str> {
        match self {
            Predicate::Name(name) | Predicate::Equals(name, _) => vec![name],
            Predicate::All(parts) | Predicate::Any(parts) => {
                parts.iter().flat_map(Predicate::names).collect()
            }
            Predicate::Not(part) => part.names(),
        }
    }

    fn only_for_tests(&self) -> bool {
        match self {
            Predicate::Name(name) => TEST_NAMES.contains(&name.as_str()),
            Predicate::Equals(..) | Predicate::Not(_) => false,
            Predicate::All(parts) => parts.iter().any(Predicate::only_for_tests),
            Predicate::Any(parts) => {
                !parts.is_empty() && parts.iter().all(Predicate::only_for_tests)
            }
        }
    }

    fn holds_on_linux(&self) -> bool {
        match self {
            Predicate::Name(name) => matches!(name.as_str(), "unix" | "debug_assertions"),
            Predicate::Equals(name, value) => matches!(
                (name.as_str(), value.as_str()),
                ("target_os", "linux")
                    | ("target_family", "unix")
                    | ("target_arch", "x86_64")
                    | ("target_pointer_width", "64")
                    | ("target_endian", "little")
                    | ("target_has_atomic", _)
                    | ("panic", "unwind")
            ),
            Predicate::All(parts) => parts.iter().all(Predicate::holds_on_linux),
            Predicate::Any(parts) => parts.iter().any(Predicate::holds_on_linux),
            Predicate::Not(part) => !part.holds_on_linux(),
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
}

impl Reader<'_> {
    fn predicate(&mut self) -> Option<Predicate> {
        let name = self.take(Kind::Word)?.to_owned();
        if self.take(Kind::Open('(')).is_some() {
            let mut parts = Vec::new();
            while self.take(Kind::Close(')')).is_none() {
                parts.push(self.predicate()?);
                self.take(Kind::Punct(','));
            }
            return match (name.as_str(), parts.len()) {
                ("all", _) => Some(Predicate::All(parts)),
                ("any", _) => Some(Predicate::Any(parts)),
                ("not", 1) => parts.pop().map(|part| Predicate::Not(Box::new(part))),
                _ => None,
            };
        }
        if self.take(Kind::Punct('=')).is_some() {
            let value = self.take(Kind::Text)?.trim_matches('"').to_owned();
            return Some(Predicate::Equals(name, value));
        }
        Some(Predicate::Name(name))
    }

    /// The text of the next token, if it is of this kind.
    fn take(&mut self, kind: Kind) -> Option<&str> {
        let token = self.tokens.get(self.at).filter(|token| token.kind == kind)?;
        self.at += 1;
        Some(&self.text[token.start..token.end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rust::lexer::lex;

    fn class(text: &str) -> Class {
        Predicate::parse(text, &lex(text).unwrap()).unwrap().class()
    }

    #[test]
    fn tests_are_told_from_other_systems() {
        assert_eq!(class("test"), Class::Test);
        assert_eq!(class("all(test, loom)"), Class::Test);
        assert_eq!(class("all(test, unix)"), Class::Test);
        assert_eq!(class("any(test, loom)"), Class::Test);
        assert_eq!(class("any(test, unix)"), Class::Product);
        assert_eq!(class("not(test)"), Class::Product);
        assert_eq!(class("not(loom)"), Class::Product);
        assert_eq!(class("windows"), Class::Elsewhere);
        assert_eq!(class("any(unix, windows)"), Class::Product);
        assert_eq!(class("target_os = \"linux\""), Class::Product);
        assert_eq!(class("not(target_os = \"linux\")"), Class::Elsewhere);
        assert_eq!(class("any(not(target_os = \"linux\"), poller)"), Class::Elsewhere);
        assert_eq!(class("all(target_os = \"linux\", not(poller))"), Class::Product);
        assert_eq!(class("target_os = \"macos\""), Class::Elsewhere);
        assert_eq!(class("feature = \"extra\""), Class::Elsewhere);
    }

    #[test]
    fn what_is_no_predicate_is_not_read_as_one() {
        for text in ["", "(unix)", "not(a, b)", "some(unix)", "target_os = linux"] {
            assert_eq!(Predicate::parse(text, &lex(text).unwrap()), None, "{text}");
        }
    }

    #[test]
    fn names_are_listed() {
        let text = "all(unix, not(any(target_os = \"linux\", loom)))";
        let predicate = Predicate::parse(text, &lex(text).unwrap()).unwrap();
        assert_eq!(predicate.names(), ["unix", "target_os", "loom"]);
    }
}
