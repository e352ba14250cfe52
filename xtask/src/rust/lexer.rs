//! Rust source text to tokens, comments included, white space left out.
//!
//! Whoever counts lines or looks for `unsafe` with a regular expression is fooled by strings,
//! nested comments and lifetimes. This lexer knows exactly those: raw and byte and C strings, `'a'`
//! against `'a`, `/* /* */ */`, `r#match`. It does not tell keywords from names, and joins no
//! punctuation: `->` is two tokens.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or a keyword, raw names included.
    Word,
    /// `'a`
    Lifetime,
    /// A string, character or byte literal of any form.
    Text,
    /// A number, with its suffix.
    Number,
    /// One character of punctuation.
    Punct(char),
    /// `(`, `[` or `{`
    Open(char),
    /// `)`, `]` or `}`
    Close(char),
    /// A comment of any form.
    Comment(Doc),
}

/// What a comment documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doc {
    /// Nothing: an ordinary comment.
    None,
    /// What follows: `///` or `/**`.
    Outer,
    /// What encloses it: `//!` or `/*!`.
    Inner,
}

/// A token and where it stands. Lines count from 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) first_line: usize,
    pub(crate) last_line: usize,
}

/// Splits `text` into tokens.
///
/// # Errors
/// Says at which line a literal or comment begins that never ends.
pub(crate) fn lex(text: &str) -> Result<Vec<Token>, String> {
    let mut lexer = Lexer { bytes: text.as_bytes(), at: 0, line: 1 };
    if text.starts_with("#!") && !text.starts_with("#![") {
        lexer.skip_line(); // a script's first line
    }
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Moves over `count` bytes, counting the lines they end.
    fn advance(&mut self, count: usize) {
        let end = (self.at + count).min(self.bytes.len());
        self.line += self.bytes[self.at..end].iter().filter(|byte| **byte == b'\n').count();
        self.at = end;
    }

    fn skip_line(&mut self) {
        while self.at < self.bytes.len() && self.peek(0) != b'\n' {
            self.at += 1;
        }
    }

    fn next(&mut self) -> Result<Option<Token>, String> {
        while self.peek(0).is_ascii_whitespace() {
            self.advance(1);
        }
        if self.at >= self.bytes.len() {
            return Ok(None);
        }
        let (start, first_line) = (self.at, self.line);
        let kind = match self.peek(0) {
            b'/' if self.peek(1) == b'/' => self.line_comment(),
            b'/' if self.peek(1) == b'*' => self.block_comment()?,
            b'"' => self.string()?,
            b'\'' => self.quote()?,
            b'0'..=b'9' => self.number(),
            byte if is_word_byte(byte) => self.word()?,
            byte => {
                self.advance(1);
                match byte {
                    b'(' | b'[' | b'{' => Kind::Open(char::from(byte)),
                    b')' | b']' | b'}' => Kind::Close(char::from(byte)),
                    _ => Kind::Punct(char::from(byte)),
                }
            }
        };
        Ok(Some(Token { kind, start, end: self.at, first_line, last_line: self.line }))
    }

    fn line_comment(&mut self) -> Kind {
        let doc = match (self.peek(2), self.peek(3)) {
            (b'!', _) => Doc::Inner,
            (b'/', b'/') => Doc::None, // a rule of slashes
            (b'/', _) => Doc::Outer,
            _ => Doc::None,
        };
        self.skip_line();
        Kind::Comment(doc)
    }

    fn block_comment(&mut self) -> Result<Kind, String> {
        let doc = match (self.peek(2), self.peek(3)) {
            (b'!', _) => Doc::Inner,
            (b'*', b'*' | b'/') => Doc::None, // `/***` and the empty `/**/`
            (b'*', _) => Doc::Outer,
            _ => Doc::None,
        };
        let begun = self.line;
        let mut depth = 0_usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') => {
                    depth += 1;
                    self.advance(2);
                }
                (b'*', b'/') => {
                    depth -= 1;
                    self.advance(2);
                    if depth == 0 {
                        return Ok(Kind::Comment(doc));
                    }
                }
                _ if self.at >= self.bytes.len() => return Err(unfinished("comment", begun)),
                _ => self.advance(1),
            }
        }
    }

    /// At the opening `"` of a string with escapes.
    fn string(&mut self) -> Result<Kind, String> {
        self.escaped_until(b'"', "string")
    }

    /// At an opening delimiter: moves past the closing one, over escapes.
    fn escaped_until(&mut self, close: u8, what: &str) -> Result<Kind, String> {
        let begun = self.line;
        self.advance(1);
        while self.at < self.bytes.len() {
            let byte = self.peek(0);
            self.advance(if byte == b'\\' { 2 } else { 1 });
            if byte == close {
                return Ok(Kind::Text);
            }
        }
        Err(unfinished(what, begun))
    }

    /// At the `#`s or the `"` after `r`: no escapes, ends at `"` and as many `#`s.
    fn raw_string(&mut self) -> Result<Kind, String> {
        let begun = self.line;
        let hashes = self.bytes[self.at..].iter().take_while(|byte| **byte == b'#').count();
        self.advance(hashes + 1);
        while self.at < self.bytes.len() {
            if self.peek(0) == b'"' && (1..=hashes).all(|ahead| self.peek(ahead) == b'#') {
                self.advance(1 + hashes);
                return Ok(Kind::Text);
            }
            self.advance(1);
        }
        Err(unfinished("raw string", begun))
    }

    /// At a `'`: a character literal if it closes after one character or escape, else a lifetime.
    fn quote(&mut self) -> Result<Kind, String> {
        if self.peek(1) == b'\\' {
            return self.escaped_until(b'\'', "character");
        }
        let length = 1 + self.bytes[(self.at + 2).min(self.bytes.len())..]
            .iter()
            .take_while(|byte| **byte & 0xC0 == 0x80) // the rest of one UTF-8 character
            .count();
        if self.peek(1 + length) == b'\'' {
            self.advance(length + 2);
            return Ok(Kind::Text);
        }
        self.advance(1);
        while is_word_byte(self.peek(0)) || self.peek(0).is_ascii_digit() {
            self.advance(1);
        }
        Ok(Kind::Lifetime)
    }

    fn number(&mut self) -> Kind {
        let radix = self.peek(0) == b'0' && matches!(self.peek(1), b'x' | b'o' | b'b');
        loop {
            let (byte, after) = (self.peek(0), self.peek(1));
            let digit = byte.is_ascii_alphanumeric() || byte == b'_';
            let point = byte == b'.' && after.is_ascii_digit();
            let sign = matches!(byte, b'+' | b'-')
                && !radix
                && matches!(self.bytes[self.at - 1], b'e' | b'E')
                && after.is_ascii_digit();
            if !(digit || point || sign) {
                return Kind::Number;
            }
            self.advance(1);
        }
    }

    /// At a name, which may be the prefix of a literal or of a raw name.
    fn word(&mut self) -> Result<Kind, String> {
        let start = self.at;
        while is_word_byte(self.peek(0)) || self.peek(0).is_ascii_digit() {
            self.advance(1);
        }
        let hashes = self.bytes[self.at..].iter().take_while(|byte| **byte == b'#').count();
        match (&self.bytes[start..self.at], self.peek(0), self.peek(hashes)) {
            (b"r" | b"br" | b"cr", _, b'"') => self.raw_string(),
            (b"b" | b"c", b'"', _) => self.string(),
            (b"b", b'\'', _) => self.escaped_until(b'\'', "byte"),
            (b"r", b'#', next) if hashes == 1 && is_word_byte(next) => {
                self.advance(1);
                self.word()
            }
            _ => Ok(Kind::Word),
        }
    }
}

/// Whether `byte` begins a name; every byte of a character beyond ASCII is taken to.
fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn unfinished(what: &str, line: usize) -> String {
    format!("line {line}: this {what} never ends")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        lex(text).unwrap().iter().map(|token| (token.kind, &text[token.start..token.end])).collect()
    }

    fn words(text: &str) -> Vec<&str> {
        kinds(text)
            .into_iter()
            .filter(|(kind, _)| *kind == Kind::Word)
            .map(|(_, word)| word)
            .collect()
    }

    #[test]
    fn strings_hide_what_they_say() {
        assert_eq!(words(r#"let a = "unsafe { \" unsafe";"#), ["let", "a"]);
        assert_eq!(words("let a = b\"unsafe\\\\\"; c\"unsafe\""), ["let", "a"]);
        assert_eq!(words(r##"let a = r#"unsafe " { "#; br"\" cr#"""#"##), ["let", "a"]);
        assert_eq!(words("let a = r\"\\\"; fn"), ["let", "a", "fn"]);
    }

    #[test]
    fn characters_are_not_lifetimes() {
        assert_eq!(kinds("'a'"), [(Kind::Text, "'a'")]);
        assert_eq!(kinds("&'a"), [(Kind::Punct('&'), "&"), (Kind::Lifetime, "'a")]);
        assert_eq!(kinds(r"'\''"), [(Kind::Text, r"'\''")]);
        assert_eq!(kinds(r"'\u{1F600}'"), [(Kind::Text, r"'\u{1F600}'")]);
        assert_eq!(kinds("'é'"), [(Kind::Text, "'é'")]);
        assert_eq!(kinds("'{'"), [(Kind::Text, "'{'")]);
        assert_eq!(kinds("b'{'"), [(Kind::Text, "b'{'")]);
        assert_eq!(
            words("fn f<'a, 'b>(a: &'a u8) { 'outer: loop {} }"),
            ["fn", "f", "a", "u8", "loop"]
        );
    }

    #[test]
    fn comments_nest_and_know_what_they_document() {
        let docs = |text| match kinds(text)[0].0 {
            Kind::Comment(doc) => doc,
            other => panic!("{other:?}"),
        };
        assert_eq!(docs("// plain"), Doc::None);
        assert_eq!(docs("/// outer"), Doc::Outer);
        assert_eq!(docs("//! inner"), Doc::Inner);
        assert_eq!(docs("//// a rule"), Doc::None);
        assert_eq!(docs("/** outer */"), Doc::Outer);
        assert_eq!(docs("/*! inner */"), Doc::Inner);
        assert_eq!(docs("/**/"), Doc::None);
        assert_eq!(words("/* /* unsafe */ unsafe */ fn"), ["fn"]);
        assert_eq!(words("\"/*\" a /* \" */ b"), ["a", "b"]);
    }

    #[test]
    fn numbers_leave_ranges_and_methods_alone() {
        assert_eq!(kinds("1..2").len(), 4);
        assert_eq!(kinds("1.5e-3_f64"), [(Kind::Number, "1.5e-3_f64")]);
        assert_eq!(kinds("0xE+1").len(), 3);
        assert_eq!(words("1.max(2)"), ["max"]);
    }

    #[test]
    fn raw_names_are_names() {
        assert_eq!(words("r#unsafe r #fn"), ["r#unsafe", "r", "fn"]);
    }

    #[test]
    fn lines_are_counted_inside_tokens() {
        let tokens = lex("a\n\"x\ny\\\n\"\n/*\n*/ b").unwrap();
        let lines: Vec<_> =
            tokens.iter().map(|token| (token.first_line, token.last_line)).collect();
        assert_eq!(lines, [(1, 1), (2, 4), (5, 6), (6, 6)]);
    }

    #[test]
    fn what_never_ends_is_an_error() {
        assert_eq!(lex("fn\n\"").unwrap_err(), "line 2: this string never ends");
        assert_eq!(lex("/* /* */").unwrap_err(), "line 1: this comment never ends");
        assert_eq!(lex("r#\"\"").unwrap_err(), "line 1: this raw string never ends");
    }

    #[test]
    fn a_script_line_is_skipped_but_an_attribute_is_not() {
        assert_eq!(words("#!/usr/bin/env run\nfn"), ["fn"]);
        assert_eq!(words("#![deny(x)]\nfn"), ["deny", "x", "fn"]);
    }
}
