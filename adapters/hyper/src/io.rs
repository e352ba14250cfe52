//! `rt::Read` and `rt::Write` over futures-io, and back again.
//!
//! hyper hands over a buffer that may be uninitialised, and a futures-io reader wants one that is
//! not. Of three ways around that, this file takes the third:
//!
//! 1. `ReadBufCursor::as_mut` and `advance` are `unsafe`, and would need a reader that promises to
//!    write what it says it wrote; futures-io has no such promise.
//! 2. `initialize_unfilled` is safe, and writes zeros over all the room (8 KiB at first, hundreds
//!    once a body streams) at every poll, also when nothing is there to read.
//! 3. Reading into a buffer of this thread, initialised once, and copying what came. Nothing came:
//!    nothing is copied. Small reads pay a few nanoseconds, a tenth of what the zeros cost; reads
//!    of 64 KiB pay about as much as the zeros of as much room, a fraction of the system call.
//!
//! The price: a reader that says it wrote more than it did passes on what an earlier read of this
//! thread left in the buffer. Such a reader breaks the contract of `AsyncRead`; sockets do not.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};

use crate::socket;

/// Bytes read at most at once.
const CHUNK: usize = 64 * 1024;

thread_local! {
    /// The buffer of this thread; taken while in use, as a reader may read from another one of
    /// these, which then uses a buffer of its own.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A futures-io stream as hyper's I/O, or hyper's I/O as a futures-io stream.
///
/// The first is what hyper's connections are made from. The second is for what hyper gives back
/// when a connection is upgraded, such as to a web socket.
///
/// # Examples
///
/// ```
/// use mini_async::Async;
/// use mini_hyper::FuturesIo;
/// use std::net::{TcpListener, TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let stream = Async::new(TcpStream::connect(listener.local_addr()?)?)?;
/// let io = FuturesIo::new(stream);
/// let _connection = hyper::client::conn::http1::handshake::<_, String>(io);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FuturesIo<T> {
    inner: T,
    vectored: bool,
}

impl<T: 'static> FuturesIo<T> {
    /// Wraps `inner`. Vectored writes are announced to hyper if `inner` is an
    /// [`Async`](mini_async::Async) of a TCP or Unix stream.
    pub fn new(inner: T) -> FuturesIo<T> {
        FuturesIo { inner, vectored: socket::is_stream::<T>() }
    }
}

impl<T> FuturesIo<T> {
    /// Wraps `inner`, and says whether it writes many buffers as cheaply as one.
    ///
    /// If so, hyper hands over head and body as they are; if not, it copies them together first.
    /// futures-io cannot tell. A stream that falsely claims to gets one write for each buffer,
    /// which on a TLS stream means a record for each.
    pub fn with_vectored(inner: T, vectored: bool) -> FuturesIo<T> {
        FuturesIo { inner, vectored }
    }

    /// The stream inside.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// The stream inside, to be changed.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// Gives the stream back.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<T: AsyncRead + Unpin> Read for FuturesIo<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // In a destructor of the thread the buffer may be gone already.
        let mut scratch = SCRATCH.try_with(Cell::take).unwrap_or_default();
        if scratch.is_empty() {
            scratch = vec![0; CHUNK];
        }
        let room = cursor.remaining().min(CHUNK);
        let polled = Pin::new(&mut self.inner).poll_read(cx, &mut scratch[..room]);
        if let Poll::Ready(Ok(length)) = polled {
            cursor.put_slice(&scratch[..length]);
        }
        let _ = SCRATCH.try_with(|place| place.set(scratch));
        polled.map_ok(drop)
    }
}

impl<T: AsyncWrite + Unpin> Write for FuturesIo<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.vectored
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }
}

impl<T: Read + Unpin> AsyncRead for FuturesIo<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf.unfilled()))?;
        Poll::Ready(Ok(buf.filled().len()))
    }
}

impl<T: Write + Unpin> AsyncWrite for FuturesIo<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
