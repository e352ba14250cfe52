//! Driven from somebody else's loop, which sleeps on the ring's descriptor.

use std::os::fd::{AsFd, OwnedFd};
use std::thread;
use std::time::Duration;

use mini_reactor::{Handle, Reactor};
use mini_reactor_uring::Uring;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::tools::{Count, begin_to_wait, on, pair, poll_read, say, watch};

/// Whether the descriptor is readable within some time.
fn is_readable(fd: &OwnedFd, seconds: i64) -> bool {
    let mut set = [PollFd::new(fd, PollFlags::IN)];
    poll(&mut set, Some(&Timespec { tv_sec: seconds, tv_nsec: 0 })).unwrap() == 1
}

fn descriptor(reactor: &Reactor) -> OwnedFd {
    let pollable = mini_reactor::GlobalReactor::pollable(reactor.backend()).unwrap();
    pollable.as_fd().unwrap().as_fd().try_clone_to_owned().unwrap()
}

#[test]
fn a_wait_that_begins_while_the_loop_sleeps_ends_its_sleep() {
    let _watch = watch();
    let reactor: Handle = on(Uring::new().unwrap());
    let (early, early_there) = pair(&reactor);
    let (count, waker) = Count::new();
    begin_to_wait(&early_there, &waker); // before the loop is known of
    let fd = descriptor(&reactor);
    let _driven = reactor.drive_externally();
    for round in 1..4 {
        assert!(!is_readable(&fd, 0), "nothing has happened");
        say(&early);
        assert!(is_readable(&fd, 30));
        while reactor.poll_once().unwrap() {}
        assert_eq!(count.wakes(), round);
        assert!(poll_read(&early_there, &waker).is_ready());
        begin_to_wait(&early_there, &waker); // no turn from here to the event
    }
}

#[test]
fn a_notify_ends_its_sleep() {
    let reactor: Handle = on(Uring::new().unwrap());
    let fd = descriptor(&reactor);
    for _ in 0..3 {
        assert!(!is_readable(&fd, 0));
        thread::scope(|scope| {
            scope.spawn(|| reactor.backend().notify());
            assert!(is_readable(&fd, 30));
        });
        reactor.poll_once().unwrap();
    }
}

#[test]
fn an_earlier_timer_ends_its_sleep() {
    let reactor: Handle = on(Uring::new().unwrap());
    let fd = descriptor(&reactor);
    let _driven = reactor.drive_externally();
    let mut deadline = mini_reactor::Deadline::after_in(Duration::from_secs(60), &reactor);
    let (_, waker) = Count::new();
    assert!(deadline.poll(&mut std::task::Context::from_waker(&waker)).is_pending());
    assert!(is_readable(&fd, 30));
}
