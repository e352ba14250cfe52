//! The body of a response: bytes that are there, then the rest of a file in pieces.
//!
//! A piece is read on the blocking pool while the one before it is being sent; there are never more
//! than two in memory, however large the file and however slow the client.

use std::fs::File;
use std::future::Future;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use blocking::unblock;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

/// Bytes of a piece. A file up to this size is read together with opening it.
const PIECE: u64 = 64 * 1024;

/// The part of a file that has not been read yet: at least one byte.
#[derive(Debug)]
pub(super) struct Remaining {
    file: File,
    range: Range<u64>,
}

type Reading = blocking::Task<io::Result<(Bytes, Option<Remaining>)>>;

/// The body of a response.
#[derive(Debug)]
pub(super) struct Body {
    /// What can be sent at once.
    ready: Bytes,
    /// The piece after it, being read.
    next: Option<Reading>,
    /// Bytes after `ready`.
    left: u64,
}

impl Body {
    /// Some bytes.
    pub(super) fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self { ready: bytes.into(), next: None, left: 0 }
    }

    /// Some bytes, then the rest of a file.
    pub(super) fn file(first: Bytes, rest: Option<Remaining>) -> Self {
        let left = rest.as_ref().map_or(0, |rest| rest.range.end - rest.range.start);
        Self { ready: first, next: rest.map(read_on), left }
    }
}

fn read_on(rest: Remaining) -> Reading {
    unblock(move || read_first(rest.file, rest.range))
}

/// Reads the first piece of `range`; blocks.
///
/// # Errors
///
/// `UnexpectedEof` if the file became shorter than it was.
pub(super) fn read_first(file: File, range: Range<u64>) -> io::Result<(Bytes, Option<Remaining>)> {
    let end = range.end.min(range.start.saturating_add(PIECE));
    let mut piece = vec![0; usize::try_from(end - range.start).expect("a piece fits in memory")];
    file.read_exact_at(&mut piece, range.start)?;
    let rest = end..range.end;
    Ok((piece.into(), (!rest.is_empty()).then_some(Remaining { file, range: rest })))
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.ready.is_empty() {
            let Some(next) = &mut self.next else { return Poll::Ready(None) };
            let read = ready!(Pin::new(next).poll(cx));
            self.next = None;
            match read {
                Ok((piece, rest)) => {
                    self.left -= piece.len() as u64;
                    self.ready = piece;
                    self.next = rest.map(read_on);
                }
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
        let ready = std::mem::take(&mut self.ready);
        Poll::Ready(Some(Ok(Frame::data(ready))))
    }

    fn is_end_stream(&self) -> bool {
        self.ready.is_empty() && self.next.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.ready.len() as u64 + self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::block_on;
    use http_body_util::BodyExt;
    use std::fs;

    #[test]
    fn a_file_in_pieces() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let content: Vec<u8> = (0..3 * PIECE + 7).map(|index| (index % 251) as u8).collect();
        fs::write(&file, &content).unwrap();
        for range in [0..content.len() as u64, 5..PIECE + 5, 1..2, PIECE..3 * PIECE] {
            let (first, rest) = read_first(File::open(&file).unwrap(), range.clone()).unwrap();
            let body = Body::file(first, rest);
            assert_eq!(body.size_hint().exact(), Some(range.end - range.start));
            let sent = block_on(body.collect()).unwrap().to_bytes();
            assert_eq!(sent, content[range.start as usize..range.end as usize]);
        }
    }

    #[test]
    fn a_file_that_shrinks_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, vec![0; 2 * PIECE as usize]).unwrap();
        let (first, rest) = read_first(File::open(&file).unwrap(), 0..2 * PIECE).unwrap();
        file.as_file().set_len(PIECE).unwrap();
        let error = block_on(Body::file(first, rest).collect()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
