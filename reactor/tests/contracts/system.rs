//! `System` on a real unix, below the level of sockets' own semantics.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mini_reactor::{
    BorrowedIo, Direction, Directions, GlobalReactor, Handle, Reactor, ReadyList, Registration,
    Source, System,
};

use crate::tools::{Count, poll_ready, sleep, system, until, watch};

fn pair(reactor: &Handle) -> (UnixStream, Registration<UnixStream>) {
    let (here, there) = UnixStream::pair().expect("a pair of sockets");
    there.set_nonblocking(true).expect("an open socket");
    (here, Registration::new_in(there, reactor))
}

#[test]
fn the_same_descriptor_twice_is_already_exists_and_the_first_goes_on() {
    let reactor = system();
    let (mut here, there) = UnixStream::pair().unwrap();
    there.set_nonblocking(true).unwrap();
    let there = Arc::new(there);
    let first = Registration::new_in(Arc::clone(&there), &reactor);
    let second = Registration::new_in(Arc::clone(&there), &reactor);
    assert!(poll_ready(&first, Direction::Read, Waker::noop()).is_pending());
    for _ in 0..2 {
        let Poll::Ready(Err(error)) = poll_ready(&second, Direction::Read, Waker::noop()) else {
            panic!("registered twice")
        };
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    }
    drop(second);
    here.write_all(b"x").unwrap();
    reactor.block_on(first.ready(Direction::Read)).unwrap();
    drop(first);
    let third = Registration::new_in(there, &reactor);
    reactor.block_on(third.ready(Direction::Read)).unwrap();
}

/// A decorator that asks twice.
struct Twice(System);

impl GlobalReactor for Twice {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.0.register(io, source)?;
        let again = self.0.register(io, source).expect_err("it is registered");
        assert_eq!(again.kind(), ErrorKind::AlreadyExists);
        Ok(())
    }
    fn rearm(&self, io: BorrowedIo<'_>, source: &Arc<Source>, to: Directions) -> io::Result<()> {
        self.0.rearm(io, source, to)
    }
    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.0.deregister(io, source)?;
        let again = self.0.deregister(io, source).expect_err("it is no more");
        assert_eq!(again.kind(), ErrorKind::NotFound);
        Ok(())
    }
    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        self.0.turn(timeout, ready)
    }
    fn notify(&self) {
        self.0.notify();
    }
    fn now(&self) -> Instant {
        self.0.now()
    }
}

#[test]
fn the_same_source_twice_is_already_exists_and_the_first_registration_goes_on() {
    let reactor = Handle::from(Arc::new(Reactor::new(Twice(System::new()))));
    let (mut here, there) = UnixStream::pair().unwrap();
    there.set_nonblocking(true).unwrap();
    let there = Registration::new_in(there, &reactor);
    assert!(poll_ready(&there, Direction::Read, Waker::noop()).is_pending());
    here.write_all(b"x").unwrap();
    until(|| {
        reactor.poll_once().unwrap();
        poll_ready(&there, Direction::Read, Waker::noop()).is_ready()
    });
    let source = Arc::downgrade(there.source());
    drop(there);
    assert!(source.upgrade().is_none(), "the system has let go of it");
}

#[test]
fn one_descriptor_may_be_registered_with_two_reactors() {
    let (mut here, there) = UnixStream::pair().unwrap();
    there.set_nonblocking(true).unwrap();
    let there = Arc::new(there);
    let reactors = [system(), system()];
    let both = [0, 1].map(|at: usize| {
        let object = Registration::new_in(Arc::clone(&there), &reactors[at]);
        assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
        object
    });
    here.write_all(b"x").unwrap();
    for (reactor, object) in reactors.iter().zip(&both) {
        reactor.block_on(object.ready(Direction::Read)).unwrap();
    }
}

#[test]
fn a_regular_file_is_always_ready() {
    let reactor = system();
    let file = File::open(std::env::current_exe().unwrap()).unwrap();
    let file = Registration::new_in(file, &reactor);
    for _ in 0..3 {
        for direction in [Direction::Read, Direction::Write] {
            reactor.block_on(file.ready(direction)).unwrap();
            assert!(poll_ready(&file, direction, Waker::noop()).is_ready());
        }
    }
    let mut bytes = [0; 4];
    let read = reactor.block_on(file.io(Direction::Read, |mut io| io.read(&mut bytes))).unwrap();
    assert_eq!(read, 4);
    let blocks = file.io(Direction::Read, |_| Err::<(), _>(ErrorKind::WouldBlock.into()));
    assert_eq!(reactor.block_on(blocks).unwrap_err().kind(), ErrorKind::Unsupported);
    file.into_inner().unwrap();
}

#[test]
fn io_past_the_registration_makes_ready_neither_spin_nor_hang() {
    let reactor = system();
    let (mut here, there) = pair(&reactor);
    let (count, waker) = Count::new();
    for round in 1..=5 {
        assert!(poll_ready(&there, Direction::Read, &waker).is_pending(), "round {round}");
        here.write_all(b"xx").unwrap();
        reactor.block_on(there.ready(Direction::Read)).unwrap();
        assert_eq!(count.wakes(), round);
        assert_eq!(there.get_ref().read(&mut [0]).unwrap(), 1);
        assert!(poll_ready(&there, Direction::Read, &waker).is_ready(), "there is one more");
        assert_eq!(there.get_ref().read(&mut [0]).unwrap(), 1);
    }
}

#[test]
fn both_directions_of_one_socket_are_waited_for_at_once() {
    let (reactor, _watch) = (system(), watch());
    let (mut here, there) = pair(&reactor);
    let block = [0_u8; 65_536];
    let mut sent = 0;
    loop {
        match there.get_ref().write(&block) {
            Ok(length) => sent += length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
    }
    let mut bytes = [0; 2];
    thread::scope(|scope| {
        let (reactor, there, bytes) = (&reactor, &there, &mut bytes);
        let writer = scope
            .spawn(move || reactor.block_on(there.io(Direction::Write, |mut io| io.write(b"end"))));
        let reader = scope
            .spawn(move || reactor.block_on(there.io(Direction::Read, |mut io| io.read(bytes))));
        here.write_all(b"hi").unwrap();
        assert_eq!(reader.join().unwrap().unwrap(), 2);
        let mut all = vec![0; sent + 3];
        here.read_exact(&mut all).unwrap();
        assert_eq!(writer.join().unwrap().unwrap(), 3);
        assert!(all.ends_with(b"end"));
    });
}

#[test]
fn into_inner_gives_the_object_back_as_it_was() {
    let reactor = system();
    let (mut here, there) = pair(&reactor);
    assert!(poll_ready(&there, Direction::Read, Waker::noop()).is_pending());
    let mut there = there.into_inner().unwrap();
    here.write_all(b"x").unwrap();
    assert_eq!(there.read(&mut [0; 8]).unwrap(), 1);
}

#[test]
fn registering_never_makes_an_object_non_blocking() {
    let reactor = system();
    let (_here, there) = UnixStream::pair().unwrap();
    let there = Registration::new_in(there, &reactor);
    assert!(poll_ready(&there, Direction::Read, Waker::noop()).is_pending());
    let flags = rustix::fs::fcntl_getfl(there.get_ref()).unwrap();
    assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK));
}

#[test]
fn a_thousand_objects_registered_and_dropped_leave_nothing_behind() {
    let reactor = system();
    for _ in 0..1000 {
        let (mut here, there) = pair(&reactor);
        let (count, waker) = Count::new();
        assert!(poll_ready(&there, Direction::Read, &waker).is_pending());
        here.write_all(b"x").unwrap();
        let source = Arc::downgrade(there.source());
        drop(there);
        assert_eq!((count.wakes(), count.kept(1)), (1, 0));
        assert_eq!(source.strong_count(), 0, "the backend has let go of it");
    }
    reactor.block_on(sleep(&reactor, Duration::from_millis(1)));
}

#[cfg(target_os = "linux")]
#[test]
fn the_reactors_descriptors_are_closed_with_its_last_user() {
    let name = "system::the_reactors_descriptors_are_closed_with_its_last_user";
    crate::tools::succeeds_in_a_process(name, || {
        let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        let before = open();
        let reactor = system();
        assert_eq!(open(), before, "none before the first use");
        let (here, there) = pair(&reactor);
        assert!(poll_ready(&there, Direction::Read, Waker::noop()).is_pending());
        drop(reactor);
        assert!(open() > before + 2, "a user is left");
        drop((here, there));
        assert_eq!(open(), before);
    });
}
