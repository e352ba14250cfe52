//! From the path of a request to a file beneath the folder, and never to one outside.
//!
//! Two walls. The text is refused if a segment of it, after decoding, is `..` or contains a slash
//! or a NUL. What is left is opened relative to the folder by openat2(2) with `RESOLVE_BENEATH`:
//! the kernel itself refuses every step that leaves the folder, symbolic links included, and there
//! is no moment between a check and the opening at which the folder could change.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};

/// The folder that is served, held open: renaming it changes nothing.
#[derive(Debug)]
pub(crate) struct Root(OwnedFd);

impl Root {
    /// Opens a folder.
    ///
    /// # Errors
    ///
    /// What open(2) says; `Unsupported` if the kernel has no openat2(2) (before Linux 5.6).
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let root = Self(open(dir, flags, Mode::empty())?);
        root.open_beneath(Path::new("."))?;
        Ok(root)
    }

    /// Opens what is at `path` beneath the folder, for reading.
    ///
    /// # Errors
    ///
    /// `CrossesDevices` if a step would leave the folder, else what open(2) says.
    pub(super) fn open_beneath(&self, path: &Path) -> io::Result<OwnedFd> {
        // NONBLOCK: a FIFO must not hold a thread of the pool until somebody writes to it.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        Ok(openat2(&self.0, path, flags, Mode::empty(), resolve)?)
    }
}

/// The path of a request, decoded: segments below the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestPath {
    /// Relative, `.` for the folder itself.
    pub(super) relative: PathBuf,
    /// Whether a folder was asked for, by a slash at the end.
    pub(super) ends_with_slash: bool,
}

impl RequestPath {
    /// Decodes a request's path, which begins with a slash; `None` if it is not one that is served.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let mut relative = PathBuf::new();
        for segment in path.strip_prefix('/')?.split('/') {
            let bytes: Vec<u8> = percent_decode_str(segment).collect();
            match bytes.as_slice() {
                b"" | b"." => {}
                b".." => return None,
                bytes if bytes.contains(&b'/') || bytes.contains(&0) => return None,
                bytes => relative.push(OsStr::from_bytes(bytes)),
            }
        }
        if relative.as_os_str().is_empty() {
            relative.push(".");
        }
        let last =
            path.rsplit('/').next().map(|last| percent_decode_str(last).collect::<Vec<u8>>());
        let ends_with_slash = matches!(last.as_deref(), Some(b"" | b"."));
        Some(Self { relative, ends_with_slash })
    }

    /// The path with a slash at the end, encoded again: one that no browser takes for another host.
    pub(super) fn with_slash(&self) -> String {
        let mut text = "/".to_owned();
        for segment in self.relative.iter().filter(|segment| *segment != ".") {
            text.extend(encode(segment));
            text.push('/');
        }
        text
    }
}

/// A file name as a segment of a path.
pub(super) fn encode(name: &OsStr) -> impl Iterator<Item = &str> {
    percent_encoding::percent_encode(name.as_bytes(), SEGMENT)
}

/// All but the unreserved characters of RFC 3986.
const SEGMENT: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn relative(path: &str) -> Option<PathBuf> {
        RequestPath::parse(path).map(|path| path.relative)
    }

    #[test]
    fn segments_are_decoded() {
        assert_eq!(relative("/a/b%20c.txt"), Some("a/b c.txt".into()));
        assert_eq!(relative("/"), Some(".".into()));
        assert_eq!(relative("//a//./b/"), Some("a/b".into()));
        assert_eq!(relative("/%66%6f%6F"), Some("foo".into()));
        assert_eq!(relative("/..."), Some("...".into()));
        assert_eq!(relative("/a..b"), Some("a..b".into()));
        assert_eq!(relative("/100%"), Some("100%".into()));
        assert_eq!(relative("/\\..\\x"), Some("\\..\\x".into())); // a name like any other here
    }

    #[test]
    fn escapes_are_refused() {
        for path in [
            "/..",
            "/../",
            "/a/../../b",
            "/a/..",
            "/%2e%2e/b",
            "/%2E./b",
            "/.%2e/b",
            "/%2e%2e%2fb",
            "/a%2fb",
            "/a%00b",
            "/%00",
            "",
            "a",
            "*",
            "http://host/a",
        ] {
            assert_eq!(relative(path), None, "{path}");
        }
    }

    #[test]
    fn redirects_stay_on_this_host() {
        let path = RequestPath::parse("//evil.example/x y").unwrap();
        assert!(!path.ends_with_slash);
        assert_eq!(path.with_slash(), "/evil.example/x%20y/");
        assert!(RequestPath::parse("/a/").unwrap().ends_with_slash);
        assert!(RequestPath::parse("/a/.").unwrap().ends_with_slash);
        assert_eq!(RequestPath::parse("/").unwrap().with_slash(), "/");
    }

    #[test]
    fn the_kernel_refuses_to_leave_the_folder() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "s").unwrap();
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        fs::write(dir.path().join("sub/file"), "f").unwrap();
        symlink("sub/file", dir.path().join("inner")).unwrap();
        symlink(outside.path().join("secret"), dir.path().join("absolute")).unwrap();
        symlink("../", dir.path().join("up")).unwrap();
        symlink("../../../../../../etc/passwd", dir.path().join("sub/relative")).unwrap();

        let root = Root::open(dir.path()).unwrap();
        for path in [".", "sub", "sub/file", "inner"] {
            root.open_beneath(Path::new(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
        // Also what the first wall would not let through.
        for path in ["absolute", "up", "up/x", "sub/relative", "..", "sub/../..", "/etc/passwd"] {
            let error = root.open_beneath(Path::new(path)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::CrossesDevices, "{path}: {error}");
        }
    }

    #[test]
    fn a_file_is_not_a_folder() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(Root::open(file.path()).unwrap_err().kind(), io::ErrorKind::NotADirectory);
    }
}
