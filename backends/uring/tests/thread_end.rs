//! A thread's ring goes with it. Alone in its process, where it can count.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests fail by it")]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

use mini_reactor::{Direction, Handle, Registration};
use mini_reactor_uring::{ThreadUring, this_thread};

/// Open descriptors, and mappings of rings.
fn census() -> (usize, usize) {
    let descriptors = fs::read_dir("/proc/self/fd").unwrap().count();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    (descriptors, maps.lines().filter(|line| line.contains("io_uring")).count())
}

fn echo(reactor: &Handle) {
    let (mut here, there) = UnixStream::pair().unwrap();
    there.set_nonblocking(true).unwrap();
    let there = Registration::new_in(there, reactor);
    here.write_all(b"hello").unwrap();
    let mut buffer = [0; 8];
    let read = there.io(Direction::Read, |mut io| io.read(&mut buffer));
    assert_eq!(reactor.block_on(read).unwrap(), 5);
}

#[test]
fn a_threads_ring_frees_its_descriptors_and_its_memory() {
    let before = census();
    let mut kept = Vec::new();
    for _ in 0..20 {
        let reactor = thread::spawn(|| {
            let reactor = this_thread().unwrap();
            echo(&reactor);
            assert!(census().1 > 0);
            reactor
        });
        kept.push(reactor.join().unwrap()); // a handle keeps nothing
    }
    assert_eq!(census(), before);
    drop(kept);

    // Dropped on its thread, it does not wait for the thread's end.
    for _ in 0..20 {
        let reactor = Handle::from(std::sync::Arc::new(mini_reactor::Reactor::new(
            ThreadUring::new().unwrap(),
        )));
        echo(&reactor);
    }
    assert_eq!(census(), before);
}
