//! Objects that are dropped while the kernel has them.

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::thread;

use mini_reactor::{Direction, Handle, Registration};
use mini_reactor_uring::{ThreadUring, Uring};

use crate::tools::{Count, begin_to_wait, is_closed, on, pair, poll_read, say, until, watch};

fn both() -> [Handle; 2] {
    [on(Uring::new().unwrap()), on(ThreadUring::new().unwrap())]
}

#[test]
fn what_is_dropped_while_it_is_polled_is_closed_without_a_turn() {
    for reactor in both() {
        let (here, there) = pair(&reactor);
        let (_, waker) = Count::new();
        begin_to_wait(&there, &waker);
        reactor.poll_once().unwrap(); // the kernel has it now
        drop(there);
        assert!(is_closed(&here));
    }
}

#[test]
fn what_is_dropped_before_the_kernel_has_it_is_closed_and_never_polled() {
    for reactor in both() {
        let (here, there) = pair(&reactor);
        let (_, waker) = Count::new();
        begin_to_wait(&there, &waker);
        let number = there.get_ref().as_raw_fd();
        drop(there);
        assert!(is_closed(&here));
        // Nor is what has its descriptor next: it would be kept open.
        let (new_here, new_there) = same_number(number);
        reactor.poll_once().unwrap();
        drop(new_there);
        assert!(is_closed(&new_here));
    }
}

#[test]
fn a_completion_under_way_does_not_reach_who_has_the_descriptor_next() {
    for reactor in both() {
        for ready_first in [true, false] {
            let (here, there) = pair(&reactor);
            let (old, waker) = Count::new();
            begin_to_wait(&there, &waker);
            reactor.poll_once().unwrap();
            if ready_first {
                say(&here); // completed, and nobody has turned
            }
            let number = there.get_ref().as_raw_fd();
            drop(there);
            let woken = old.wakes();
            let (new_here, new_there) = same_number(number);
            let new_there = Registration::new_in(new_there, &reactor);
            let (new, waker) = Count::new();
            begin_to_wait(&new_there, &waker);
            for _ in 0..3 {
                reactor.poll_once().unwrap();
            }
            assert_eq!((old.wakes(), new.wakes()), (woken, 0));
            say(&new_here);
            until(|| {
                reactor.poll_once().unwrap();
                new.wakes() == 1
            });
            assert!(poll_read(&new_there, &waker).is_ready());
        }
    }
}

/// A pair whose second end has the descriptor `number`, which is free; if another test takes it,
/// another one, which serves as well.
fn same_number(number: i32) -> (UnixStream, UnixStream) {
    let (one, other) = UnixStream::pair().unwrap();
    other.set_nonblocking(true).unwrap();
    one.set_nonblocking(true).unwrap();
    if one.as_raw_fd() == number { (other, one) } else { (one, other) }
}

#[test]
fn both_directions_are_taken_back() {
    for reactor in both() {
        let (here, there) = pair(&reactor);
        let (count, waker) = Count::new();
        let mut cx = std::task::Context::from_waker(&waker);
        let mut fill = || {
            there.poll_io(Direction::Write, &mut cx, |mut io| {
                std::io::Write::write(&mut io, &[0; 1 << 16])
            })
        };
        let before = loop {
            while fill().is_ready() {}
            begin_to_wait(&there, &waker);
            let before = count.wakes();
            reactor.poll_once().unwrap();
            if count.wakes() == before {
                break before; // full, so that it waits for both
            }
        };
        drop(there);
        assert!(is_closed(&here));
        reactor.poll_once().unwrap();
        assert_eq!(count.wakes(), before + 2, "the end wakes each wait once");
    }
}

#[test]
fn another_thread_drops_what_the_rings_own_thread_sleeps_on() {
    let _watch = watch();
    let (tell, told) = std::sync::mpsc::channel();
    let owner = thread::spawn(move || {
        let reactor = on(ThreadUring::new().unwrap());
        let objects: Vec<_> = (0..100).map(|_| pair(&reactor)).collect();
        let (_, waker) = Count::new();
        for (_, there) in &objects {
            begin_to_wait(there, &waker);
        }
        let (here, there) = pair(&reactor);
        tell.send((here, objects)).unwrap();
        reactor.block_on(there.ready(Direction::Read)).unwrap();
    });
    let (end, objects) = told.recv().unwrap();
    for (here, there) in objects {
        drop(there);
        until(|| is_closed(&here)); // as soon as the sleeper has entered again
    }
    say(&end);
    owner.join().unwrap();
}
