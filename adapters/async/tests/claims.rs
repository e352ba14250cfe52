//! A backend that breaks its contract, and keeps its claim on what was deregistered, gets neither
//! another descriptor under the old name nor a closed one.
#![cfg(unix)]

use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use mini_async::Async;
use mini_reactor::{
    BorrowedIo, Directions, GlobalReactor, Handle, KeepOpen, Reactor, ReadyList, Source,
};

/// Takes a token for each registration, and gives it back only when told.
#[derive(Default)]
struct Keeper {
    tokens: Mutex<Vec<KeepOpen>>,
}

impl GlobalReactor for Keeper {
    fn register(&self, _: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.tokens.lock().expect("nobody panics").extend(source.keep_open());
        Ok(())
    }
    fn rearm(&self, _: BorrowedIo<'_>, _: &Arc<Source>, _: Directions) -> io::Result<()> {
        Ok(())
    }
    fn deregister(&self, _: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
        Ok(())
    }
    fn turn(&self, _: Option<Duration>, _: &mut ReadyList) -> io::Result<()> {
        Ok(())
    }
    fn notify(&self) {}
    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// A socket that the keeper has a token for, and the other end, which does not block.
fn claimed() -> io::Result<(Arc<Reactor<Keeper>>, Async<UnixStream>, UnixStream)> {
    let reactor = Arc::new(Reactor::new(Keeper::default()));
    let (near, far) = UnixStream::pair()?;
    far.set_nonblocking(true)?;
    let near = Async::new_in(near, Handle::from(&reactor))?;
    assert!(near.poll_readable(&mut Context::from_waker(Waker::noop())).is_pending());
    Ok((reactor, near, far))
}

fn is_open(mut far: &UnixStream) -> bool {
    far.read(&mut [0]).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

#[test]
fn an_object_with_a_claim_on_it_is_not_lent_out_and_never_closed() -> io::Result<()> {
    let (reactor, mut near, far) = claimed()?;
    assert!(catch_unwind(AssertUnwindSafe(|| near.get_mut().as_raw_fd())).is_err());
    drop(near);
    assert!(is_open(&far), "closed under a token");
    reactor.backend().tokens.lock().expect("nobody panics").clear();
    Ok(())
}

#[test]
fn an_operation_through_mut_waits_for_no_claim() -> io::Result<()> {
    let (reactor, mut near, far) = claimed()?;
    let read = |near: &mut Async<UnixStream>| {
        let mut cx = Context::from_waker(Waker::noop());
        let read = |io: &mut UnixStream| io.read(&mut [0]);
        near.registration_mut().poll_io_mut(mini_reactor::Direction::Read, &mut cx, read)
    };
    assert!(catch_unwind(AssertUnwindSafe(|| drop(read(&mut near)))).is_err());
    // With the claim given up, it goes on.
    reactor.backend().tokens.lock().expect("nobody panics").clear();
    assert!(read(&mut near).is_pending());
    drop(near);
    assert!(is_open(&far), "the duplicate has a token of its own");
    reactor.backend().tokens.lock().expect("nobody panics").clear();
    Ok(())
}

#[test]
fn an_object_without_a_claim_on_it_is_given_back_and_closed() -> io::Result<()> {
    let (reactor, mut near, far) = claimed()?;
    reactor.backend().tokens.lock().expect("nobody panics").clear();
    let _: &mut UnixStream = near.get_mut();
    drop(near.into_inner()?);
    assert!(!is_open(&far));
    Ok(())
}
