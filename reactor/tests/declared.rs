//! A program that declares its reactor, in code that forbids `unsafe`; and all that a library
//! needs, used from there.
#![cfg(not(all(windows, target_env = "gnu")))] // nothing can be declared there
#![forbid(unsafe_code)]

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use mini_reactor::{
    AsIo, BorrowedIo, Deadline, Direction, Directions, GlobalReactor, Handle, Observation, Parker,
    Reactor, ReadyList, Registration, Source, System, global, global_reactor, set_global,
};

struct Counting {
    inner: System,
    turns: AtomicUsize,
}

impl GlobalReactor for Counting {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.inner.register(io, source)
    }
    fn rearm(&self, io: BorrowedIo<'_>, source: &Arc<Source>, to: Directions) -> io::Result<()> {
        self.inner.rearm(io, source, to)
    }
    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.inner.deregister(io, source)
    }
    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        self.turns.fetch_add(1, SeqCst);
        self.inner.turn(timeout, ready)
    }
    fn notify(&self) {
        self.inner.notify();
    }
    fn now(&self) -> Instant {
        self.inner.now()
    }
    fn pollable(&self) -> Option<BorrowedIo<'_>> {
        self.inner.pollable()
    }
    fn observe(&self, observation: Observation<'_>) -> bool {
        self.inner.observe(observation)
    }
}

global_reactor! {
    /// The static is an ordinary one.
    pub(crate) static COUNTING: Counting =
        Counting { inner: System::new(), turns: AtomicUsize::new(0) };
}

#[test]
fn the_declared_reactor_is_the_global_one() {
    mini_reactor::block_on(async {
        let mut nap = Deadline::after(Duration::from_millis(2));
        std::future::poll_fn(|cx| nap.poll(cx)).await;
    });
    assert!(COUNTING.turns.load(SeqCst) > 0, "some thread has turned it");
    let made = Deadline::after(Duration::ZERO);
    assert!(std::ptr::addr_eq::<Reactor, Reactor>(&**made.reactor(), global()));
}

#[test]
fn set_global_is_an_error_if_one_is_declared() {
    static OTHER: Reactor<System> = Reactor::new(System::new());
    for _ in 0..2 {
        assert_eq!(set_global(&OTHER).unwrap_err().kind(), ErrorKind::AlreadyExists);
    }
    assert!(!std::ptr::addr_eq::<Reactor, Reactor>(global(), &OTHER));
}

/// What a library might have: an object of its own making, on whatever reactor the program uses.
struct Queue(u64);

impl AsIo for Queue {
    fn as_io(&self) -> BorrowedIo<'_> {
        BorrowedIo::virtual_object(self.0)
    }
}

#[test]
fn a_library_that_forbids_unsafe_can_use_all_of_it() {
    static OWN: Reactor<System> = Reactor::new(System::new());
    let own = Handle::from(&OWN);
    let _entered = own.enter();
    let queue = Registration::new(Queue(1));
    let error = OWN.block_on(queue.ready(Direction::Read)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "the system knows no virtual objects");
    assert_eq!(queue.into_inner().unwrap().0, 1);

    let parker = Parker::new(Handle::current());
    let unparker = parker.unparker();
    std::thread::scope(|scope| {
        scope.spawn(|| unparker.unpark());
        parker.park(|| true).unwrap();
    });
    let _external = own.drive_externally();
    assert!(!own.poll_once().unwrap());
    own.set_timer_slack(Duration::from_millis(1));
    assert_eq!(own.next_deadline(), None);
    if let Some(pollable) = own.backend().pollable() {
        assert_eq!(pollable.as_virtual(), None);
    }
}

#[cfg(unix)]
#[test]
fn sockets_wait_on_the_declared_reactor() {
    use std::io::{Read, Write};
    let (mut here, there) = std::os::unix::net::UnixStream::pair().unwrap();
    there.set_nonblocking(true).unwrap();
    let there = Registration::new(there);
    let writer = std::thread::spawn(move || {
        here.write_all(b"hello").unwrap();
        here
    });
    let mut buffer = [0; 8];
    let read = there.io(Direction::Read, |mut io| io.read(&mut buffer));
    assert!(mini_reactor::block_on(read).unwrap() > 0);
    drop(writer.join().unwrap());
}
