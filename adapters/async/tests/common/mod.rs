//! What the tests share: running a future so that a lost wake-up fails the test instead of hanging
//! it, and a connected pair of sockets.

#![allow(dead_code, reason = "each test file uses a part of this")]

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_lite::future;
use mini_async::{Async, Timer, block_on};

/// So long may a test wait for a wake-up. No test waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    block_on(patiently(future))
}

pub(crate) async fn patiently<T>(future: impl Future<Output = T>) -> T {
    let lost = async {
        Timer::after(PATIENCE).await;
        panic!("no wake-up came in {PATIENCE:?}");
    };
    future::or(future, lost).await
}

/// One poll, by a task that does not mind being woken.
pub(crate) fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

pub(crate) fn tcp_listener() -> io::Result<Async<TcpListener>> {
    Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0))
}

/// An async end and a blocking one.
pub(crate) fn half_async_pair() -> io::Result<(Async<TcpStream>, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    far.set_nodelay(true)?;
    Ok((Async::new(near)?, far))
}

pub(crate) fn pair() -> io::Result<(Async<TcpStream>, Async<TcpStream>)> {
    let (near, far) = half_async_pair()?;
    Ok((near, Async::new(far)?))
}
