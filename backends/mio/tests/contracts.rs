//! What mio's own ways could get wrong: the lock around `Poll`, the waker, its words for the end.
//! The contract at large is a suite of its own, which every backend runs.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests fail by it")]

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mini_reactor::{AsIo, Direction, GlobalReactor, Handle, Reactor, ReadyList, Registration};
use mini_reactor_mio::Mio;

fn reactor() -> Handle {
    Handle::from(Arc::new(Reactor::new(Mio::new())))
}

fn poll<T: AsIo>(object: &Registration<T>, direction: Direction) -> Poll<io::Result<()>> {
    object.poll_ready(direction, &mut Context::from_waker(Waker::noop()))
}

fn tcp(reactor: &Handle) -> (TcpStream, Registration<TcpStream>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let here = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (there, _) = listener.accept().unwrap();
    there.set_nonblocking(true).unwrap();
    (here, Registration::new_in(there, reactor))
}

/// As a stream's reader does: a short read is believed where the backend allows it.
async fn read(object: &Registration<TcpStream>, buffer: &mut [u8]) -> io::Result<usize> {
    let room = buffer.len();
    std::future::poll_fn(|cx| {
        object.poll_stream(Direction::Read, cx, room, |mut io| io.read(buffer))
    })
    .await
}

#[test]
fn a_notify_before_the_first_turn_ends_it_and_no_other() {
    let mio = Mio::new();
    mio.notify();
    mio.turn(None, &mut ReadyList::new()).unwrap();
    let begin = Instant::now();
    mio.turn(Some(Duration::from_millis(3)), &mut ReadyList::new()).unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(3));
}

#[test]
fn a_notify_during_a_turn_ends_it_each_time() {
    let mio = Mio::new();
    thread::scope(|scope| {
        let (told, heard) = std::sync::mpsc::channel();
        scope.spawn(|| {
            for () in heard {
                mio.notify();
            }
        });
        for _ in 0..100 {
            told.send(()).unwrap();
            mio.turn(None, &mut ReadyList::new()).unwrap();
        }
        drop(told);
    });
}

#[test]
fn the_same_descriptor_twice_is_already_exists_and_the_first_goes_on() {
    let reactor = reactor();
    let (mut here, there) = UnixStream::pair().unwrap();
    there.set_nonblocking(true).unwrap();
    let there = Arc::new(there);
    let first = Registration::new_in(Arc::clone(&there), &reactor);
    let second = Registration::new_in(Arc::clone(&there), &reactor);
    assert!(poll(&first, Direction::Read).is_pending());
    let Poll::Ready(Err(error)) = poll(&second, Direction::Read) else { panic!("twice") };
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    drop(second);
    here.write_all(b"x").unwrap();
    reactor.block_on(first.ready(Direction::Read)).unwrap();
}

#[test]
fn a_regular_file_is_always_ready() {
    let reactor = reactor();
    let file = File::open(std::env::current_exe().unwrap()).unwrap();
    let file = Registration::new_in(file, &reactor);
    reactor.block_on(file.ready(Direction::Read)).unwrap();
    assert!(poll(&file, Direction::Write).is_ready());
    file.into_inner().unwrap();
}

#[test]
fn data_and_the_end_in_one_event_are_both_seen() {
    let reactor = reactor();
    let (mut here, there) = tcp(&reactor);
    assert!(poll(&there, Direction::Read).is_pending());
    here.write_all(b"last words").unwrap();
    here.shutdown(Shutdown::Write).unwrap();
    reactor.block_on(async {
        let mut buffer = [0; 64];
        assert_eq!(read(&there, &mut buffer).await.unwrap(), 10);
        assert_eq!(read(&there, &mut buffer).await.unwrap(), 0);
    });
}

#[test]
fn what_lies_behind_an_urgent_mark_is_read() {
    let reactor = reactor();
    let (here, there) = tcp(&reactor);
    assert!(poll(&there, Direction::Read).is_pending());
    rustix::net::send(&here, b"abc!", rustix::net::SendFlags::OOB).unwrap();
    (&here).write_all(b"def").unwrap();
    reactor.block_on(async {
        let (mut text, mut buffer) = (Vec::new(), [0; 64]);
        while text.len() < 6 {
            let length = read(&there, &mut buffer).await.unwrap();
            text.extend_from_slice(&buffer[..length]);
        }
        assert_eq!(text, b"abcdef");
    });
}

#[test]
fn more_events_than_a_turn_takes_are_all_delivered() {
    let reactor = reactor();
    let pairs: Vec<_> = (0..300)
        .map(|_| {
            let (here, there) = UnixStream::pair().unwrap();
            there.set_nonblocking(true).unwrap();
            (here, Registration::new_in(there, &reactor))
        })
        .collect();
    for (here, there) in &pairs {
        assert!(poll(there, Direction::Read).is_pending());
        (&*here).write_all(b"x").unwrap();
    }
    reactor.block_on(async {
        for (_, there) in &pairs {
            let read = there.io(Direction::Read, |mut io| io.read(&mut [0; 8])).await;
            assert_eq!(read.unwrap(), 1);
        }
    });
}
