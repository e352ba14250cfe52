//! What the executor asks of its reactor, and when.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use futures_lite::future::yield_now;
use mini_executor_single_thread::LocalExecutor;
use mini_reactor::{
    BorrowedIo, Deadline, Directions, GlobalReactor, Handle, Reactor, ReadyList, Source, System,
};

/// `System`, with notes of the timeouts of its turns. Fails if told.
#[derive(Default)]
struct Noting {
    inner: System,
    turns: Mutex<Vec<Option<Duration>>>,
    fails: AtomicBool,
}

impl GlobalReactor for Noting {
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
        self.turns.lock().expect("nothing panics").push(timeout);
        if self.fails.load(SeqCst) {
            return Err(io::Error::other("as this test wants"));
        }
        self.inner.turn(timeout, ready)
    }
    fn notify(&self) {
        self.inner.notify();
    }
    fn now(&self) -> Instant {
        self.inner.now()
    }
}

fn noting() -> Arc<Reactor<Noting>> {
    Arc::new(Reactor::new(Noting::default()))
}

fn turns(reactor: &Reactor<Noting>) -> Vec<Option<Duration>> {
    std::mem::take(&mut *reactor.backend().turns.lock().expect("nothing panics"))
}

async fn sleep(reactor: &Handle, duration: Duration) {
    let mut deadline = Deadline::after_in(duration, reactor);
    poll_fn(|cx| deadline.poll(cx)).await;
}

#[test]
fn a_busy_executor_turns_without_waiting_every_61_polls_and_not_at_all_without_sources() {
    for tasks in [0, 1, 10, 1000] {
        let reactor = noting();
        let polls = Cell::new(0_usize);
        let busy = async || {
            loop {
                polls.set(polls.get() + 1);
                yield_now().await;
            }
        };
        let executor = LocalExecutor::new_in(&reactor);
        (0..tasks).for_each(|_| executor.spawn(busy()).detach());
        let run = || {
            let until = polls.get() + 6100;
            executor.block_on(async {
                while polls.get() < until {
                    polls.set(polls.get() + 1);
                    yield_now().await;
                }
            });
        };
        run();
        assert_eq!(turns(&reactor), [], "{tasks} tasks, and nothing to look for");
        let mut later = Deadline::after_in(Duration::from_secs(3600), &reactor);
        executor.block_on(poll_fn(|cx| {
            assert!(later.poll(cx).is_pending());
            Poll::Ready(())
        }));
        run();
        let turns = turns(&reactor);
        assert!((99..=102).contains(&turns.len()), "{tasks} tasks: {} turns", turns.len());
        assert!(turns.iter().all(|timeout| *timeout == Some(Duration::ZERO)), "{turns:?}");
    }
}

#[test]
fn the_executors_reactor_is_the_one_given_or_else_the_one_entered() {
    let (given, entered) = (noting(), noting());
    let _entered = Handle::from(&entered).enter();
    let slept = |executor: &LocalExecutor<'_>| {
        executor.block_on(async { sleep(&Handle::current(), Duration::from_millis(1)).await });
    };
    slept(&LocalExecutor::new_in(&given));
    assert!(!turns(&given).is_empty() && turns(&entered).is_empty());
    slept(&LocalExecutor::new());
    assert!(turns(&given).is_empty() && !turns(&entered).is_empty());
}

#[test]
fn an_error_of_a_turn_is_a_panic_of_block_on_and_the_tasks_are_there_afterwards() {
    let reactor = noting();
    let handle = Handle::from(&reactor);
    let executor = LocalExecutor::new_in(&reactor);
    let task = executor.spawn(async {
        sleep(&handle, Duration::from_millis(1)).await;
        42
    });
    reactor.backend().fails.store(true, SeqCst);
    let fails = catch_unwind(AssertUnwindSafe(|| executor.block_on(std::future::pending::<()>())));
    assert!(fails.is_err());
    reactor.backend().fails.store(false, SeqCst);
    assert_eq!(executor.block_on(task), 42);
}

#[test]
fn an_executor_hands_the_reactor_over_before_it_runs_a_task() {
    let reactor = Handle::from(Arc::new(Reactor::new(System::new())));
    let (done, others) = (Barrier::new(2), AtomicUsize::new(0));
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        let (reactor, done, others) = (&reactor, &done, &others);
        scope.spawn(move || {
            let executor = LocalExecutor::new_in(reactor);
            executor.block_on(executor.spawn(async move {
                sleep(reactor, Duration::from_millis(20)).await;
                done.wait(); // keeps its thread until the other is done
                assert_eq!(others.load(SeqCst), 20);
            }));
        });
        scope.spawn(move || {
            let executor = LocalExecutor::new_in(reactor);
            executor.block_on(executor.spawn(async move {
                for _ in 0..20 {
                    sleep(reactor, Duration::from_millis(2)).await;
                    others.fetch_add(1, SeqCst);
                }
            }));
            done.wait();
            tell.send(()).expect("somebody waits for this");
        });
        let progress = told.recv_timeout(Duration::from_secs(30));
        if progress.is_err() {
            // The scope would wait for threads that never end.
            eprintln!("the task that blocks keeps the other executor from progress");
            std::process::abort();
        }
    });
}
