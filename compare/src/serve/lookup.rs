//! The blocking part of a request, in one piece: open, look, read the first bytes.
//!
//! A small file costs one trip to the blocking pool. What is found decides how the request is
//! answered; nothing here knows HTTP beyond that.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use rustix::fs::{FileType, Stat, fstat};
use rustix::io::Errno;

use super::body::{self, Remaining};
use super::conditional::{Conditions, Version};
use super::content::content_type;
use super::listing;
use super::path::{RequestPath, Root};
use super::range::Wanted;

/// What is at a path.
#[derive(Debug)]
pub(super) enum Found {
    /// A file, or the `index.html` of a folder.
    File(Opened),
    /// A folder without one: a page that lists it.
    Listing(String),
    /// A folder that was asked for without the slash at the end.
    NeedsSlash,
}

/// A file that was opened, and what to send of it.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) content_type: &'static str,
    pub(super) version: Version,
    /// Length of the file.
    pub(super) len: u64,
    pub(super) send: Send,
}

/// What to send of a file.
#[derive(Debug)]
pub(super) enum Send {
    /// Nothing: the client has it.
    NotModified,
    /// Nothing: the client wants bytes that are not there.
    Unsatisfiable,
    /// All or part of it: the first bytes, and where the rest is.
    Bytes { wanted: Wanted, first: Bytes, rest: Option<Remaining> },
}

/// Finds what is at `path`. `head` asks for no bytes, only for what there is to say about them.
///
/// # Errors
///
/// What openat2(2) says: `NotFound`, `PermissionDenied`, `CrossesDevices` for links that leave the
/// folder. `NotFound` too for what is neither a file nor a folder.
pub(super) fn find(
    root: &Root,
    path: &RequestPath,
    conditions: &Conditions,
    head: bool,
) -> io::Result<Found> {
    let opened = root.open_beneath(&path.relative)?;
    let stat = fstat(&opened)?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile if path.ends_with_slash => Err(Errno::NOENT.into()),
        FileType::RegularFile => {
            open_file(opened, &stat, &path.relative, conditions, head).map(Found::File)
        }
        FileType::Directory if !path.ends_with_slash => Ok(Found::NeedsSlash),
        FileType::Directory => {
            let index = path.relative.join("index.html");
            let file = root.open_beneath(&index).and_then(|file| Ok((fstat(&file)?, file)));
            match file {
                Ok((stat, file)) if FileType::from_raw_mode(stat.st_mode).is_file() => {
                    open_file(file, &stat, &index, conditions, head).map(Found::File)
                }
                _ => listing::page(&opened, path).map(Found::Listing),
            }
        }
        _ => Err(Errno::NOENT.into()),
    }
}

fn open_file(
    file: OwnedFd,
    stat: &Stat,
    path: &Path,
    conditions: &Conditions,
    head: bool,
) -> io::Result<Opened> {
    let len = u64::try_from(stat.st_size).map_err(io::Error::other)?;
    let version = Version::new(modified(stat), len);
    let send = if conditions.not_modified(&version) {
        Send::NotModified
    } else {
        match Wanted::parse(conditions.range(&version), len) {
            Wanted::Unsatisfiable => Send::Unsatisfiable,
            wanted if head => Send::Bytes { wanted, first: Bytes::new(), rest: None },
            wanted => {
                let range = match &wanted {
                    Wanted::Part(range) => range.clone(),
                    _ => 0..len,
                };
                let (first, rest) = body::read_first(File::from(file), range)?;
                Send::Bytes { wanted, first, rest }
            }
        }
    };
    Ok(Opened { content_type: content_type(path), version, len, send })
}

/// The time of the last change. Files older than 1970 are as old as that.
pub(super) fn modified(stat: &Stat) -> SystemTime {
    let nanos = u32::try_from(stat.st_mtime_nsec).unwrap_or(0);
    u64::try_from(stat.st_mtime).map_or(UNIX_EPOCH, |secs| UNIX_EPOCH + Duration::new(secs, nanos))
}
