//! `AsyncRead` and `AsyncWrite` for `Async<T>` and `&Async<T>`, when `&T` reads and writes.
//!
//! A read or write is one system call, no allocation, and no call at all when the core knows the
//! direction to be drained. Plain TCP streams also tell the core when a transfer was shorter than
//! asked for, which on such a stream means "drained": the call that would only fail with
//! `WouldBlock` is never made. Other kinds do not, because elsewhere a short transfer can mean
//! something else: a message boundary, a passed descriptor, an out-of-band mark.

use std::any::{Any, TypeId};
use std::io::ErrorKind::{Interrupted, NotConnected, WouldBlock};
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::TcpStream;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use mini_reactor::{AsIo, Direction};

use crate::{Async, sys};

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

impl<T: AsIo + 'static> AsyncRead for Async<T>
where
    for<'a> &'a T: Read,
{
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_read(cx, buf)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_read_vectored(cx, bufs)
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
        if self.as_mut().poll_flush(cx)?.is_pending() {
            return Poll::Pending;
        }
        let io: &dyn Any = self.get_ref();
        Poll::Ready(match sys::end_of_writing(io) {
            // The connection is gone altogether: there is nobody left to tell.
            Err(error) if error.kind() == NotConnected => Ok(()),
            done => done,
        })
    }
}

impl<T: AsIo + 'static> AsyncWrite for Async<T>
where
    for<'a> &'a T: Write,
{
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_close(cx)
    }
}
