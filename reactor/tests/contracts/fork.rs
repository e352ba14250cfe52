//! After `fork` without `exec`: the child gets errors, and never touches the parent's set.
//!
//! Each runs in a process of its own, which forks. What the child finds wrong it says on standard
//! error and by its exit code; what it must not have done, the parent looks for afterwards.

use std::ffi::c_int;
use std::future::{pending, poll_fn};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mini_reactor::{Deadline, Direction, Handle, Parker, Reactor, Registration, System};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::tools::{Count, message, poll_ready, sleep, succeeds_in_a_process, system, until};

/// Runs `child` in a child process, and waits for its end. True: nothing in it panicked or hung.
#[expect(unsafe_code, reason = "the C library's fork, which no safe function offers")]
fn fork(child: impl FnOnce()) -> bool {
    // # Safety of the declaration: it is that of POSIX.
    unsafe extern "C" {
        fn fork() -> c_int;
    }
    // SAFETY: of this process's threads, the others wait in the standard library or in the system,
    // where they hold no lock that the child needs.
    let pid = unsafe { fork() };
    let Some(pid) = Pid::from_raw(pid) else {
        let code = i32::from(catch_unwind(AssertUnwindSafe(child)).is_err());
        std::process::exit(code);
    };
    let begin = Instant::now();
    loop {
        if let Some((_, status)) = waitpid(Some(pid), WaitOptions::NOHANG).expect("a child") {
            return status.exit_status() == Some(0);
        }
        if begin.elapsed() > Duration::from_secs(20) {
            kill_process(pid, Signal::KILL).expect("a child");
        }
        thread::sleep(Duration::from_micros(200));
    }
}

fn pair(reactor: &Handle) -> (UnixStream, Registration<UnixStream>) {
    let (here, there) = UnixStream::pair().expect("a pair of sockets");
    there.set_nonblocking(true).expect("an open socket");
    (here, Registration::new_in(there, reactor))
}

fn read(object: &Registration<UnixStream>) -> impl Future<Output = io::Result<usize>> {
    object.io(Direction::Read, |mut io| io.read(&mut [0; 8]))
}

/// A timer that waits and will soon be due; on a busy machine one may be due at its first poll.
fn waiting(reactor: &Handle) -> Deadline {
    loop {
        let mut timer = Deadline::after_in(Duration::from_millis(1), reactor);
        if timer.poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            return timer;
        }
    }
}

fn unsupported<T: std::fmt::Debug>(result: io::Result<T>) {
    assert_eq!(result.expect_err("in the child").kind(), ErrorKind::Unsupported);
}

#[test]
fn a_child_that_touches_nothing_exits_cleanly() {
    succeeds_in_a_process("fork::a_child_that_touches_nothing_exits_cleanly", || {
        let reactor = system();
        let (mut here, there) = pair(&reactor);
        reactor.block_on(sleep(&reactor, Duration::from_millis(1)));
        assert!(poll_ready(&there, Direction::Read, Waker::noop()).is_pending());
        assert!(fork(|| {}));
        here.write_all(b"x").unwrap();
        assert_eq!(reactor.block_on(read(&there)).unwrap(), 1);
    });
}

#[test]
fn a_child_that_tries_gets_unsupported() {
    succeeds_in_a_process("fork::a_child_that_tries_gets_unsupported", || {
        let reactor = system();
        let (mut here, there) = pair(&reactor);
        let (_other, new) = pair(&reactor);
        assert!(poll_ready(&there, Direction::Read, Waker::noop()).is_pending());
        reactor.block_on(sleep(&reactor, Duration::from_millis(1)));
        let parker = Parker::new(&reactor);
        let cx = &mut Context::from_waker(Waker::noop());
        let mut set = waiting(&reactor);
        let child = fork(|| {
            for object in [&there, &new] {
                for _ in 0..2 {
                    let Poll::Ready(result) = poll_ready(object, Direction::Read, Waker::noop())
                    else {
                        panic!("a wait that would never end")
                    };
                    unsupported(result);
                    let mut reading = std::pin::pin!(read(object));
                    let Poll::Ready(result) = reading.as_mut().poll(cx) else {
                        panic!("a wait that would never end")
                    };
                    unsupported(result);
                }
            }
            unsupported(reactor.poll_once());
            unsupported(reactor.drive());
            unsupported(parker.park(|| true));
            unsupported(parker.turn());
            for waits in [true, false] {
                let mut timer = Deadline::after_in(Duration::from_secs(3600), &reactor);
                let blocks = AssertUnwindSafe(|| match waits {
                    true => reactor.block_on(poll_fn(|cx| timer.poll(cx))),
                    false => reactor.block_on(pending()),
                });
                let told = message(&*catch_unwind(blocks).unwrap_err());
                assert!(told.contains("forked after its reactor was used"), "{told}");
            }
            while set.at() > Some(reactor.now()) {
                thread::sleep(Duration::from_millis(1));
            }
            assert!(set.poll(cx).is_pending(), "the parent's timers are not the child's");
            // What needs no reactor works: I/O that does not block, futures that do not wait.
            assert_eq!(reactor.block_on(async { 42 }), 42);
            there.get_ref().write_all(b"from the child").unwrap();
        });
        assert!(child);
        assert_eq!(here.read(&mut [0; 64]).unwrap(), 14);
        here.write_all(b"x").unwrap();
        assert_eq!(reactor.block_on(read(&there)).unwrap(), 1);
        reactor.block_on(poll_fn(|cx| set.poll(cx)));
    });
}

#[test]
fn a_child_that_drops_everything_wakes_nobody_and_leaves_the_parents_set_as_it_is() {
    let name =
        "fork::a_child_that_drops_everything_wakes_nobody_and_leaves_the_parents_set_as_it_is";
    succeeds_in_a_process(name, || {
        let reactor = system();
        let (mut here, there) = pair(&reactor);
        let (count, waker) = Count::new();
        assert!(poll_ready(&there, Direction::Read, &waker).is_pending());
        let timer = waiting(&reactor);
        let mut all = Some((reactor, there, timer));
        assert!(fork(|| {
            drop(all.take());
            // Wakers may want locks of threads that the child does not have.
            assert_eq!(count.wakes(), 0);
        }));
        let (reactor, there, mut timer) = all.expect("the parent's are its own");
        here.write_all(b"x").unwrap();
        assert_eq!(reactor.block_on(read(&there)).unwrap(), 1);
        assert_eq!(count.wakes(), 1);
        reactor.block_on(poll_fn(|cx| timer.poll(cx)));
        // And its notifier: another thread's wake ends this one's sleep.
        let parker = Parker::new(&reactor);
        let unparker = parker.unparker();
        let wakes = thread::spawn(move || {
            thread::sleep(Duration::from_millis(10)); // whenever it comes, it must be heard
            unparker.unpark();
        });
        let mut turns = 0;
        parker
            .park(|| {
                turns += 1;
                true
            })
            .unwrap();
        assert!(turns > 0);
        wakes.join().unwrap();
    });
}

#[test]
fn a_child_that_wakes_or_sets_an_earlier_timer_does_not_disturb_the_parents_driver() {
    let name =
        "fork::a_child_that_wakes_or_sets_an_earlier_timer_does_not_disturb_the_parents_driver";
    succeeds_in_a_process(name, || {
        let reactor = system();
        let (tx, rx) = mpsc::channel();
        let over = AtomicBool::new(false);
        let asked = std::sync::atomic::AtomicUsize::new(0);
        thread::scope(|scope| {
            let (reactor, over, asked) = (&reactor, &over, &asked);
            let driver = scope.spawn(move || {
                let parker = Parker::new(reactor);
                tx.send(parker.unparker()).unwrap();
                while !over.load(SeqCst) {
                    let idle = || {
                        asked.fetch_add(1, SeqCst);
                        !over.load(SeqCst)
                    };
                    parker.park(idle).unwrap();
                }
            });
            let unparker = rx.recv().unwrap();
            until(|| asked.load(SeqCst) != 0);
            thread::sleep(Duration::from_millis(50)); // until it sleeps in the turn
            assert!(fork(|| {
                unparker.unpark();
                drop(waiting(reactor));
            }));
            thread::sleep(Duration::from_millis(50)); // a wake-up would arrive meanwhile
            assert_eq!(asked.load(SeqCst), 1, "the parent's driver was disturbed");
            over.store(true, SeqCst);
            unparker.unpark();
            driver.join().unwrap();
        });
    });
}

#[test]
fn a_reactor_that_is_first_used_in_the_child_works() {
    succeeds_in_a_process("fork::a_reactor_that_is_first_used_in_the_child_works", || {
        let (used, unused) = (system(), system());
        used.block_on(sleep(&used, Duration::from_millis(1)));
        assert!(fork(|| {
            for reactor in [unused, system()] {
                let (mut here, there) = pair(&reactor);
                let writer = thread::spawn(move || {
                    thread::sleep(Duration::from_millis(1));
                    here.write_all(b"x").unwrap();
                    here
                });
                assert_eq!(reactor.block_on(read(&there)).unwrap(), 1);
                reactor.block_on(sleep(&reactor, Duration::from_millis(1)));
                // And its own child is refused in turn.
                assert!(fork(|| unsupported(reactor.poll_once())));
                drop(writer.join().unwrap());
            }
        }));
        used.block_on(sleep(&used, Duration::from_millis(1)));
    });
}

#[test]
fn a_reactor_made_in_the_child_does_not_reach_a_backend_that_the_parent_used() {
    static BACKEND: System = System::new();
    let name = "fork::a_reactor_made_in_the_child_does_not_reach_a_backend_that_the_parent_used";
    succeeds_in_a_process(name, || {
        let reactor = || Handle::from(Arc::new(Reactor::new(&BACKEND)));
        let (parents, new) = (reactor(), reactor());
        let (mut here, there) = pair(&parents);
        assert!(poll_ready(&there, Direction::Read, Waker::noop()).is_pending());
        assert!(fork(|| {
            for reactor in [&new, &reactor()] {
                unsupported(reactor.poll_once());
                let (_here, there) = pair(reactor);
                let Poll::Ready(result) = poll_ready(&there, Direction::Read, Waker::noop()) else {
                    panic!("registered with the parent's set")
                };
                unsupported(result);
                reactor.backend().notify();
                assert!(reactor.backend().pollable().is_none());
            }
        }));
        // What the child notified would end this one's first turn.
        let mut turns = 0;
        let parker = Parker::new(&parents);
        here.write_all(b"x").unwrap();
        while turns < 2 {
            parker
                .park(|| {
                    turns += 1;
                    turns < 2
                })
                .unwrap();
        }
        assert_eq!(parents.block_on(read(&there)).unwrap(), 1);
    });
}

#[test]
fn a_child_waits_for_no_lock_of_the_parents_threads() {
    succeeds_in_a_process("fork::a_child_waits_for_no_lock_of_the_parents_threads", || {
        let reactor = system();
        let (_here, there) = pair(&reactor);
        let (_other, failed) = pair(&reactor);
        failed.source().fail(ErrorKind::BrokenPipe.into());
        let over = AtomicBool::new(false);
        // A long list, to be gone through under the lock.
        let mut crowd: Vec<_> = (0..2000).map(|_| there.ready(Direction::Read)).collect();
        for one in &mut crowd {
            let cx = &mut Context::from_waker(Waker::noop());
            assert!(std::pin::pin!(one).poll(cx).is_pending());
        }
        thread::scope(|scope| {
            // These hold each lock that there is, nearly all the time.
            scope.spawn(|| {
                while !over.load(SeqCst) {
                    assert!(poll_ready(&there, Direction::Read, Waker::noop()).is_pending());
                }
            });
            scope.spawn(|| {
                let _lent = Parker::new(&reactor);
                while !over.load(SeqCst) {
                    assert!(poll_ready(&failed, Direction::Read, Waker::noop()).is_ready());
                    drop(waiting(&reactor));
                    reactor.poll_once().unwrap();
                }
            });
            // Several, or it is held too seldom: who waits for it makes who has it give way.
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut timer = Deadline::after_in(Duration::from_secs(3600), &reactor);
                    while !over.load(SeqCst) {
                        assert!(timer.poll(&mut Context::from_waker(Waker::noop())).is_pending());
                    }
                });
            }
            let begin = Instant::now();
            let enough = |round: &u64| *round < 10 || begin.elapsed() < Duration::from_secs(10);
            let children = (0..100).take_while(enough).all(|round| {
                let cx = &mut Context::from_waker(Waker::noop());
                let mut waiting = Box::pin(there.ready(Direction::Read));
                assert!(waiting.as_mut().poll(cx).is_pending());
                let mut timer = Deadline::after_in(Duration::from_secs(60), &reactor);
                assert!(timer.poll(cx).is_pending());
                let mut all = Some((waiting, timer));
                thread::sleep(Duration::from_micros(round % 10 * 50)); // until they are in there
                fork(|| {
                    for object in [&there, &failed] {
                        let result = poll_ready(object, Direction::Read, Waker::noop());
                        assert!(matches!(result, Poll::Ready(Err(_))));
                    }
                    assert!(all.as_mut().unwrap().1.poll(cx).is_pending());
                    drop(all.take());
                })
            });
            over.store(true, SeqCst);
            assert!(children, "one of them hung");
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn the_reactors_own_descriptors_are_close_on_exec() {
    succeeds_in_a_process("fork::the_reactors_own_descriptors_are_close_on_exec", || {
        let reactor = system();
        let (_here, there) = pair(&reactor);
        assert!(poll_ready(&there, Direction::Read, Waker::noop()).is_pending());
        reactor.block_on(sleep(&reactor, Duration::from_millis(1)));
        let mut own = 0;
        for entry in std::fs::read_dir("/proc/self/fd").unwrap() {
            let entry = entry.unwrap();
            let Ok(target) = std::fs::read_link(entry.path()) else { continue };
            if target.to_string_lossy().starts_with("anon_inode:") {
                own += 1;
                let info = format!("/proc/self/fdinfo/{}", entry.file_name().display());
                let info = std::fs::read_to_string(info).unwrap();
                let flags = info.lines().find_map(|line| line.strip_prefix("flags:\t")).unwrap();
                let flags = u32::from_str_radix(flags, 8).unwrap();
                assert_ne!(flags & rustix::fs::OFlags::CLOEXEC.bits(), 0, "{target:?}: {info}");
            }
        }
        assert!(own >= 2, "the set and its notifier");
        drop(Arc::new(there));
    });
}
