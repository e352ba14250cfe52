//! What no contract is about: debugging output, the error behind an error, a full batch, and the
//! turns that operations through `&mut` take when something happens in the middle of them.
#![cfg(unix)]

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use mini_reactor::{
    BorrowedIo, Direction, Directions, GlobalReactor, Handle, Parker, Reactor, ReadyList,
    Registration, Source, System,
};

static STATIC: Reactor<System> = Reactor::new(System::new());

fn reactor() -> Arc<Reactor<System>> {
    Arc::new(Reactor::new(System::new()))
}

/// A pair, the second one registered as something that is read and written through `&mut`.
fn pair(reactor: &Arc<Reactor<System>>) -> (UnixStream, Registration<UnixStream>) {
    let (here, there) = UnixStream::pair().expect("a pair of sockets");
    there.set_nonblocking(true).expect("an open socket");
    (here, Registration::new_in(there, reactor))
}

fn idle() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

#[test]
fn everything_says_what_it_is() {
    let reactor = reactor();
    let (_here, there) = pair(&reactor);
    assert_eq!(format!("{:?}", Handle::from(&STATIC)), "Handle(\"Static\")");
    assert_eq!(format!("{:?}", Handle::from(&reactor)), "Handle(\"Shared\")");
    assert!(format!("{reactor:?}").starts_with("Reactor { backend: System"));
    assert!(format!("{:?}", Parker::new(&reactor)).starts_with("Parker { state: "));
    assert!(format!("{there:?}").starts_with("Registration { io: Some(UnixStream"));
    assert_eq!(format!("{:?}", there.ready(Direction::Read)), "Ready { direction: Read, .. }");
    assert_eq!(format!("{:?}", reactor.drive_externally()), "DrivenExternally { .. }");
    assert_eq!(format!("{:?}", Directions::BOTH), "BOTH");
    assert_eq!(format!("{:?}", ReadyList::new()), format!("{:?}", ReadyList::default()));
}

#[test]
fn the_error_of_a_failed_source_has_that_error_as_its_source() {
    let reactor = reactor();
    let (_here, there) = pair(&reactor);
    there.source().fail(io::Error::new(ErrorKind::BrokenPipe, "the cause"));
    let told = reactor_block_on(&reactor, there.ready(Direction::Read)).unwrap_err();
    let shared = told.get_ref().expect("not the system's own");
    assert_eq!(shared.source().expect("what failed it").to_string(), "the cause");
}

fn reactor_block_on<T>(reactor: &Arc<Reactor<System>>, future: impl Future<Output = T>) -> T {
    Handle::from(reactor).block_on(future)
}

#[test]
fn a_backend_need_not_be_pollable() {
    struct Nothing;
    impl GlobalReactor for Nothing {
        fn register(&self, _: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
            Err(ErrorKind::Unsupported.into())
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
    assert!(Nothing.pollable().is_none());
}

#[test]
fn a_full_batch_says_that_there_may_be_more() -> io::Result<()> {
    let reactor = reactor();
    let mut pairs: Vec<_> = (0..300).map(|_| pair(&reactor)).collect();
    for (here, there) in &mut pairs {
        assert!(there.poll_ready(Direction::Read, &mut idle()).is_pending());
        here.write_all(b"x")?;
    }
    while reactor.poll_once()? {}
    for (_, there) in &pairs {
        assert!(there.poll_ready(Direction::Read, &mut idle()).is_ready());
    }
    Ok(())
}

#[test]
fn an_operation_through_mut_meets_an_event_in_its_midst() -> io::Result<()> {
    let reactor = reactor();
    let (mut here, mut there) = pair(&reactor);
    let read = |io: &mut UnixStream| io.read(&mut [0; 8]);
    assert!(there.poll_io_mut(Direction::Read, &mut idle(), read).is_pending());
    let mut attempts = 0;
    let polled = there.poll_io_mut(Direction::Read, &mut idle(), |io| {
        attempts += 1;
        if attempts == 1 {
            here.write_all(b"x")?;
            reactor.poll_once()?; // the event comes after the attempt has begun
            return Err(ErrorKind::WouldBlock.into());
        }
        read(io)
    });
    assert!(matches!(polled, Poll::Ready(Ok(1))), "{polled:?}");
    assert_eq!(attempts, 2);
    Ok(())
}

#[test]
fn an_operation_through_mut_meets_the_failure_of_its_source() {
    let reactor = reactor();
    let (_here, mut there) = pair(&reactor);
    let read = |io: &mut UnixStream| io.read(&mut [0; 8]);
    assert!(there.poll_io_mut(Direction::Read, &mut idle(), read).is_pending());
    let source = Arc::clone(there.source());
    let polled = there.poll_io_mut(Direction::Read, &mut idle(), |_| {
        source.fail(ErrorKind::BrokenPipe.into());
        io::Result::<()>::Err(ErrorKind::WouldBlock.into())
    });
    assert!(matches!(polled, Poll::Ready(Err(error)) if error.kind() == ErrorKind::BrokenPipe));
    let polled = there.poll_io_mut(Direction::Read, &mut idle(), |_| -> io::Result<()> {
        panic!("there is nothing to try")
    });
    assert!(matches!(polled, Poll::Ready(Err(error)) if error.kind() == ErrorKind::BrokenPipe));
}

#[test]
fn an_operation_through_mut_takes_breaks_too() {
    let reactor = reactor();
    let (_here, mut there) = pair(&reactor);
    let write = |_: &mut UnixStream| Ok(());
    for _ in 0..128 {
        assert!(there.poll_io_mut(Direction::Write, &mut idle(), write).is_ready());
    }
    assert!(there.poll_io_mut(Direction::Write, &mut idle(), write).is_pending());
    for _ in 0..128 {
        assert!(there.poll_io_mut(Direction::Write, &mut idle(), write).is_ready());
    }
    let mut rests = pin!(there.io_mut(Direction::Write, write));
    assert!(rests.as_mut().poll(&mut idle()).is_pending());
    assert!(rests.poll(&mut idle()).is_ready());
}

#[test]
fn what_the_system_cannot_wait_for_is_an_error_through_mut_too() -> io::Result<()> {
    let file = std::fs::File::open(std::env::current_exe()?)?;
    let mut file = Registration::new_in(file, reactor());
    let never = |_: &mut std::fs::File| io::Result::<()>::Err(ErrorKind::WouldBlock.into());
    let polled = file.poll_io_mut(Direction::Read, &mut idle(), never);
    let Poll::Ready(Err(error)) = polled else { panic!("{polled:?}") };
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    Ok(())
}
