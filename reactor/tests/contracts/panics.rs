//! Backends and objects that panic outside of `turn`. The panic goes to whoever asked, except where
//! that is a destructor; nobody else waits in vain, and what a backend has a claim on stays open.

use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use mini_reactor::{
    AsIo, BorrowedIo, Deadline, Direction, Directions, Event, GlobalReactor, Handle, KeepOpen,
    Observation, Reactor, ReadyList, Registration, Source,
};

use crate::tools::{Count, message, poll_ready};

/// The method that panics at its next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Register,
    Rearm,
    Deregister,
    Observe,
}

/// A one-shot backend that demands "open until deregistered", and panics as told, before it has
/// done anything.
#[derive(Default)]
struct Fragile {
    panics: Mutex<Option<Method>>,
    tokens: Mutex<Vec<KeepOpen>>,
    rearmed: Mutex<Vec<Directions>>,
    events: Mutex<Vec<Event>>,
}

impl Fragile {
    fn will_panic(&self, method: Method) {
        *self.panics.lock().expect("not poisoned") = Some(method);
    }

    fn called(&self, method: Method) {
        let now = self.panics.lock().expect("not poisoned").take_if(|one| *one == method);
        assert!(now.is_none(), "{method:?} panics, as this test wants");
    }
}

impl GlobalReactor for Fragile {
    fn register(&self, _: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.called(Method::Register);
        let token = source.keep_open().ok_or(ErrorKind::NotConnected)?;
        self.tokens.lock().expect("not poisoned").push(token);
        Ok(())
    }
    fn rearm(&self, _: BorrowedIo<'_>, _: &Arc<Source>, wanted: Directions) -> io::Result<()> {
        self.called(Method::Rearm);
        self.rearmed.lock().expect("not poisoned").push(wanted);
        Ok(())
    }
    fn deregister(&self, _: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
        self.called(Method::Deregister);
        self.tokens.lock().expect("not poisoned").clear();
        Ok(())
    }
    fn turn(&self, _: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        ready.events().append(&mut self.events.lock().expect("not poisoned"));
        Ok(())
    }
    fn notify(&self) {}
    fn now(&self) -> Instant {
        Instant::now()
    }
    fn observe(&self, _: Observation<'_>) -> bool {
        self.called(Method::Observe);
        true
    }
}

/// An object that counts when it is dropped, and panics when it is asked for its number, if told.
#[derive(Default)]
struct Told {
    dropped: Arc<AtomicUsize>,
    panics: Arc<AtomicBool>,
}

impl AsIo for Told {
    fn as_io(&self) -> BorrowedIo<'_> {
        assert!(!self.panics.load(SeqCst), "an object that panics, as this test wants");
        BorrowedIo::virtual_object(1)
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, SeqCst);
    }
}

fn fragile() -> (Arc<Reactor<Fragile>>, Registration<Told>) {
    let reactor = Arc::new(Reactor::new(Fragile::default()));
    let object = Registration::new_in(Told::default(), Handle::from(&reactor));
    (reactor, object)
}

/// What a wait panics with.
fn panics(object: &Registration<Told>, direction: Direction) -> String {
    let wait = || poll_ready(object, direction, Waker::noop());
    message(&*catch_unwind(AssertUnwindSafe(wait)).expect_err("a panic was planned"))
}

#[test]
fn a_panic_of_register_goes_to_who_waits_and_the_next_wait_registers() {
    let (reactor, object) = fragile();
    reactor.backend().will_panic(Method::Register);
    assert!(panics(&object, Direction::Read).starts_with("Register panics"));
    assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
    assert_eq!(*reactor.backend().rearmed.lock().unwrap(), [Directions::READ]);
}

#[test]
fn a_panic_of_rearm_wakes_the_others_and_the_next_wait_asks_again() {
    let (reactor, object) = fragile();
    let (reader, waker) = Count::new();
    assert!(poll_ready(&object, Direction::Read, &waker).is_pending());
    reactor.backend().will_panic(Method::Rearm);
    assert!(panics(&object, Direction::Write).starts_with("Rearm panics"));
    assert_eq!((reader.wakes(), reader.kept(1)), (1, 0), "to ask again");
    assert!(poll_ready(&object, Direction::Write, Waker::noop()).is_pending());
    let rearmed = reactor.backend().rearmed.lock().unwrap().clone();
    assert_eq!(rearmed, [Directions::READ, Directions::WRITE]);
}

#[test]
fn a_panic_of_deregister_is_contained_and_the_object_that_is_claimed_is_leaked() {
    let (reactor, object) = fragile();
    let (count, waker) = Count::new();
    let dropped = Arc::clone(&object.get_ref().dropped);
    assert!(poll_ready(&object, Direction::Read, &waker).is_pending());
    reactor.backend().will_panic(Method::Deregister);
    drop(object);
    assert_eq!(reactor.backend().tokens.lock().unwrap().len(), 1);
    assert_eq!(dropped.load(SeqCst), 0, "the backend has a claim on it");
    assert_eq!((count.wakes(), count.kept(1)), (1, 0), "the wait has ended");
}

#[test]
fn a_panic_of_deregister_without_a_claim_gives_the_object_back() {
    let (reactor, object) = fragile();
    assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
    reactor.backend().tokens.lock().unwrap().clear();
    reactor.backend().will_panic(Method::Deregister);
    let object = object.into_inner().expect("nobody has a claim");
    assert_eq!(object.dropped.load(SeqCst), 0);
}

#[test]
fn an_object_that_panics_when_it_is_deregistered_is_not_closed_under_a_claim() {
    let (reactor, object) = fragile();
    let Told { dropped, panics } = object.get_ref();
    let (dropped, panics) = (Arc::clone(dropped), Arc::clone(panics));
    let (count, waker) = Count::new();
    assert!(poll_ready(&object, Direction::Read, &waker).is_pending());
    panics.store(true, SeqCst);
    drop(object);
    assert_eq!(reactor.backend().tokens.lock().unwrap().len(), 1);
    assert_eq!(dropped.load(SeqCst), 0, "the backend has a claim on it");
    assert_eq!(count.wakes(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_report_that_cannot_be_written_harms_nobody() {
    let output =
        crate::tools::in_a_process("panics::a_report_that_cannot_be_written_harms_nobody", || {
            let (reactor, object) = fragile();
            let dropped = Arc::clone(&object.get_ref().dropped);
            assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
            reactor.backend().will_panic(Method::Deregister);
            let full =
                std::fs::File::options().write(true).open("/dev/full").expect("a device of Linux");
            rustix::stdio::dup2_stderr(full).expect("an open descriptor");
            let drops = catch_unwind(AssertUnwindSafe(|| drop(object)));
            let leaked = dropped.load(SeqCst) == 0;
            std::process::exit(if drops.is_ok() && leaked { 42 } else { 1 });
        });
    assert!(output.is_none_or(|output| output.status.code() == Some(42)), "it was not leaked");
}

#[test]
fn a_panic_of_observe_is_contained_and_keeps_nothing_from_happening() {
    let (reactor, object) = fragile();
    let backend = reactor.backend();
    let (count, waker) = Count::new();
    backend.will_panic(Method::Observe);
    assert!(poll_ready(&object, Direction::Read, &waker).is_pending());
    assert_eq!(*backend.rearmed.lock().unwrap(), [Directions::READ]);
    let mut timer = Deadline::after_in(Duration::from_secs(3600), &reactor);
    backend.will_panic(Method::Observe);
    assert!(timer.poll(&mut Context::from_waker(&waker)).is_pending());
    backend.will_panic(Method::Observe);
    drop(timer);
    backend.will_panic(Method::Observe);
    let (source, ready) = (Arc::clone(object.source()), Directions::READ);
    let event = Event { source, ready, closed: Directions::NONE, disarmed: true };
    backend.events.lock().unwrap().extend([event.clone(), event]);
    reactor.poll_once().unwrap();
    assert_eq!((count.wakes(), count.kept(1)), (1, 0));
}

#[test]
fn an_error_after_a_panic_is_as_always() {
    let (reactor, object) = fragile();
    reactor.backend().will_panic(Method::Register);
    panics(&object, Direction::Read);
    object.source().fail(ErrorKind::BrokenPipe.into());
    let Poll::Ready(Err(error)) = poll_ready(&object, Direction::Read, Waker::noop()) else {
        panic!("a wait on a source that has failed")
    };
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}
