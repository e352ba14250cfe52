//! After `fork`: the child never touches the parent's ring. Alone in its process, as it forks.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests fail by it")]

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use mini_reactor::{Direction, GlobalReactor, Handle, Reactor, Registration};
use mini_reactor_uring::{ThreadUring, Uring, this_thread};
use rustix::process::{Pid, WaitOptions, waitpid};

/// Runs `child` in a child process, and waits for its end.
fn fork(child: impl FnOnce()) {
    #[expect(unsafe_code, reason = "fork(2), which no safe function offers")]
    // SAFETY: of this process's threads, the harness's waits in the standard library, where it
    // holds no lock that the child needs.
    let pid = unsafe { libc::fork() };
    let Some(pid) = Pid::from_raw(pid) else {
        let failed = catch_unwind(AssertUnwindSafe(child)).is_err();
        std::process::exit(i32::from(failed));
    };
    let (_, status) = waitpid(Some(pid), WaitOptions::empty()).unwrap().unwrap();
    assert_eq!(status.exit_status(), Some(0), "the child says why above");
}

fn on(backend: impl GlobalReactor + 'static) -> Handle {
    Handle::from(Arc::new(Reactor::new(backend)))
}

fn pair(reactor: &Handle) -> (UnixStream, Registration<UnixStream>) {
    let (here, there) = UnixStream::pair().unwrap();
    there.set_nonblocking(true).unwrap();
    (here, Registration::new_in(there, reactor))
}

async fn read(there: &Registration<UnixStream>) -> std::io::Result<usize> {
    there.io(Direction::Read, |mut io| io.read(&mut [0; 8])).await
}

fn works(reactor: &Handle) {
    let (mut here, there) = pair(reactor);
    here.write_all(b"hello").unwrap();
    assert_eq!(reactor.block_on(read(&there)).unwrap(), 5);
}

#[test]
fn a_child_has_rings_of_its_own_or_none() {
    // In use before.
    let used = [on(Uring::new().unwrap()), this_thread().unwrap()];
    let waiting = used.each_ref().map(|reactor| {
        works(reactor);
        let (here, there) = pair(reactor);
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(there.poll_ready(Direction::Read, &mut cx).is_pending());
        reactor.poll_once().unwrap();
        (here, there)
    });
    // Made before, and not used by anybody.
    let unused = on(Uring::new().unwrap());
    let unused_thread = on(ThreadUring::new().unwrap());
    let (left, polled_by_the_child) = UnixStream::pair().unwrap();
    left.set_nonblocking(true).unwrap();

    fork(|| {
        for reactor in &used {
            let (_here, there) = pair(reactor);
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            let std::task::Poll::Ready(Err(error)) = there.poll_ready(Direction::Read, &mut cx)
            else {
                panic!("the child waits on its parent's ring")
            };
            assert_eq!(error.kind(), ErrorKind::Unsupported);
        }
        assert_eq!(unused_thread.poll_once().unwrap_err().kind(), ErrorKind::Unsupported);
        works(&unused);
        works(&this_thread().unwrap()); // another one than the parent's
        // Left on a ring that goes with this process, if it is not the parent's.
        polled_by_the_child.set_nonblocking(true).unwrap();
        let object = Registration::new_in(polled_by_the_child.try_clone().unwrap(), &unused);
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(object.poll_ready(Direction::Read, &mut cx).is_pending());
        unused.poll_once().unwrap();
        std::process::exit(0);
    });
    drop(polled_by_the_child);
    let begin = Instant::now();
    while !matches!((&left).read(&mut [0; 8]), Ok(0)) {
        assert!(begin.elapsed().as_secs() < 30, "the child's poll is on its parent's ring");
        std::thread::yield_now();
    }
    // Dropping what is the parent's does not reach it either.
    let mut waiting = waiting;
    fork(|| {
        for (_, there) in &mut waiting {
            let (_, empty) = UnixStream::pair().unwrap();
            drop(std::mem::replace(there, Registration::new_in(empty, &used[0])));
        }
        drop(used.clone());
    });

    for (reactor, (here, there)) in used.iter().zip(&waiting) {
        (&*here).write_all(b"hello").unwrap();
        assert_eq!(reactor.block_on(read(there)).unwrap(), 5);
        works(reactor);
    }
    works(&unused);
    works(&unused_thread);
}
