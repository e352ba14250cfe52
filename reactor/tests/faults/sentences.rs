//! Promises that one life does not show: what other threads see of a failure, and what the same
//! objects do afterwards.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread;

use libc::{EBADF, EMFILE, EPERM};
use mini_reactor::{Direction, Handle, Parker, Reactor, Registration, System};

use crate::calls::Call;
use crate::faults::{Faults, last_panic, run};
use crate::life::{Count, pending};
use crate::matrix::PORTABLE;

/// What went wrong, if anything did.
type Tested = Result<(), String>;

fn reactor() -> Handle {
    Handle::from(Arc::new(Reactor::new(System::new())))
}

fn pair(reactor: &Handle) -> (UnixStream, Registration<UnixStream>) {
    let (here, there) = UnixStream::pair().expect("a pair of sockets");
    there.set_nonblocking(true).expect("an open socket");
    (here, Registration::new_in(there, reactor))
}

/// The wake comes before anybody has made the set, and at a moment when there is no room for it.
pub(crate) fn a_wake_before_there_is_a_set_is_not_lost() -> Tested {
    run(|faults| {
        let parker = Parker::new(reactor());
        let mut woken = false;
        let parked = parker.park(|| {
            if !std::mem::replace(&mut woken, true) {
                faults.fail_all(Call::EpollCreate, EMFILE);
                parker.unparker().unpark();
                faults.clear();
            }
            true
        });
        parked.expect("there is room again");
    })
}

pub(crate) fn the_error_of_a_turn_ends_drive_and_another_thread_drives() -> Tested {
    struct Sends(mpsc::Sender<()>);
    impl Wake for Sends {
        fn wake(self: Arc<Self>) {
            self.0.send(()).expect("the test waits");
        }
    }
    run(|faults| {
        let reactor = reactor();
        faults.fail_one(Call::Wait, 0, EBADF);
        let (ended, end) = mpsc::channel();
        for _ in 0..2 {
            let (reactor, ended) = (reactor.clone(), ended.clone());
            thread::spawn(move || {
                let Err(error) = reactor.drive();
                drop(reactor);
                ended.send(error.raw_os_error()).expect("the test waits");
            });
        }
        assert_eq!(end.recv(), Ok(Some(EBADF)), "the first driver got the error");

        let (mut here, there) = pair(&reactor);
        let (woken, wake) = mpsc::channel();
        let waker = Waker::from(Arc::new(Sends(woken)));
        let polled = there.poll_ready(Direction::Read, &mut Context::from_waker(&waker));
        pending(polled).expect("nothing was written");
        here.write_all(b"x").expect("an open socket");
        wake.recv().expect("the second driver delivers");

        faults.fail_one(Call::Wait, 0, EBADF);
        reactor.backend().notify();
        assert_eq!(end.recv(), Ok(Some(EBADF)));
    })
}

pub(crate) fn block_on_panics_with_the_error_of_the_turn_and_the_others_go_on() -> Tested {
    // Several times, since the others may or may not have parked when it happens.
    for _ in 0..20 {
        run(one_of_several_panics)?;
    }
    Ok(())
}

fn one_of_several_panics(faults: &Arc<Faults>) {
    const THREADS: usize = 3;
    let reactor = reactor();
    let (started, start) = mpsc::channel();
    let (mut writers, mut threads) = (Vec::new(), Vec::new());
    for _ in 0..THREADS {
        let (here, there) = pair(&reactor);
        writers.push(here);
        let (reactor, started) = (reactor.clone(), started.clone());
        threads.push(thread::spawn(move || {
            let waiting = AssertUnwindSafe(|| {
                reactor.block_on(async {
                    started.send(()).expect("the test waits");
                    there.ready(Direction::Read).await
                })
            });
            catch_unwind(waiting).map_err(|_| last_panic())
        }));
    }
    start.iter().take(THREADS).for_each(drop);
    faults.fail_one(Call::Wait, 0, EBADF);
    // Whoever drives turns again, and that fails.
    while faults.is_planned(Call::Wait) {
        reactor.backend().notify();
        thread::yield_now();
    }
    for writer in &mut writers {
        let _ = writer.write_all(b"x"); // the socket of the one that failed is closed
    }
    let results = threads.into_iter().map(|thread| thread.join().expect("panics are caught"));
    let (done, failed): (Vec<_>, Vec<_>) = results.partition(Result::is_ok);
    assert_eq!(done.len(), THREADS - 1);
    assert!(done.iter().all(|result| matches!(result, Ok(Ok(())))), "{done:?}");
    let said = failed[0].as_ref().expect_err("one of the others");
    assert!(said.contains("Bad file descriptor"), "{said}");
}

/// By the same turn if that had found it, else by the next: an edge is reported once.
pub(crate) fn what_came_before_a_turn_that_failed_is_delivered() -> Tested {
    // On the portable path the first of a turn's two arms its timer; the second, after the wait,
    // its notifier. On the direct path a turn is one call, and finds nothing if that fails.
    let (call, after, found) =
        if PORTABLE { (Call::EpollModify, 1, 1) } else { (Call::Wait, 0, 0) };
    run(move |faults| {
        let reactor = reactor();
        let (mut here, there) = pair(&reactor);
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut cx = Context::from_waker(&waker);
        pending(there.poll_ready(Direction::Read, &mut cx)).expect("nothing was written");
        here.write_all(b"x").expect("an open socket");
        faults.fail_one(call, after, EBADF);
        let error = reactor.poll_once().expect_err("the turn fails");
        assert_eq!(error.raw_os_error(), Some(EBADF));
        assert_eq!(count.0.load(Relaxed), found);
        reactor.poll_once().expect("the fault is gone");
        assert_eq!(count.0.load(Relaxed), 1);
    })
}

/// Every error but the one that means "always ready".
pub(crate) fn a_registration_that_failed_holds_nothing_and_works_later() -> Tested {
    for error in Call::EpollAdd.errors().iter().copied().filter(|error| *error != EPERM) {
        run(move |faults| {
            let reactor = reactor();
            reactor.poll_once().expect("makes the set");
            let (mut here, there) = pair(&reactor);
            faults.fail_one(Call::EpollAdd, 0, error);
            for attempt in 0..2 {
                let mut cx = Context::from_waker(Waker::noop());
                let result = pending(there.poll_ready(Direction::Read, &mut cx));
                let expected = if attempt == 0 { Some(error) } else { None };
                assert_eq!(result.err().and_then(|error| error.raw_os_error()), expected);
                let holders = Arc::strong_count(there.source());
                assert_eq!(holders, 1 + attempt, "the backend has it only if it watches it");
            }
            here.write_all(b"x").expect("an open socket");
            reactor.block_on(there.ready(Direction::Read)).expect("it is registered");
        })?;
    }
    Ok(())
}

pub(crate) fn what_cannot_be_deregistered_is_given_back_all_the_same() -> Tested {
    for error in Call::EpollDelete.errors().iter().copied() {
        run(move |faults| {
            let reactor = reactor();
            let (mut here, there) = pair(&reactor);
            let mut cx = Context::from_waker(Waker::noop());
            pending(there.poll_ready(Direction::Read, &mut cx)).expect("nothing was written");
            let source = Arc::downgrade(there.source());
            faults.fail_one(Call::EpollDelete, 0, error);
            let there = there.into_inner().expect("no token is out");
            assert_eq!(faults.failures(), [(Call::EpollDelete, error)]);
            assert!(source.upgrade().is_none(), "the backend has let go of it");
            // The kernel still reports it; nobody is confused by that.
            here.write_all(b"x").expect("an open socket");
            reactor.poll_once().expect("an event of nobody");
            drop(there);
            let end = io::Read::read(&mut here, &mut [0]).map_err(|error| error.kind());
            assert!(matches!(end, Ok(0) | Err(io::ErrorKind::ConnectionReset)), "{end:?}");
        })?;
    }
    Ok(())
}
