//! The items of a file: functions and their length, what is public, what is `unsafe`.

use super::cfg::Class;
use super::lexer::{Doc, Kind};
use super::source::Source;

/// An item of a module, an `impl` or a trait. Items inside functions are left out.
#[derive(Debug)]
pub(crate) struct Item<'a> {
    /// The word that says what it is: `struct`, `fn`, `impl`, …
    pub(crate) head: &'a str,
    /// Its name; empty for `use`, and for `impl` unless it is `impl … for …`: then `for`.
    pub(crate) name: &'a str,
    /// Whether it is `pub`, without any restriction.
    pub(crate) public: bool,
    /// Whether it or what encloses it is `#[doc(hidden)]`.
    pub(crate) hidden: bool,
    /// What encloses it, outermost first: the head, and the name of it.
    pub(crate) within: Vec<(&'a str, &'a str)>,
    pub(crate) class: Class,
    /// Its tokens, attributes included, and the token of its head.
    pub(crate) first: usize,
    pub(crate) at: usize,
    pub(crate) last: usize,
}

const HEADS: [&str; 12] = [
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "macro_rules",
    "mod",
    "static",
    "struct",
    "trait",
    "type",
    "use",
];

/// Every item of the file.
pub(crate) fn items(source: &Source) -> Vec<Item<'_>> {
    let mut found = Vec::new();
    walk(source, 0, source.code.len(), &[], false, &mut found);
    found
}

fn walk<'a>(
    source: &'a Source,
    from: usize,
    to: usize,
    within: &[(&'a str, &'a str)],
    hidden: bool,
    found: &mut Vec<Item<'a>>,
) {
    let mut first = from;
    while first < to {
        let last = source.item_end(first).max(first);
        let start = source.after_attributes(first);
        let visible = source.after_visibility(start);
        let public = source.word(start) == "pub" && visible == start + 1;
        let hidden = hidden || is_hidden(source, first, start);
        if let Some((at, head)) = head(source, visible, last) {
            let name = name(source, at, head);
            let (class, within_it) = (source.classes[at], within.to_vec());
            found.push(Item {
                head,
                name,
                public,
                hidden,
                within: within_it,
                class,
                first,
                at,
                last,
            });
            if matches!(head, "mod" | "impl" | "trait") && source.kind(last) == Kind::Close('}') {
                let mut inside = within.to_vec();
                inside.push((head, name));
                walk(source, source.partner(last) + 1, last, &inside, hidden, found);
            }
        }
        first = last + 1;
    }
}

/// The word that says what the item is, past `unsafe`, `async`, `const fn` and `extern "C" fn`.
fn head(source: &Source, from: usize, last: usize) -> Option<(usize, &str)> {
    let mut at = from;
    while at <= last {
        let word = source.word(at);
        let next = source.word(at + 1);
        let qualifier = match word {
            "unsafe" | "async" | "auto" | "default" | "safe" => true,
            "const" => matches!(next, "fn" | "unsafe" | "async" | "extern"),
            "extern" => source.kind(at + 1) == Kind::Text && source.word(at + 2) == "fn",
            _ => source.kind(at) == Kind::Text, // the ABI
        };
        if !qualifier {
            let is_union = word == "union" && source.kind(at + 1) == Kind::Word;
            return (is_union || HEADS.contains(&word)).then_some((at, word));
        }
        at += 1;
    }
    None
}

fn name<'a>(source: &'a Source, at: usize, head: &str) -> &'a str {
    match head {
        "impl" if is_of_a_trait(source, at) => "for",
        "impl" | "use" | "extern" => "",
        "macro_rules" => source.word(at + 2),
        _ if source.word(at + 1) == "mut" => source.word(at + 2),
        _ => source.word(at + 1),
    }
}

/// Whether an `impl` has a `for` before its body, other than `for<'a>`.
fn is_of_a_trait(source: &Source, at: usize) -> bool {
    (at..=source.item_end(at))
        .take_while(|index| source.kind(*index) != Kind::Open('{'))
        .any(|index| source.word(index) == "for" && source.kind(index + 1) != Kind::Punct('<'))
}

fn is_hidden(source: &Source, first: usize, start: usize) -> bool {
    let words: Vec<&str> = (first..start).map(|index| source.word(index)).collect();
    words.windows(4).any(|four| four == ["doc", "(", "hidden", ")"])
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    pub(crate) line: usize,
    /// Lines of code in the body.
    pub(crate) length: usize,
}

/// Every function with a body, wherever it stands.
pub(crate) fn functions(source: &Source) -> Vec<Function<'_>> {
    let mut found = Vec::new();
    for at in 0..source.code.len() {
        if source.word(at) != "fn" || source.kind(at + 1) != Kind::Word {
            continue; // `fn(u8)` is a type
        }
        let end = source.item_end(at);
        if source.kind(end) == Kind::Close('}') {
            let length = source.lines_between(source.partner(end), end);
            found.push(Function { name: source.word(at + 1), line: source.line(at), length });
        }
    }
    found
}

/// What an `unsafe` introduces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsafe {
    /// `unsafe { … }`: a proof is owed here.
    Block,
    /// `unsafe impl`: a promise is made here.
    Impl,
    /// `unsafe fn`: a proof is owed by callers.
    Fn,
    /// `unsafe trait`, `unsafe extern`, `#[unsafe(…)]`
    Other,
}

/// Every `unsafe` that introduces something, with its token. Types such as `unsafe fn()` introduce
/// nothing.
pub(crate) fn unsafe_uses(source: &Source) -> Vec<(usize, Unsafe)> {
    let mut found = Vec::new();
    for at in 0..source.code.len() {
        if source.word(at) != "unsafe" {
            continue;
        }
        let mut next = at + 1;
        if source.word(next) == "extern" {
            next += 1 + usize::from(source.kind(next + 1) == Kind::Text);
        }
        let what = match (source.word(next), source.kind(next + 1)) {
            ("{", _) if next == at + 1 => Unsafe::Block,
            ("impl", _) => Unsafe::Impl,
            ("fn", Kind::Word) => Unsafe::Fn,
            ("fn", _) => continue,
            _ => Unsafe::Other,
        };
        found.push((at, what));
    }
    found
}

/// The comments that belong to the statement or item that holds the token `at` and stand before it.
pub(crate) fn comments_before(source: &Source, at: usize) -> String {
    let boundary = (0..at)
        .rev()
        .find(|index| {
            matches!(source.kind(*index), Kind::Punct(';') | Kind::Open('{') | Kind::Close('}'))
        })
        .map_or(0, |index| source.code[index].end);
    let until = source.code[at].start;
    source
        .comments
        .iter()
        .filter(|comment| comment.start >= boundary && comment.end <= until)
        .map(|comment| &source.text[comment.start..comment.end])
        .collect::<Vec<_>>()
        .join("\n")
}

/// Whether the file begins with `//!` or `/*!`, before any code.
pub(crate) fn has_header(source: &Source) -> bool {
    let code = source.code.first().map_or(usize::MAX, |token| token.start);
    source
        .comments
        .iter()
        .any(|comment| comment.kind == Kind::Comment(Doc::Inner) && comment.start < code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Source {
        Source::parse(text).unwrap()
    }

    #[test]
    fn items_know_their_head_name_and_place() {
        let source = parse(
            "use a::{b, c}; pub struct S { pub a: u8 }
             impl<T> S { pub const fn f() { fn inner() {} } } impl<F: for<'a> Fn(&'a u8)> Q for F {}
             pub(crate) mod m { #[doc(hidden)] pub mod n { pub unsafe trait T { fn g(&self); } } }
             static mut X: u8 = { 1 }; #[macro_export] macro_rules! go { () => {} }
             pub extern \"C\" fn e() {} thread_local! { static Y: u8 = 1 }
             pub(crate) union U { a: u8 } const _: () = {}; mod z;",
        );
        let seen: Vec<_> = items(&source)
            .iter()
            .map(|item| (item.head, item.name, item.public, item.hidden, item.within.len()))
            .collect();
        assert_eq!(
            seen,
            [
                ("use", "", false, false, 0),
                ("struct", "S", true, false, 0),
                ("impl", "", false, false, 0),
                ("fn", "f", true, false, 1),
                ("impl", "for", false, false, 0),
                ("mod", "m", false, false, 0),
                ("mod", "n", true, true, 1),
                ("trait", "T", true, true, 2),
                ("fn", "g", false, true, 3),
                ("static", "X", false, false, 0),
                ("macro_rules", "go", false, false, 0),
                ("fn", "e", true, false, 0),
                ("union", "U", false, false, 0),
                ("const", "_", false, false, 0),
                ("mod", "z", false, false, 0),
            ]
        );
    }

    #[test]
    fn functions_are_measured_without_blank_lines_and_comments() {
        let source = parse(
            "fn a() {}\nfn b() -> [u8; 2] {\n  // c\n\n  x(\n y);\n}\n\
             trait T {\n fn d();\n fn e() {\n f\n }\n}\ntype F = fn(u8);",
        );
        assert_eq!(
            functions(&source),
            [
                Function { name: "a", line: 1, length: 0 },
                Function { name: "b", line: 2, length: 2 },
                Function { name: "e", line: 10, length: 1 },
            ]
        );
    }

    #[test]
    fn unsafe_is_told_apart() {
        let source = parse(
            "fn f() { unsafe { g() } } unsafe impl Send for X {} unsafe fn h() {}
             unsafe extern \"C\" fn i() {} type P = unsafe fn(u8);
             unsafe extern \"C\" { fn j(); } unsafe trait T {} #[unsafe(no_mangle)] fn k() {}
             const S: &str = \"unsafe {\"; // unsafe {",
        );
        let kinds: Vec<_> = unsafe_uses(&source).into_iter().map(|(_, what)| what).collect();
        use Unsafe::{Block, Fn, Impl, Other};
        assert_eq!(kinds, [Block, Impl, Fn, Fn, Other, Other, Other]);
    }

    #[test]
    fn comments_of_a_statement_are_those_before_it() {
        let text = "fn f() {\n // one\n a();\n // two\n #[x(\"; {\")]\n\
                    let b = unsafe { c() }; // three\n}";
        let source = parse(text);
        let (at, _) = unsafe_uses(&source)[0];
        assert_eq!(comments_before(&source, at), "// two");
    }

    #[test]
    fn headers_come_before_code() {
        assert!(has_header(&parse("//! A\nfn f() {}")));
        assert!(has_header(&parse("// licence\n/*! A */")));
        assert!(!has_header(&parse("/// A\nfn f() {}")));
        assert!(!has_header(&parse("use a;\n//! A")));
        assert!(!has_header(&parse("")));
    }
}
