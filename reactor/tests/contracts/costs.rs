//! What costs no system call, shown by a thread that may make none: under strict seccomp(2) the
//! kernel kills it at the first one, `read` and `write` excepted. (The threads that wait have a
//! parker: else debug builds would look at the clock, for the report that nobody drives.)

use std::future::{Future, poll_fn};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mini_reactor::{
    BorrowedIo, Deadline, Direction, Directions, GlobalReactor, Handle, Parker, Reactor, ReadyList,
    Registration, Source, System,
};
use rustix::thread::{SecureComputingMode, gettid, set_secure_computing_mode};

use crate::lab::Object;
use crate::tools::in_a_process;

/// Runs `body` on a thread that may make no system call; `prepare` on the same one, before.
fn without_system_calls<T>(
    name: &str,
    prepare: impl FnOnce() -> T + Send,
    body: impl FnOnce(T) + Send,
) {
    let output = in_a_process(name, || {
        let over = AtomicBool::new(false);
        let (tell, told) = mpsc::channel();
        let over = &over;
        thread::scope(|scope| {
            scope.spawn(move || {
                let prepared = prepare();
                tell.send(gettid()).expect("somebody waits for this");
                set_secure_computing_mode(SecureComputingMode::Strict).expect("seccomp");
                body(prepared);
                over.store(true, SeqCst);
                loop {
                    std::hint::spin_loop(); // it may not even exit
                }
            });
            let thread = told.recv().expect("it has begun").as_raw_nonzero();
            let lives = || std::fs::exists(format!("/proc/self/task/{thread}")).expect("procfs");
            while !over.load(SeqCst) && lives() {
                thread::sleep(Duration::from_millis(1));
            }
            std::process::exit(if over.load(SeqCst) { 42 } else { 1 });
        });
    });
    if let Some(output) = output {
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(42), "the thread was killed: {told}");
    }
}

/// `System` with a clock that asks nobody: reading the time may be a system call.
struct Frozen(System, Instant);

impl GlobalReactor for Frozen {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.0.register(io, source)
    }
    fn rearm(&self, io: BorrowedIo<'_>, source: &Arc<Source>, to: Directions) -> io::Result<()> {
        self.0.rearm(io, source, to)
    }
    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.0.deregister(io, source)
    }
    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        self.0.turn(timeout, ready)
    }
    fn notify(&self) {
        self.0.notify();
    }
    fn now(&self) -> Instant {
        self.1
    }
}

fn frozen() -> Handle {
    let reactor: &'static Reactor<Frozen> =
        Box::leak(Box::new(Reactor::new(Frozen(System::new(), Instant::now()))));
    Handle::from(reactor)
}

#[test]
fn a_system_call_is_noticed() {
    let killed = std::panic::catch_unwind(|| {
        without_system_calls("costs::a_system_call_is_noticed", || (), |()| thread::yield_now());
    });
    assert!(killed.is_err(), "the net has a hole");
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").expect("procfs").count()
}

#[test]
fn waiting_starts_no_thread() {
    let output = in_a_process("costs::waiting_starts_no_thread", || {
        let before = threads();
        let (mut here, there) = std::os::unix::net::UnixStream::pair().expect("sockets");
        there.set_nonblocking(true).expect("an open socket");
        let there = Registration::new(there);
        let mut nap = Deadline::after(Duration::from_millis(2));
        let _entered = Handle::current().enter();
        mini_reactor::block_on(async {
            poll_fn(|cx| nap.poll(cx)).await;
            io::Write::write_all(&mut here, b"x").expect("there is room");
            there.ready(Direction::Read).await.expect("there is data");
        });
        assert_eq!(threads(), before);
    });
    assert!(output.is_none_or(|output| output.status.success()), "there are more threads");
}

#[test]
fn inserting_and_cancelling_timers_costs_no_system_call() {
    without_system_calls(
        "costs::inserting_and_cancelling_timers_costs_no_system_call",
        || {
            let reactor = frozen();
            let timers = || -> Vec<Deadline> {
                let after =
                    |i: u64| Deadline::after_in(Duration::from_millis(i * 7919 % 1000), &reactor);
                (1..1000).map(after).collect()
            };
            let cx = &mut Context::from_waker(Waker::noop());
            let mut before = timers(); // the heap has its size from these
            before.iter_mut().for_each(|timer| assert!(timer.poll(cx).is_pending()));
            drop(before);
            (timers(), reactor.now(), Parker::new(&reactor))
        },
        |(mut timers, now, _parker)| {
            let cx = &mut Context::from_waker(Waker::noop());
            for _ in 0..10 {
                for (at, timer) in (1..).zip(&mut timers) {
                    assert!(timer.poll(cx).is_pending());
                    timer.reset(now + Duration::from_millis(at));
                    assert!(timer.poll(cx).is_pending());
                    timer.reset(now + Duration::from_millis(2000 - at));
                }
            }
        },
    );
}

#[test]
fn a_wake_of_a_thread_that_is_awake_costs_no_system_call() {
    without_system_calls(
        "costs::a_wake_of_a_thread_that_is_awake_costs_no_system_call",
        || Parker::new(frozen()),
        |parker| {
            for _ in 0..1000 {
                parker.unparker().unpark();
                parker.waker().wake_by_ref();
                parker.park(|| true).expect("woken before");
            }
        },
    );
}

#[test]
fn block_on_of_what_does_not_wait_costs_no_system_call() {
    without_system_calls(
        "costs::block_on_of_what_does_not_wait_costs_no_system_call",
        || {
            let reactor = frozen();
            reactor.block_on(async {});
            reactor
        },
        |reactor| {
            for _ in 0..100 {
                assert_eq!(reactor.block_on(async { 42 }), 42);
                let mut polls = 0;
                reactor.block_on(poll_fn(|cx| {
                    polls += 1;
                    cx.waker().wake_by_ref();
                    if polls == 200 { Poll::Ready(()) } else { Poll::Pending }
                }));
            }
        },
    );
}

#[test]
fn an_object_that_never_blocks_costs_no_system_call() {
    without_system_calls(
        "costs::an_object_that_never_blocks_costs_no_system_call",
        || {
            let reactor = frozen();
            drop(Registration::new_in(Object(1), &reactor));
            reactor
        },
        |reactor| {
            for _ in 0..100 {
                let object = Registration::new_in(Object(1), &reactor);
                let mut transfer = std::pin::pin!(object.io(Direction::Read, |_| Ok(1)));
                let cx = &mut Context::from_waker(Waker::noop());
                assert!(transfer.as_mut().poll(cx).is_ready());
            }
        },
    );
}

#[test]
fn waiting_again_costs_no_system_call_where_the_system_is_edge_triggered() {
    if cfg!(mini_reactor_poller = "oneshot") {
        return; // each wait has to be armed there
    }
    without_system_calls(
        "costs::waiting_again_costs_no_system_call_where_the_system_is_edge_triggered",
        || {
            let (here, there) = std::os::unix::net::UnixStream::pair().expect("sockets");
            let reactor = frozen();
            let there = Registration::new_in(there, &reactor);
            let blocked = |_: &_| Err::<(), _>(io::ErrorKind::WouldBlock.into());
            let cx = &mut Context::from_waker(Waker::noop());
            assert!(there.poll_io(Direction::Read, cx, blocked).is_pending());
            (here, there, Parker::new(&reactor))
        },
        |ends| {
            let wakes = Arc::new(AtomicUsize::new(0));
            let blocked = |_: &_| {
                wakes.fetch_add(1, SeqCst);
                Err::<(), _>(io::ErrorKind::WouldBlock.into())
            };
            let cx = &mut Context::from_waker(Waker::noop());
            for _ in 0..100 {
                assert!(ends.1.poll_io(Direction::Read, cx, blocked).is_pending());
            }
            assert_eq!(wakes.load(SeqCst), 0);
            let _open = std::mem::ManuallyDrop::new(ends);
        },
    );
}
