//! Conditional requests: a client that has a file already is told so (RFC 9110, section 13).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::HeaderMap;
use hyper::header::{HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE};

/// The fields of a request that decide how much of a file is sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions {
    if_none_match: Option<String>,
    if_modified_since: Option<SystemTime>,
    if_range: Option<String>,
    range: Option<String>,
}

/// What identifies a version of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// From the time of the last change, to the nanosecond, and the length.
    pub(super) etag: String,
    /// The time of the last change, to the second.
    pub(super) modified: SystemTime,
}

impl Version {
    /// The version of a file.
    pub(super) fn new(modified: SystemTime, len: u64) -> Self {
        let since = modified.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let etag = format!("\"{:x}-{:x}-{len:x}\"", since.as_secs(), since.subsec_nanos());
        Self { etag, modified: UNIX_EPOCH + Duration::from_secs(since.as_secs()) }
    }
}

impl Conditions {
    /// Reads the fields; those that make no sense count as absent.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::to_owned);
        Self {
            if_none_match: text(IF_NONE_MATCH),
            if_modified_since: text(IF_MODIFIED_SINCE).and_then(date),
            if_range: text(IF_RANGE),
            range: text(RANGE),
        }
    }

    /// Whether the client has this version already.
    pub(super) fn not_modified(&self, version: &Version) -> bool {
        match (&self.if_none_match, self.if_modified_since) {
            // The comparison is the weak one; the field overrides the date.
            (Some(tags), _) => tags
                .split(',')
                .map(str::trim)
                .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == version.etag),
            (None, Some(since)) => version.modified <= since,
            (None, None) => false,
        }
    }

    /// The `Range` field, unless it was meant for another version.
    pub(super) fn range(&self, version: &Version) -> Option<&str> {
        let meant = match self.if_range.as_deref() {
            None => true,
            Some(tag) if tag.starts_with('"') => tag == version.etag,
            Some(text) => date(text.to_owned()) == Some(version.modified),
        };
        self.range.as_deref().filter(|_| meant)
    }
}

fn date(text: String) -> Option<SystemTime> {
    httpdate::parse_http_date(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(fields: &[(HeaderName, &str)]) -> Conditions {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.insert(name, value.parse().unwrap());
        }
        Conditions::read(&headers)
    }

    fn version() -> Version {
        Version::new(UNIX_EPOCH + Duration::new(1_000_000_000, 5), 10)
    }

    #[test]
    fn dates() {
        let since = |date| conditions(&[(IF_MODIFIED_SINCE, date)]).not_modified(&version());
        assert!(since("Sun, 09 Sep 2001 01:46:40 GMT")); // fractions of a second do not count
        assert!(since("Sun, 09 Sep 2001 01:46:41 GMT"));
        assert!(!since("Sun, 09 Sep 2001 01:46:39 GMT"));
        assert!(!since("yesterday"));
    }

    #[test]
    fn tags_override_dates() {
        let etag = version().etag;
        for (tags, not_modified) in [
            (etag.as_str(), true),
            (&*format!("W/{etag}"), true),
            (&*format!("\"x\", {etag}"), true),
            ("*", true),
            ("\"x\"", false),
        ] {
            let fields =
                [(IF_NONE_MATCH, tags), (IF_MODIFIED_SINCE, "Sun, 09 Sep 2001 01:46:40 GMT")];
            assert_eq!(conditions(&fields).not_modified(&version()), not_modified, "{tags}");
        }
    }

    #[test]
    fn ranges_of_another_version_are_ignored() {
        let etag = version().etag;
        let range = |if_range: &str| {
            let conditions = conditions(&[(RANGE, "bytes=0-1"), (IF_RANGE, if_range)]);
            conditions.range(&version()).is_some()
        };
        assert!(range(&etag) && range("Sun, 09 Sep 2001 01:46:40 GMT"));
        assert!(!range("\"x\"") && !range(&format!("W/{etag}")));
        assert!(!range("Sun, 09 Sep 2001 01:46:41 GMT"));
        assert!(conditions(&[(RANGE, "bytes=0-1")]).range(&version()).is_some());
    }
}
