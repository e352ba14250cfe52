//! The `Range` field of a request: which bytes of a file are wanted (RFC 9110, section 14).
//!
//! One range is served. A list of ranges is answered with the whole file, as the RFC allows: the
//! multipart bodies that it would take have been used for attacks more than for anything else.

use std::ops::Range;

/// What a `Range` field means for a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The whole file: there was no such field, or one to be ignored.
    All,
    /// Some bytes of it, at least one.
    Part(Range<u64>),
    /// Bytes that it does not have.
    Unsatisfiable,
}

impl Wanted {
    /// Parses a field for a file of `len` bytes.
    pub(super) fn parse(field: Option<&str>, len: u64) -> Self {
        let Some((first, last)) = field.and_then(one_range) else { return Wanted::All };
        let range = match (first, last) {
            (Some(first), Some(last)) if first > last => return Wanted::All, // not a range at all
            (Some(first), last) => first..last.map_or(len, |last| last.saturating_add(1).min(len)),
            (None, Some(suffix)) => len.saturating_sub(suffix)..len,
            (None, None) => return Wanted::All,
        };
        if range.is_empty() { Wanted::Unsatisfiable } else { Wanted::Part(range) }
    }
}

/// `bytes=FIRST-LAST` with either number left out; the unit in any case.
fn one_range(field: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, range) = field.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    unit.trim().eq_ignore_ascii_case("bytes").then_some(())?;
    Some((number(first.trim_end())?, number(last.trim_start())?))
}

/// Digits only: `u64::from_str` would take a sign. Numbers beyond every file are as good as the
/// greatest.
fn number(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| Some(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_ten_bytes() {
        for (field, wanted) in [
            ("bytes=0-3", Wanted::Part(0..4)),
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=4-", Wanted::Part(4..10)),
            ("bytes=-3", Wanted::Part(7..10)),
            ("bytes=-30", Wanted::Part(0..10)),
            ("bytes=9-100", Wanted::Part(9..10)),
            ("Bytes = 1 - 2", Wanted::Part(1..3)),
            ("bytes=9-99999999999999999999999", Wanted::Part(9..10)),
            ("bytes=10-", Wanted::Unsatisfiable),
            ("bytes=10-12", Wanted::Unsatisfiable),
            ("bytes=-0", Wanted::Unsatisfiable),
            ("bytes=99999999999999999999999-", Wanted::Unsatisfiable),
            ("bytes=3-1", Wanted::All),
            ("bytes=-", Wanted::All),
            ("bytes=+1-2", Wanted::All),
            ("bytes=a-b", Wanted::All),
            ("bytes=0-1,3-4", Wanted::All),
            ("lines=1-2", Wanted::All),
            ("bytes", Wanted::All),
            ("", Wanted::All),
        ] {
            assert_eq!(Wanted::parse(Some(field), 10), wanted, "{field}");
        }
        assert_eq!(Wanted::parse(None, 10), Wanted::All);
    }

    #[test]
    fn an_empty_file_has_no_ranges() {
        assert_eq!(Wanted::parse(Some("bytes=0-"), 0), Wanted::Unsatisfiable);
        assert_eq!(Wanted::parse(Some("bytes=-5"), 0), Wanted::Unsatisfiable);
        assert_eq!(Wanted::parse(None, 0), Wanted::All);
    }
}
