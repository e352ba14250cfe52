//! Sequences on sockets of the system, through the default reactor, whichever way it polls.
//!
//! What the kernel reports, and when, is not predicted here. What is checked: once all has been
//! reported, nobody sleeps whose socket is ready; a waker is kept exactly as long as somebody waits
//! with it; data come once and in order; and no wait ends with an error that nobody gave.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::task::{Context, Poll};

use mini_reactor::{Direction, Handle, Reactor, Registration, System};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::ops::Bytes;
use super::tasks::Task;

const SOCKETS: usize = 3;
const WAITS: usize = 6;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    /// A new pair; what was there is closed.
    Open(usize),
    /// The other end sends so much, or as much as there is room for.
    Send(usize, u16),
    /// The other end receives all there is.
    Receive(usize),
    /// The other end will send no more.
    Finish(usize),
    /// The other end is closed.
    Close(usize),
    /// All that has come is read, or all room is filled, past the registration.
    Past(usize, Direction),
    /// A future waits for readiness, or for one byte to be moved.
    Wait {
        at: usize,
        socket: usize,
        direction: Direction,
        moves: bool,
    },
    Poll(usize),
    DropWait(usize),
    PollReady(usize, Direction),
    Turn,
    Fail(usize),
    /// The same descriptor is registered anew.
    Again(usize),
    Settle,
}

impl Op {
    pub(crate) fn of(bytes: &mut Bytes<'_>) -> Option<Op> {
        let code = bytes.below(24)?;
        if let 20.. = code {
            return Some(Op::Turn);
        }
        let socket = bytes.below(SOCKETS)?;
        Some(match code {
            0 => Op::Open(socket),
            1 | 2 => Op::Send(socket, 1),
            3 => Op::Send(socket, u16::MAX),
            4 => Op::Receive(socket),
            5 => Op::Finish(socket),
            6 => Op::Close(socket),
            7 | 8 => Op::Past(socket, bytes.direction()?),
            9..=12 => Op::Wait {
                at: bytes.below(WAITS)?,
                socket,
                direction: bytes.direction()?,
                moves: code < 11,
            },
            13 | 14 => Op::Poll(bytes.below(WAITS)?),
            15 => Op::DropWait(bytes.below(WAITS)?),
            16 | 17 => Op::PollReady(socket, bytes.direction()?),
            18 => match bytes.below(4)? {
                0 => Op::Fail(socket),
                _ => Op::Again(socket),
            },
            _ => Op::Settle,
        })
    }
}

struct Socket {
    registration: Arc<Registration<UnixStream>>,
    peer: Option<UnixStream>,
    /// The next byte that the peer sends, and the next one to come.
    sent: u8,
    received: Arc<AtomicU8>,
    /// Those who polled without a future, by direction.
    anonymous: [Waiter; 2],
    failed: bool,
    finished: bool,
}

struct Wait {
    socket: usize,
    direction: Direction,
    future: Pin<Box<dyn Future<Output = io::Result<()>>>>,
    waiter: Waiter,
}

/// Who waits, and how often they had been woken when they began to.
#[derive(Default)]
struct Waiter {
    task: Task,
    since: Option<usize>,
}

impl Waiter {
    fn polled<T>(&mut self, result: &Poll<T>) {
        self.since = result.is_pending().then(|| self.task.woken());
    }

    /// Has begun to wait and was not woken since.
    fn sleeps(&self) -> bool {
        self.since == Some(self.task.woken())
    }

    fn check(&self) {
        assert_eq!(self.task.kept(), usize::from(self.sleeps()), "wakers are kept while they wait");
    }
}

pub(crate) struct Sockets {
    reactor: Handle,
    sockets: [Option<Socket>; SOCKETS],
    waits: [Option<Wait>; WAITS],
}

impl Sockets {
    pub(crate) fn new() -> Sockets {
        let reactor = Handle::from(Arc::new(Reactor::new(System::new())));
        Sockets { reactor, sockets: Default::default(), waits: Default::default() }
    }

    pub(crate) fn step(&mut self, op: Op) {
        match op {
            Op::Open(socket) => self.open(socket),
            Op::Wait { at, socket, direction, moves } => self.wait(at, socket, direction, moves),
            Op::Poll(at) => self.poll(at),
            Op::DropWait(at) => self.waits[at] = None,
            Op::Turn => drop(self.reactor.poll_once().expect("nothing fails here")),
            Op::Settle => self.settle(),
            Op::Again(socket) => self.again(socket),
            Op::Send(socket, _)
            | Op::Receive(socket)
            | Op::Finish(socket)
            | Op::Close(socket)
            | Op::Past(socket, _)
            | Op::PollReady(socket, _)
            | Op::Fail(socket) => {
                if let Some(socket) = &mut self.sockets[socket] {
                    socket.execute(op);
                }
            }
        }
        self.waits.iter().flatten().for_each(|wait| wait.waiter.check());
        let sockets = self.sockets.iter().flatten();
        sockets.flat_map(|socket| &socket.anonymous).for_each(Waiter::check);
    }

    fn open(&mut self, at: usize) {
        self.end_waits(at);
        let (peer, here) = UnixStream::pair().expect("a pair of sockets");
        for end in [&peer, &here] {
            end.set_nonblocking(true).expect("an open socket");
        }
        let old = self.sockets[at].replace(Socket {
            registration: Arc::new(Registration::new_in(here, &self.reactor)),
            peer: Some(peer),
            sent: 0,
            received: Arc::default(),
            anonymous: Default::default(),
            failed: false,
            finished: false,
        });
        if let Some(Socket { registration, anonymous, .. }) = old {
            drop(registration);
            assert!(anonymous.iter().all(|waiter| !waiter.sleeps()), "asleep for a closed socket");
        }
    }

    fn again(&mut self, at: usize) {
        self.end_waits(at);
        let Some(mut socket) = self.sockets[at].take() else { return };
        let alone = Arc::into_inner(socket.registration).expect("its waits have ended");
        let here = alone.into_inner().expect("no token is out");
        assert!(socket.anonymous.iter().all(|waiter| !waiter.sleeps()), "asleep for nothing");
        socket.registration = Arc::new(Registration::new_in(here, &self.reactor));
        socket.failed = false;
        self.sockets[at] = Some(socket);
    }

    fn end_waits(&mut self, socket: usize) {
        for wait in &mut self.waits {
            wait.take_if(|wait| wait.socket == socket);
        }
    }

    fn wait(&mut self, at: usize, socket: usize, direction: Direction, moves: bool) {
        let Some(of) = &self.sockets[socket] else { return };
        let registration = Arc::clone(&of.registration);
        let future: Pin<Box<dyn Future<Output = io::Result<()>>>> = match (moves, direction) {
            (false, _) => Box::pin(async move { registration.ready(direction).await }),
            (true, Direction::Read) => {
                let received = Arc::clone(&of.received);
                Box::pin(async move {
                    registration.io(direction, |here| read_one(here, &received)).await
                })
            }
            (true, Direction::Write) => Box::pin(async move {
                registration.io(direction, |mut here| here.write(&[0]).map(drop)).await
            }),
        };
        self.waits[at] = Some(Wait { socket, direction, future, waiter: Waiter::default() });
    }

    fn poll(&mut self, at: usize) {
        let Some(wait) = &mut self.waits[at] else { return };
        let waker = wait.waiter.task.waker();
        let result = wait.future.as_mut().poll(&mut Context::from_waker(&waker));
        wait.waiter.polled(&result);
        let socket = self.sockets[wait.socket].as_ref().expect("its waits end before it");
        if let Poll::Ready(result) = result {
            socket.check(&result);
            self.waits[at] = None;
        }
    }

    /// Once all is reported, nobody sleeps for what is there.
    fn settle(&mut self) {
        for _ in 0..2 {
            while self.reactor.poll_once().expect("nothing fails here") {}
        }
        for wait in self.waits.iter().flatten() {
            let socket = self.sockets[wait.socket].as_ref().expect("its waits end before it");
            socket.check_asleep(&wait.waiter, wait.direction);
        }
        for socket in self.sockets.iter().flatten() {
            for direction in [Direction::Read, Direction::Write] {
                socket.check_asleep(&socket.anonymous[direction as usize], direction);
            }
        }
    }
}

impl Socket {
    fn here(&self) -> &UnixStream {
        self.registration.get_ref()
    }

    fn execute(&mut self, op: Op) {
        match op {
            Op::Send(_, amount) => {
                let Some(mut peer) = self.peer.as_ref().filter(|_| !self.finished) else { return };
                for _ in 0..amount {
                    if peer.write_all(&[self.sent]).is_err() {
                        break;
                    }
                    self.sent = self.sent.wrapping_add(1);
                }
            }
            Op::Receive(_) => {
                if let Some(mut peer) = self.peer.as_ref() {
                    while matches!(peer.read(&mut [0; 4096]), Ok(1..)) {}
                }
            }
            Op::Finish(_) => {
                self.finished = true;
                if let Some(peer) = &self.peer {
                    let _ = peer.shutdown(Shutdown::Write);
                }
            }
            Op::Close(_) => self.peer = None,
            Op::Past(_, Direction::Read) => while read_one(self.here(), &self.received).is_ok() {},
            Op::Past(_, Direction::Write) => while self.here().write(&[0; 4096]).is_ok() {},
            Op::PollReady(_, direction) => {
                let waiter = &mut self.anonymous[direction as usize];
                let waker = waiter.task.waker();
                let mut cx = Context::from_waker(&waker);
                let result = self.registration.poll_ready(direction, &mut cx);
                drop(waker);
                waiter.polled(&result);
                if let Poll::Ready(result) = result {
                    self.check(&result);
                }
            }
            Op::Fail(_) => {
                self.failed = true;
                self.registration.source().fail(ErrorKind::TimedOut.into());
            }
            _ => unreachable!("not of one socket"),
        }
    }

    /// The end of a wait.
    fn check(&self, result: &io::Result<()>) {
        match result.as_ref().map_err(io::Error::kind) {
            Err(ErrorKind::TimedOut) => assert!(self.failed, "nobody failed it"),
            Ok(()) | Err(ErrorKind::UnexpectedEof) if self.failed => {
                panic!("a failed source ends with its error, not with {result:?}")
            }
            Err(ErrorKind::UnexpectedEof) => {
                assert!(self.finished || self.peer.is_none(), "an end that is none");
            }
            Err(ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {
                assert!(self.peer.is_none(), "{result:?}");
            }
            Ok(()) => {}
            Err(_) => panic!("{result:?}"),
        }
    }

    fn check_asleep(&self, waiter: &Waiter, direction: Direction) {
        if waiter.sleeps() {
            assert!(!self.failed, "asleep for a source that failed");
            assert!(!is_ready(self.here(), direction), "asleep, and {direction:?} is ready");
        }
    }
}

/// One byte, which has to be the next one; the end is an error here.
fn read_one(mut here: &UnixStream, received: &AtomicU8) -> io::Result<()> {
    let mut byte = [0];
    match here.read(&mut byte)? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        _ => {
            assert_eq!(byte[0], received.load(Relaxed), "data come once, and in order");
            received.store(byte[0].wrapping_add(1), Relaxed);
            Ok(())
        }
    }
}

/// What the system says when asked.
fn is_ready(here: &UnixStream, direction: Direction) -> bool {
    let wanted = match direction {
        Direction::Read => PollFlags::IN | PollFlags::PRI,
        Direction::Write => PollFlags::OUT,
    };
    let mut set = [PollFd::new(here, wanted)];
    poll(&mut set, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).expect("an open socket") > 0
}
