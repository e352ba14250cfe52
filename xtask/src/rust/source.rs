//! One file of Rust: its tokens, its attributes, and which build each token belongs to.
//!
//! Items under `#[cfg(test)]`, `#[test]` and the like are told apart here, once, so that no count
//! and no check has to. The end of an item is found by its delimiters, which is all that needs.

use super::cfg::{Class, Predicate};
use super::lexer::{Kind, Token, lex};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// A file of Rust. Indices are into `code` unless said otherwise.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) text: String,
    /// Every token that is no comment.
    pub(crate) code: Vec<Token>,
    /// Every comment, documentation included.
    pub(crate) comments: Vec<Token>,
    /// The build each code token belongs to, as far as this file says.
    pub(crate) classes: Vec<Class>,
    pub(crate) attributes: Vec<Attribute>,
    /// For each delimiter, the one it belongs to; for other tokens, themselves.
    partner: Vec<usize>,
}

/// `#[name …]` or `#![name …]`
#[derive(Debug)]
pub(crate) struct Attribute {
    /// Where it stands, from `#` to `]`.
    pub(crate) first: usize,
    pub(crate) last: usize,
    /// Whether it is about what encloses it: `#![…]`.
    pub(crate) inner: bool,
    pub(crate) name: String,
    /// What it tests, for `cfg` and `cfg_attr`.
    pub(crate) predicate: Option<Predicate>,
}

/// Lines that hold code, by the build they belong to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    pub(crate) product: usize,
    pub(crate) elsewhere: usize,
    pub(crate) test: usize,
}

/// Words that begin an item. What does not begin with one, behind an attribute, is a field, an arm
/// or a variant.
const ITEM_WORDS: [&str; 17] = [
    "async",
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "let",
    "macro_rules",
    "mod",
    "static",
    "struct",
    "trait",
    "type",
    "union",
    "unsafe",
    "use",
    "auto",
];

impl Source {
    /// Reads a file.
    ///
    /// # Errors
    /// Says where the text cannot be Rust: a literal that never ends, a delimiter that has no
    /// partner.
    pub(crate) fn parse(text: &str) -> Result<Source, String> {
        let (comments, code): (Vec<Token>, Vec<Token>) =
            lex(text)?.into_iter().partition(|token| matches!(token.kind, Kind::Comment(_)));
        let partner = partners(&code)?;
        let classes = vec![Class::Product; code.len()];
        let mut source = Source {
            text: text.to_owned(),
            code,
            comments,
            classes,
            attributes: Vec::new(),
            partner,
        };
        source.attributes = source.find_attributes();
        source.classify();
        Ok(source)
    }

    /// The text of a token; empty beyond the end.
    pub(crate) fn word(&self, index: usize) -> &str {
        self.code.get(index).map_or("", |token| &self.text[token.start..token.end])
    }

    /// The kind of a token; a space beyond the end.
    pub(crate) fn kind(&self, index: usize) -> Kind {
        self.code.get(index).map_or(Kind::Punct(' '), |token| token.kind)
    }

    /// The line of a token.
    pub(crate) fn line(&self, index: usize) -> usize {
        self.code.get(index).map_or(1, |token| token.first_line)
    }

    /// The delimiter that belongs to the one at `index`.
    pub(crate) fn partner(&self, index: usize) -> usize {
        self.partner[index]
    }

    /// How many lines hold code of each build. `base` is the build that the whole file belongs to.
    pub(crate) fn lines(&self, base: Class) -> Lines {
        let lines = self.classified_lines(base);
        let count = |wanted| lines.values().filter(|class| **class == wanted).count();
        Lines {
            product: count(Class::Product),
            elsewhere: count(Class::Elsewhere),
            test: count(Class::Test),
        }
    }

    /// The lines that hold code, with its build: of several on a line, the most product-like.
    pub(crate) fn classified_lines(&self, base: Class) -> BTreeMap<usize, Class> {
        let mut lines: BTreeMap<usize, Class> = BTreeMap::new();
        for (token, class) in self.code.iter().zip(&self.classes) {
            let class = base.max(*class);
            for line in token.first_line..=token.last_line {
                lines.entry(line).and_modify(|least| *least = class.min(*least)).or_insert(class);
            }
        }
        lines
    }

    /// How many lines hold code between two tokens, theirs left out unless they hold other code
    /// too.
    pub(crate) fn lines_between(&self, open: usize, close: usize) -> usize {
        let mut counted = 0;
        let mut last = 0;
        for token in &self.code[open + 1..close] {
            let from = token.first_line.max(last + 1);
            counted += (token.last_line + 1).saturating_sub(from);
            last = last.max(token.last_line);
        }
        counted
    }

    /// The last token of the item that begins at `first`, attributes and visibility already passed
    /// or not.
    pub(crate) fn item_end(&self, first: usize) -> usize {
        let mut at = self.after_visibility(self.after_attributes(first));
        let is_item = ITEM_WORDS.contains(&self.word(at));
        let statement = match self.word(at) {
            "use" | "let" | "static" | "type" => true,
            "const" => !matches!(self.word(at + 1), "fn" | "unsafe" | "async" | "extern" | "{"),
            _ => false,
        };
        let last = self.code.len().saturating_sub(1);
        while at <= last {
            match self.kind(at) {
                Kind::Open('{') if !statement => return self.partner[at],
                Kind::Open(_) => at = self.partner[at],
                Kind::Close(_) => return at.saturating_sub(1),
                Kind::Punct(';') => return at,
                Kind::Punct(',') if !is_item => return at,
                _ => {}
            }
            at += 1;
        }
        last
    }

    /// Moves past `#[…]` and `#![…]`.
    pub(crate) fn after_attributes(&self, mut at: usize) -> usize {
        while let Some(last) = self.attribute_end(at) {
            at = last + 1;
        }
        at
    }

    /// Moves past `pub` and `pub(…)`.
    pub(crate) fn after_visibility(&self, at: usize) -> usize {
        match (self.word(at), self.kind(at + 1)) {
            ("pub", Kind::Open('(')) => self.partner[at + 1] + 1,
            ("pub", _) => at + 1,
            _ => at,
        }
    }

    fn attribute_end(&self, at: usize) -> Option<usize> {
        let open = match (self.kind(at), self.kind(at + 1), self.kind(at + 2)) {
            (Kind::Punct('#'), Kind::Open('['), _) => at + 1,
            (Kind::Punct('#'), Kind::Punct('!'), Kind::Open('[')) => at + 2,
            _ => return None,
        };
        Some(self.partner[open])
    }

    fn find_attributes(&self) -> Vec<Attribute> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.code.len() {
            let Some(last) = self.attribute_end(at) else {
                at += 1;
                continue;
            };
            let inner = self.kind(at + 1) == Kind::Punct('!');
            let mut name = at + if inner { 3 } else { 2 };
            if self.word(name) == "unsafe" {
                name += 2; // `#[unsafe(no_mangle)]`
            }
            let predicate = matches!(self.word(name), "cfg" | "cfg_attr")
                .then(|| Predicate::parse(&self.text, &self.code[(name + 2).min(last)..last]))
                .flatten();
            found.push(Attribute {
                first: at,
                last,
                inner,
                name: self.word(name).to_owned(),
                predicate,
            });
            at = last + 1;
        }
        found
    }

    fn classify(&mut self) {
        for index in 0..self.attributes.len() {
            let attribute = &self.attributes[index];
            let class = match (attribute.name.as_str(), &attribute.predicate) {
                ("cfg", Some(predicate)) => predicate.class(),
                ("test", _) => Class::Test,
                _ => continue,
            };
            for token in self.governed(attribute) {
                self.classes[token] = self.classes[token].max(class);
            }
        }
    }

    /// The tokens an attribute is about, its own included.
    fn governed(&self, attribute: &Attribute) -> RangeInclusive<usize> {
        if !attribute.inner {
            return attribute.first..=self.item_end(attribute.last + 1);
        }
        let mut at = attribute.first;
        while at > 0 {
            at -= 1;
            match self.kind(at) {
                Kind::Close(_) => at = self.partner[at],
                Kind::Open(_) => return at..=self.partner[at],
                _ => {}
            }
        }
        0..=self.code.len() - 1
    }
}

/// Finds the partner of each delimiter.
fn partners(code: &[Token]) -> Result<Vec<usize>, String> {
    let mut partner: Vec<usize> = (0..code.len()).collect();
    let mut open = Vec::new();
    for (index, token) in code.iter().enumerate() {
        match token.kind {
            Kind::Open(delimiter) => open.push((index, delimiter)),
            Kind::Close(delimiter) => match open.pop() {
                Some((begin, '(')) if delimiter == ')' => link(&mut partner, begin, index),
                Some((begin, '[')) if delimiter == ']' => link(&mut partner, begin, index),
                Some((begin, '{')) if delimiter == '}' => link(&mut partner, begin, index),
                _ => {
                    return Err(format!("line {}: `{delimiter}` closes nothing", token.first_line));
                }
            },
            _ => {}
        }
    }
    match open.pop() {
        Some((index, delimiter)) => {
            Err(format!("line {}: `{delimiter}` is never closed", code[index].first_line))
        }
        None => Ok(partner),
    }
}

fn link(partner: &mut [usize], begin: usize, end: usize) {
    partner[begin] = end;
    partner[end] = begin;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> (usize, usize, usize) {
        let lines = Source::parse(text).unwrap().lines(Class::Product);
        (lines.product, lines.elsewhere, lines.test)
    }

    #[test]
    fn comments_and_blank_lines_are_no_code() {
        assert_eq!(lines("//! A\n\n/* b\n */\nfn f() { // c\n\n}\n"), (2, 0, 0));
        assert_eq!(lines("const A: &str = \"x\n\n// no comment\n\";"), (4, 0, 0));
        assert_eq!(lines(""), (0, 0, 0));
    }

    #[test]
    fn tests_are_stripped() {
        assert_eq!(
            lines("fn f() {}\n#[cfg(test)]\nmod tests {\n fn g() {}\n}\nfn h() {}"),
            (2, 0, 4)
        );
        assert_eq!(lines("#[cfg(test)]\nuse a::{b,\n c};\nfn f() {}"), (1, 0, 3));
        assert_eq!(lines("#[test]\n#[ignore]\nfn f() {\n}\nfn g() {}"), (1, 0, 4));
        assert_eq!(lines("struct A {\n #[cfg(test)]\n a: u8,\n b: u8,\n}"), (3, 0, 2));
        assert_eq!(lines("#[cfg(test)]\nfn f<A, B>(a: [u8; 4]) -> A {\n}\nfn g() {}"), (1, 0, 3));
        assert_eq!(
            lines("#[cfg(test)]\nconst A: B = B {\n};\n#[cfg(test)]\nconst fn f() {\n}\nfn g() {}"),
            (1, 0, 6)
        );
        assert_eq!(lines("#![cfg(test)]\nfn f() {}"), (0, 0, 2));
        assert_eq!(lines("mod a {\n#![cfg(test)]\nfn f() {}\n}\nfn g() {}"), (2, 0, 3));
        assert_eq!(lines("#[cfg(all(test, loom))]\nmod models;\nmod b;"), (1, 0, 2));
    }

    #[test]
    fn other_systems_are_counted_apart() {
        assert_eq!(lines("#[cfg(windows)]\nfn f() {\n}\n#[cfg(unix)]\nfn f() {\n}"), (3, 3, 0));
        assert_eq!(lines("match a {\n#[cfg(windows)]\nA => b,\nC => d,\n}"), (3, 2, 0));
        assert_eq!(lines("fn f() {\n#[cfg(windows)]\nlet a = B { c };\nd();\n}"), (3, 2, 0));
        assert_eq!(lines("#[cfg(windows)] mod a { #[cfg(test)] mod b; }"), (0, 1, 0));
    }

    #[test]
    fn a_file_can_belong_to_another_build_as_a_whole() {
        let source = Source::parse("fn f() {}\n#[cfg(test)]\nfn g() {}").unwrap();
        assert_eq!(source.lines(Class::Elsewhere), Lines { product: 0, elsewhere: 1, test: 2 });
        assert_eq!(source.lines(Class::Test), Lines { product: 0, elsewhere: 0, test: 3 });
    }

    #[test]
    fn lines_between_delimiters() {
        let source = Source::parse("fn f() {\n a();\n\n // b\n c(); d();\n}").unwrap();
        assert_eq!(source.lines_between(4, source.partner(4)), 2);
    }

    #[test]
    fn what_does_not_pair_is_an_error() {
        assert_eq!(Source::parse("fn f() {\n(}").unwrap_err(), "line 2: `}` closes nothing");
        assert_eq!(Source::parse("\n{").unwrap_err(), "line 2: `{` is never closed");
    }
}
