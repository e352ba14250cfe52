//! The stream wrapper: buffers, vectored writes, both ways.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBuf, Write};
use mini_async::Async;
use mini_hyper::FuturesIo;

/// Gives what it has, and remembers what is done to it.
#[derive(Default)]
struct Recorder {
    source: Vec<u8>,
    asked: Vec<usize>,
    writes: Vec<usize>,
    closed: bool,
}

impl AsyncRead for Recorder {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.asked.push(buf.len());
        if self.source.is_empty() {
            return Poll::Pending;
        }
        let length = buf.len().min(self.source.len());
        buf[..length].copy_from_slice(&self.source[..length]);
        self.source.drain(..length);
        Poll::Ready(Ok(length))
    }
}

impl AsyncWrite for Recorder {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes.push(1);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writes.push(bufs.len());
        Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.closed = true;
        Poll::Ready(Ok(()))
    }
}

#[test]
fn reading_fills_uninitialised_buffers_piece_by_piece() {
    let sent: Vec<u8> = (0..200_000).map(|i| (i % 253) as u8).collect();
    let mut io = FuturesIo::new(Recorder { source: sent.clone(), ..Recorder::default() });
    let cx = &mut Context::from_waker(Waker::noop());
    let mut room = vec![MaybeUninit::uninit(); sent.len() + 100];
    let mut buf = ReadBuf::uninit(&mut room);
    let mut filled = 0;
    while Pin::new(&mut io).poll_read(cx, buf.unfilled()).is_ready() {
        assert!(buf.filled().len() > filled, "a ready read that gave nothing is an end");
        filled = buf.filled().len();
    }
    assert!(buf.filled() == sent);
}

#[test]
fn no_more_is_read_than_there_is_room_for() {
    let mut io = FuturesIo::new(Recorder { source: vec![7; 100], ..Recorder::default() });
    let cx = &mut Context::from_waker(Waker::noop());
    let mut room = [MaybeUninit::uninit(); 30];
    let mut buf = ReadBuf::uninit(&mut room);
    assert!(Pin::new(&mut io).poll_read(cx, buf.unfilled()).is_ready());
    assert_eq!(buf.filled(), [7; 30]);
    assert_eq!(io.get_ref().asked, [30]);
    assert_eq!(io.into_inner().source.len(), 70);
}

/// A reader that reads from another such reader while it is polled itself.
struct Nested(FuturesIo<Recorder>);

impl AsyncRead for Nested {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        buf.fill(1);
        let mut inner = [MaybeUninit::uninit(); 4];
        let mut inner = ReadBuf::uninit(&mut inner);
        assert!(Pin::new(&mut self.0).poll_read(cx, inner.unfilled()).is_ready());
        assert!(buf.iter().all(|byte| *byte == 1), "both use the same buffer");
        Poll::Ready(Ok(inner.filled().len()))
    }
}

#[test]
fn readers_may_be_nested() {
    let recorder = Recorder { source: vec![7; 100], ..Recorder::default() };
    let mut io = FuturesIo::new(Nested(FuturesIo::new(recorder)));
    let mut room = [MaybeUninit::uninit(); 30];
    let mut buf = ReadBuf::uninit(&mut room);
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut io).poll_read(cx, buf.unfilled()).is_ready());
    assert_eq!(buf.filled(), [1; 4]);
}

#[test]
fn vectored_writes_and_closing_are_passed_on() {
    let mut io = FuturesIo::with_vectored(Recorder::default(), true);
    let cx = &mut Context::from_waker(Waker::noop());
    let bufs = [IoSlice::new(b"ab"), IoSlice::new(b"c")];
    let written = Pin::new(&mut io).poll_write_vectored(cx, &bufs);
    assert!(matches!(written, Poll::Ready(Ok(3))));
    assert!(Pin::new(&mut io).poll_shutdown(cx).is_ready());
    assert_eq!(io.get_ref().writes, [2]);
    assert!(io.get_ref().closed);
    assert!(io.is_write_vectored());
}

#[test]
fn sockets_are_known_to_write_vectored_and_others_are_not() -> io::Result<()> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let stream = std::net::TcpStream::connect(listener.local_addr()?)?;
    assert!(FuturesIo::new(Async::new(stream)?).is_write_vectored());
    assert!(!FuturesIo::new(Recorder::default()).is_write_vectored());
    Ok(())
}

#[cfg(unix)]
#[test]
fn unix_sockets_are_known_to_write_vectored_too() -> io::Result<()> {
    let (near, _far) = std::os::unix::net::UnixStream::pair()?;
    assert!(FuturesIo::new(Async::new(near)?).is_write_vectored());
    Ok(())
}

#[test]
fn the_way_back_is_the_same_stream() {
    let recorder = Recorder { source: b"hello".to_vec(), ..Recorder::default() };
    let mut there_and_back = FuturesIo::new(FuturesIo::new(recorder));
    mini_async::block_on(async {
        let mut buf = [0; 64];
        let read = poll_fn(|cx| AsyncRead::poll_read(Pin::new(&mut there_and_back), cx, &mut buf));
        assert_eq!(read.await.unwrap(), 5);
        assert_eq!(&buf[..5], b"hello");
        let write = poll_fn(|cx| AsyncWrite::poll_write(Pin::new(&mut there_and_back), cx, b"x"));
        assert_eq!(write.await.unwrap(), 1);
        let close = poll_fn(|cx| AsyncWrite::poll_close(Pin::new(&mut there_and_back), cx));
        close.await.unwrap();
    });
    assert!(there_and_back.into_inner().into_inner().closed);
}
