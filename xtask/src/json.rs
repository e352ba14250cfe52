//! Just enough JSON to read what `cargo metadata` prints.
//!
//! Read only, the whole document at once. Numbers are kept as text and escapes beyond the usual
//! ones are refused, for cargo prints neither where we look.

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// As it was written.
    Number(String),
    Text(String),
    List(Vec<Json>),
    /// In the order it was written.
    Map(Vec<(String, Json)>),
}

impl Json {
    /// Reads a document.
    ///
    /// # Errors
    /// Says at which byte the text stops being JSON.
    pub(crate) fn parse(text: &str) -> Result<Json, String> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value()?;
        reader.skip_space();
        if reader.at == text.len() { Ok(value) } else { Err(reader.unexpected()) }
    }

    /// The value under a key; null if this is no map or has no such key.
    pub(crate) fn get(&self, key: &str) -> &Json {
        match self {
            Json::Map(pairs) => {
                pairs.iter().find(|(name, _)| name == key).map_or(&Json::Null, |(_, value)| value)
            }
            _ => &Json::Null,
        }
    }

    /// The text; `None` if this is none.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements; none if this is no list.
    pub(crate) fn list(&self) -> &[Json] {
        match self {
            Json::List(values) => values,
            _ => &[],
        }
    }

    /// The pairs; none if this is no map.
    pub(crate) fn pairs(&self) -> &[(String, Json)] {
        match self {
            Json::Map(pairs) => pairs,
            _ => &[],
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn unexpected(&self) -> String {
        format!("byte {}: unexpected {:?}", self.at, self.rest().chars().next())
    }

    /// Moves past `token` if it comes next.
    fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.take(token) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn value(&mut self) -> Result<Json, String> {
        if self.take("null") {
            Ok(Json::Null)
        } else if self.take("true") {
            Ok(Json::Bool(true))
        } else if self.take("false") {
            Ok(Json::Bool(false))
        } else if self.take("\"") {
            Ok(Json::Text(self.string()?))
        } else if self.take("[") {
            Ok(Json::List(self.sequence("]", Self::value)?))
        } else if self.take("{") {
            Ok(Json::Map(self.sequence("}", Self::pair)?))
        } else {
            self.number()
        }
    }

    fn pair(&mut self) -> Result<(String, Json), String> {
        self.expect("\"")?;
        let key = self.string()?;
        self.expect(":")?;
        Ok((key, self.value()?))
    }

    /// Reads elements parted by commas up to `close`.
    fn sequence<T>(
        &mut self,
        close: &str,
        element: impl Fn(&mut Self) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        let mut elements = Vec::new();
        if self.take(close) {
            return Ok(elements);
        }
        loop {
            elements.push(element(self)?);
            if self.take(close) {
                return Ok(elements);
            }
            self.expect(",")?;
        }
    }

    /// Behind the opening quote.
    fn string(&mut self) -> Result<String, String> {
        let mut text = String::new();
        loop {
            let Some(character) = self.rest().chars().next() else { return Err(self.unexpected()) };
            self.at += character.len_utf8();
            match character {
                '"' => return Ok(text),
                '\\' => text.push(self.escape()?),
                _ => text.push(character),
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let character = match self.rest().as_bytes().first() {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(*byte),
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(character)
    }

    fn number(&mut self) -> Result<Json, String> {
        let part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
        let length = self.rest().bytes().take_while(|byte| part(byte)).count();
        if length == 0 {
            return Err(self.unexpected());
        }
        let number = self.rest()[..length].to_owned();
        self.at += length;
        Ok(Json::Number(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_read() {
        let json = Json::parse(
            r#" {"a": [1, -2.5e3, "x\n\"y\\"], "b": {}, "c": null, "d": [true, false, []]} "#,
        )
        .unwrap();
        assert_eq!(json.get("a").list()[1], Json::Number("-2.5e3".into()));
        assert_eq!(json.get("a").list()[2].text(), Some("x\n\"y\\"));
        assert_eq!(json.get("b").pairs(), []);
        assert_eq!(json.get("c"), &Json::Null);
        assert_eq!(json.get("d").list().len(), 3);
        assert_eq!(json.get("e").get("f"), &Json::Null);
        assert_eq!(json.pairs().len(), 4);
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["", "{", "[1,]", "{\"a\" 1}", "\"", "\"\\u0041\"", "1 2", "nul"] {
            assert!(Json::parse(text).is_err(), "{text}");
        }
    }
}
