//! Several threads on one ring, and others on a thread's own.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc;
use std::task::Waker;
use std::thread;
use std::time::Duration;

use mini_reactor::{Deadline, Direction, GlobalReactor, Handle, ReadyList};
use mini_reactor_uring::{ThreadUring, Uring, this_thread};

use crate::tools::{Count, begin_to_wait, on, pair, poll_read, say, until, watch};

/// Drives until it is dropped.
fn drive(reactor: &Handle) -> impl Drop + use<> {
    struct Driver(std::os::unix::net::UnixStream, Option<thread::JoinHandle<()>>);
    impl Drop for Driver {
        fn drop(&mut self) {
            say(&self.0);
            self.1.take().unwrap().join().unwrap();
        }
    }
    let (end, until_then) = pair(reactor);
    let reactor = reactor.clone();
    let thread = thread::spawn(move || {
        reactor.block_on(until_then.ready(Direction::Read)).unwrap();
    });
    Driver(end, Some(thread))
}

#[test]
fn a_thread_that_computes_does_not_keep_its_events_from_the_driver() {
    let _watch = watch();
    let reactor = on(Uring::new().unwrap());
    let _driver = drive(&reactor);
    let (count, waker) = Count::new();
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            let (here, there) = pair(&reactor);
            begin_to_wait(&there, &waker); // submitted by this thread, if the other one sleeps
            tell.send(here).unwrap();
            while count.wakes() == 0 {
                std::hint::spin_loop(); // without a system call
            }
        });
        say(&told.recv().unwrap());
    });
}

#[test]
fn what_a_thread_waited_for_is_reported_after_its_end() {
    let _watch = watch();
    let reactor = on(Uring::new().unwrap());
    let _driver = drive(&reactor);
    for _ in 0..50 {
        let (count, waker) = Count::new();
        let (here, there) = pair(&reactor);
        let there = thread::scope(|scope| {
            let submits = || {
                begin_to_wait(&there, &waker);
                there
            };
            scope.spawn(submits).join().unwrap()
        });
        let mut woken = 0;
        say(&here);
        loop {
            until(|| count.wakes() > woken);
            woken = count.wakes();
            if poll_read(&there, &waker).is_ready() {
                break; // else it was told that its wait had ended, and waits anew
            }
        }
    }
}

#[test]
fn a_notify_ends_every_turn_that_it_precedes() {
    let _watch = watch();
    let uring = Uring::new().unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let (turned, turns) = mpsc::channel();
        scope.spawn(|| {
            let turned = turned;
            while !stop.load(SeqCst) {
                uring.turn(None, &mut ReadyList::new()).unwrap();
                let _ = turned.send(());
            }
        });
        for _ in 0..1000 {
            uring.notify();
            turns.recv().unwrap();
        }
        stop.store(true, SeqCst);
        uring.notify();
    });
}

#[test]
fn to_a_ring_that_belongs_to_another_thread_one_cannot_turn() {
    let ring = ThreadUring::new().unwrap();
    let turned =
        thread::scope(|scope| scope.spawn(|| ring.turn(None, &mut ReadyList::new())).join());
    assert_eq!(turned.unwrap().unwrap_err().kind(), ErrorKind::Unsupported);
    ring.turn(Some(Duration::ZERO), &mut ReadyList::new()).unwrap();
}

/// A thread that sleeps on its ring until the first of what is returned is dropped.
fn sleeper<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
) -> (std::os::unix::net::UnixStream, Handle) {
    let (tell, told) = mpsc::channel();
    scope.spawn(move || {
        let reactor = this_thread().unwrap();
        let (here, there) = pair(&reactor);
        tell.send((here, reactor.clone())).unwrap();
        reactor.block_on(there.ready(Direction::Read)).unwrap();
    });
    told.recv().unwrap()
}

#[test]
fn others_wait_and_leave_on_a_ring_whose_thread_sleeps() {
    let _watch = watch();
    thread::scope(|scope| {
        let (_until_then, reactor) = sleeper(scope);
        for _ in 0..200 {
            let (count, waker) = Count::new();
            let (here, there) = pair(&reactor);
            begin_to_wait(&there, &waker);
            say(&here);
            until(|| count.wakes() == 1);
            assert!(poll_read(&there, &waker).is_ready());
            begin_to_wait(&there, &waker);
            drop(there);
        }
    });
}

#[test]
fn others_set_timers_on_a_ring_whose_thread_sleeps() {
    let _watch = watch();
    thread::scope(|scope| {
        let (_until_then, reactor) = sleeper(scope);
        let (count, waker) = Count::new();
        let mut late = Deadline::after_in(Duration::from_secs(600), &reactor);
        let mut early = Deadline::after_in(Duration::from_millis(5), &reactor);
        for deadline in [&mut late, &mut early] {
            assert!(deadline.poll(&mut std::task::Context::from_waker(&waker)).is_pending());
        }
        until(|| count.wakes() == 1);
    });
}

#[test]
fn when_the_thread_ends_so_do_the_waits_on_its_ring() {
    let (reactor, here, there, count, waker) = thread::spawn(|| {
        let reactor = this_thread().unwrap();
        let (here, there) = pair(&reactor);
        let (count, waker) = Count::new();
        begin_to_wait(&there, &waker);
        reactor.poll_once().unwrap();
        (reactor, here, there, count, waker)
    })
    .join()
    .unwrap();
    assert_eq!(count.wakes(), 1);
    for _ in 0..2 {
        let std::task::Poll::Ready(Err(error)) = poll_read(&there, &waker) else {
            panic!("it waits for a thread that has ended")
        };
        assert_eq!(error.kind(), ErrorKind::NotConnected);
    }
    let (_here, late) = pair(&reactor);
    let std::task::Poll::Ready(Err(error)) = poll_read(&late, Waker::noop()) else {
        panic!("it waits for a thread that has ended")
    };
    assert_eq!(error.kind(), ErrorKind::NotConnected);
    assert!(reactor.poll_once().is_err());
    reactor.backend().notify();
    drop(there);
    assert!(crate::tools::is_closed(&here));
}

#[test]
fn a_thread_has_one_ring_and_threads_have_different_ones() {
    let mine = this_thread().unwrap();
    let same =
        |one: &Handle, other: &Handle| std::ptr::eq::<mini_reactor::Reactor>(&**one, &**other);
    assert!(same(&mine, &this_thread().unwrap()));
    let others = thread::spawn(|| this_thread().unwrap()).join().unwrap();
    assert!(!same(&mine, &others));
}
