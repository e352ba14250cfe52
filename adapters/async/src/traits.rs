//! `AsyncRead` and `AsyncWrite`: for `Async<T>` when `T` reads and writes, and for `&Async<T>` when
//! `&T` does.
//!
//! A read or write is one system call, no allocation, and no call at all when the core knows the
//! direction to be drained. Plain TCP streams also tell the core when a transfer was shorter than
//! asked for, which on such a stream means "drained": the call that would only fail with
//! `WouldBlock` is never made. Other kinds do not, because elsewhere a short transfer can mean
//! something else: a message boundary, a passed descriptor, an out-of-band mark.
//!
//! Reading through `&mut T` could swap the descriptor that the reactor watches. The core allows it
//! all the same, by watching a duplicate (`Registration::poll_io_mut`). std's own types are known
//! to work by shared reference too, so they need none.

use std::any::TypeId;
use std::io::ErrorKind::{Interrupted, NotConnected, WouldBlock};
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::TcpStream;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use mini_reactor::{AsIo, Direction};

use crate::Async;
use crate::sys::StdIo;

impl<T: AsIo + 'static> Async<T> {
    /// One transfer of up to `len` bytes. The choice costs nothing: `T` decides it when compiled.
    #[inline]
    fn poll_transfer(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        len: usize,
        op: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        if TypeId::of::<T>() == TypeId::of::<TcpStream>() {
            self.registration().poll_stream(direction, cx, len, op)
        } else {
            self.registration().poll_io(direction, cx, op)
        }
    }

    #[inline]
    fn poll_read_by(
        &mut self,
        cx: &mut Context<'_>,
        len: usize,
        mut op: impl FnMut(&mut dyn Read) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>>
    where
        T: Read,
    {
        if let Some(mut io) = StdIo::of(self.get_ref()) {
            return self.poll_transfer(Direction::Read, cx, len, |_| op(io.as_read()));
        }
        self.registration_mut().poll_io_mut(Direction::Read, cx, |io| op(io))
    }

    #[inline]
    fn poll_write_by(
        &mut self,
        cx: &mut Context<'_>,
        len: usize,
        mut op: impl FnMut(&mut dyn Write) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>>
    where
        T: Write,
    {
        if let Some(mut io) = StdIo::of(self.get_ref()) {
            return self.poll_transfer(Direction::Write, cx, len, |_| op(io.as_write()));
        }
        self.registration_mut().poll_io_mut(Direction::Write, cx, |io| op(io))
    }

    fn end_of_writing(&self) -> io::Result<()> {
        let ended = match StdIo::of(self.get_ref()) {
            Some(io) => io.end_of_writing(),
            None => self.get_ref().end_of_writing(),
        };
        match ended {
            // The connection is gone altogether: there is nobody left to tell.
            Err(error) if error.kind() == NotConnected => Ok(()),
            done => done,
        }
    }
}

/// By value, for every `T` that reads. If `T` is not one of std's own streams, files and pipes, the
/// first read that has to wait duplicates the descriptor (see [`Async::read_with_mut`]); where
/// `&T` reads too, `&Async<T>` does without.
impl<T: AsIo + Read + 'static> AsyncRead for Async<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_read_by(cx, buf.len(), |io| io.read(buf))
    }

    fn poll_read_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let len = bufs.iter().map(|buf| buf.len()).sum();
        self.poll_read_by(cx, len, |io| io.read_vectored(bufs))
    }
}

impl<T: AsIo + 'static> AsyncRead for &Async<T>
where
    for<'a> &'a T: Read,
{
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_transfer(Direction::Read, cx, buf.len(), |mut io| io.read(buf))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let len = bufs.iter().map(|buf| buf.len()).sum();
        self.poll_transfer(Direction::Read, cx, len, |mut io| io.read_vectored(bufs))
    }
}

/// By value, for every `T` that writes; about the descriptor, see `AsyncRead`.
///
/// Closing flushes, and ends the writing half of TCP and Unix streams: the peer sees the end of
/// the stream, and can still be read from.
impl<T: AsIo + Write + 'static> AsyncWrite for Async<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_by(cx, buf.len(), |io| io.write(buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let len = bufs.iter().map(|buf| buf.len()).sum();
        self.poll_write_by(cx, len, |io| io.write_vectored(bufs))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if StdIo::of(self.get_ref()).is_some() {
            return Poll::Ready(Ok(()));
        }
        self.registration_mut().poll_io_mut(Direction::Write, cx, Write::flush)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.as_mut().poll_flush(cx).map(|flushed| flushed.and_then(|()| self.end_of_writing()))
    }
}

/// Closing flushes, and ends the writing half of TCP and Unix streams: the peer sees the end of
/// the stream, and can still be read from.
impl<T: AsIo + 'static> AsyncWrite for &Async<T>
where
    for<'a> &'a T: Write,
{
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_transfer(Direction::Write, cx, buf.len(), |mut io| io.write(buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let len = bufs.iter().map(|buf| buf.len()).sum();
        self.poll_transfer(Direction::Write, cx, len, |mut io| io.write_vectored(bufs))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Tried first even when the object is known not to be writable: of a socket, with its
        // peer not reading, there is nothing to flush, and waiting could last for ever.
        match self.get_ref().flush() {
            Err(error) if matches!(error.kind(), WouldBlock | Interrupted) => {
                self.registration().poll_io(Direction::Write, cx, |mut io| io.flush())
            }
            done => Poll::Ready(done),
        }
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.as_mut().poll_flush(cx).map(|flushed| flushed.and_then(|()| self.end_of_writing()))
    }
}
