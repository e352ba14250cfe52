//! What the backend is asked, and what happens if it refuses or keeps its claim.

use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use mini_reactor::{
    AsIo, BorrowedIo, Direction, Directions, GlobalReactor, Handle, KeepOpen, Reactor, ReadyList,
    Registration, Source,
};

use crate::lab::{Call, Fault, Object};
use crate::tools::{Count, in_a_process, poll_ready, until};
use crate::world::World;

const NO_ROOM: i32 = 28;

fn no_room() -> io::Error {
    io::Error::from_raw_os_error(NO_ROOM)
}

#[test]
fn registering_is_lazy_and_happens_once() {
    let world = World::edge();
    let object = world.object(1);
    drop(world.object(2));
    assert_eq!(world.object(3).into_inner().unwrap().0, 3);
    assert_eq!(world.calls(), []);
    for _ in 0..3 {
        assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
    }
    let registered = |call: &&Call| **call == Call::Register(1);
    assert_eq!(world.calls().iter().filter(registered).count(), 1);
}

#[test]
fn the_same_object_twice_is_already_exists() {
    for world in World::both() {
        let (first, second) = (world.object(1), world.object(1));
        let (count, waker) = Count::new();
        assert!(poll_ready(&first, Direction::Read, &waker).is_pending());
        let Poll::Ready(Err(error)) = poll_ready(&second, Direction::Read, Waker::noop()) else {
            panic!("registered twice")
        };
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        drop(second);
        world.happen(1, Directions::READ);
        world.turn();
        assert_eq!(count.wakes(), 1, "the first is as it was");
    }
}

#[test]
fn the_second_may_wait_once_the_first_is_gone() {
    let world = World::edge();
    let (first, second) = (world.object(1), world.object(1));
    assert!(poll_ready(&first, Direction::Read, Waker::noop()).is_pending());
    assert!(poll_ready(&second, Direction::Read, Waker::noop()).is_ready());
    drop(first);
    assert!(poll_ready(&second, Direction::Read, Waker::noop()).is_pending());
}

#[test]
fn an_error_of_register_is_passed_through_and_the_object_is_as_it_was() {
    for world in World::both() {
        let object = world.object(1);
        let (count, waker) = Count::new();
        for _ in 0..2 {
            world.fail(Fault::Register(no_room()));
            let Poll::Ready(Err(error)) = poll_ready(&object, Direction::Read, &waker) else {
                panic!("there was no room")
            };
            assert_eq!(error.raw_os_error(), Some(NO_ROOM));
            assert_eq!(count.kept(1), 0);
        }
        world.calls();
        assert!(poll_ready(&object, Direction::Read, &waker).is_pending());
        world.happen(1, Directions::READ);
        world.turn();
        assert_eq!(count.wakes(), 1);
    }
}

#[test]
fn what_was_never_registered_is_never_deregistered() {
    let world = World::edge();
    let object = world.object(1);
    world.fail(Fault::Register(no_room()));
    assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_ready());
    drop(object);
    assert_eq!(world.calls(), [Call::Register(1)]);
}

#[test]
fn an_error_of_rearm_is_passed_through_and_the_next_wait_asks_again() {
    let world = World::one_shot();
    let object = world.object(1);
    let (count, waker) = Count::new();
    world.fail(Fault::Rearm(no_room()));
    let Poll::Ready(Err(error)) = poll_ready(&object, Direction::Read, &waker) else {
        panic!("there was no room")
    };
    assert_eq!(error.raw_os_error(), Some(NO_ROOM));
    assert_eq!(count.kept(1), 0);
    let before = count.wakes();
    world.calls();
    assert!(poll_ready(&object, Direction::Read, &waker).is_pending());
    assert_eq!(world.calls(), [Call::Rearm(1, Directions::READ)]);
    world.happen(1, Directions::READ);
    world.turn();
    assert_eq!(count.wakes(), before + 1);
}

#[test]
fn an_error_of_rearm_wakes_those_who_relied_on_being_watched() {
    let world = World::one_shot();
    let object = world.object(1);
    let (reader, waker) = Count::new();
    assert!(poll_ready(&object, Direction::Read, &waker).is_pending());
    world.fail(Fault::Rearm(no_room()));
    assert!(poll_ready(&object, Direction::Write, Waker::noop()).is_ready());
    assert_eq!((reader.wakes(), reader.kept(1)), (1, 0), "to ask again, and to get the error");
}

#[test]
fn an_error_of_deregister_changes_nothing_the_waiters_wake_and_the_object_is_dropped() {
    let world = World::edge();
    let (object, dropped) = Tell::new(1);
    let object = Registration::new_in(object, &world.reactor);
    let (count, waker) = Count::new();
    assert!(poll_ready(&object, Direction::Read, &waker).is_pending());
    world.fail(Fault::Deregister(no_room()));
    drop(object);
    assert_eq!((count.wakes(), count.kept(1)), (1, 0));
    assert_eq!(dropped.load(SeqCst), 1);
}

/// A one-shot backend that takes its time, and notes if it is called twice at once.
#[derive(Default)]
struct Exclusive {
    inside: AtomicUsize,
    overlapped: AtomicUsize,
    rearmed: AtomicUsize,
    source: Mutex<Option<Arc<Source>>>,
}

impl Exclusive {
    fn take_some_time(&self) {
        if self.inside.fetch_add(1, SeqCst) != 0 {
            self.overlapped.fetch_add(1, SeqCst);
        }
        (0..10).for_each(|_| std::thread::yield_now());
        self.inside.fetch_sub(1, SeqCst);
    }
}

impl GlobalReactor for Exclusive {
    fn register(&self, _: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.take_some_time();
        *self.source.lock().expect("nothing panics") = Some(Arc::clone(source));
        Ok(())
    }
    fn rearm(&self, _: BorrowedIo<'_>, _: &Arc<Source>, _: Directions) -> io::Result<()> {
        self.take_some_time();
        self.rearmed.fetch_add(1, SeqCst);
        Ok(())
    }
    fn deregister(&self, _: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
        self.take_some_time();
        *self.source.lock().expect("nothing panics") = None;
        Ok(())
    }
    fn turn(&self, _: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        if let Some(source) = &*self.source.lock().expect("nothing panics") {
            ready.push_disarmed(source, Directions::NONE);
        }
        Ok(())
    }
    fn notify(&self) {}
    fn now(&self) -> Instant {
        Instant::now()
    }
}

#[test]
fn the_calls_for_one_source_never_overlap() {
    let reactor = Arc::new(Reactor::new(Exclusive::default()));
    for _ in 0..10 {
        let object = Registration::new_in(Object(1), &reactor);
        let over = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for direction in [Direction::Read, Direction::Write, Direction::Read] {
                let (object, over) = (&object, &over);
                scope.spawn(move || {
                    for _ in 0..50 {
                        assert!(poll_ready(object, direction, Waker::noop()).is_pending());
                    }
                    over.fetch_add(1, SeqCst);
                });
            }
            until(|| {
                reactor.poll_once().unwrap(); // whoever waits has to ask again
                over.load(SeqCst) == 3
            });
        });
    }
    assert_eq!(reactor.backend().overlapped.load(SeqCst), 0);
    assert!(reactor.backend().rearmed.load(SeqCst) > 10);
}

#[test]
fn deregistering_comes_before_the_object_is_dropped() {
    struct Last(Arc<Reactor<Order>>);
    impl AsIo for Last {
        fn as_io(&self) -> BorrowedIo<'_> {
            BorrowedIo::virtual_object(1)
        }
    }
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.backend().0.lock().unwrap().push("dropped");
        }
    }
    struct Order(Mutex<Vec<&'static str>>);
    impl GlobalReactor for Order {
        fn register(&self, _: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
            Ok(())
        }
        fn rearm(&self, _: BorrowedIo<'_>, _: &Arc<Source>, _: Directions) -> io::Result<()> {
            Ok(())
        }
        fn deregister(&self, _: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
            self.0.lock().unwrap().push("deregistered");
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
    let reactor = Arc::new(Reactor::new(Order(Mutex::default())));
    let object = Registration::new_in(Last(Arc::clone(&reactor)), &reactor);
    assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
    drop(object);
    assert_eq!(*reactor.backend().0.lock().unwrap(), ["deregistered", "dropped"]);
}

/// An object that tells when it is dropped.
struct Tell(u64, Arc<AtomicUsize>);

impl Tell {
    fn new(number: u64) -> (Tell, Arc<AtomicUsize>) {
        let dropped = Arc::default();
        (Tell(number, Arc::clone(&dropped)), dropped)
    }
}

impl AsIo for Tell {
    fn as_io(&self) -> BorrowedIo<'_> {
        BorrowedIo::virtual_object(self.0)
    }
}

impl Drop for Tell {
    fn drop(&mut self) {
        self.1.fetch_add(1, SeqCst);
    }
}

/// A backend that demands "open until deregistered", behind a decorator that may forget to forward.
#[derive(Default)]
struct Claims {
    forgets: bool,
    tokens: Mutex<Vec<KeepOpen>>,
}

impl GlobalReactor for Claims {
    fn register(&self, _: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let token = source.keep_open().ok_or(ErrorKind::NotConnected)?;
        self.tokens.lock().expect("nothing panics").push(token);
        Ok(())
    }
    fn rearm(&self, _: BorrowedIo<'_>, _: &Arc<Source>, _: Directions) -> io::Result<()> {
        Ok(())
    }
    fn deregister(&self, _: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
        if !self.forgets {
            self.tokens.lock().expect("nothing panics").clear();
        }
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

fn claimed(forgets: bool) -> (Registration<Tell>, Arc<AtomicUsize>) {
    let claims = Claims { forgets, ..Claims::default() };
    let (object, dropped) = Tell::new(1);
    let object = Registration::new_in(object, Handle::from(Arc::new(Reactor::new(claims))));
    assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
    (object, dropped)
}

#[test]
fn an_object_whose_token_came_back_is_dropped() {
    let (object, dropped) = claimed(false);
    drop(object);
    assert_eq!(dropped.load(SeqCst), 1);
    let (object, dropped) = claimed(false);
    let object = object.into_inner().unwrap();
    assert_eq!(dropped.load(SeqCst), 0);
    drop(object);
}

#[test]
fn an_object_with_a_token_still_out_is_leaked_and_reported_never_closed() {
    let name = "registering::an_object_with_a_token_still_out_is_leaked_and_reported_never_closed";
    let output = in_a_process(name, || {
        let (object, dropped) = claimed(true);
        drop(object);
        assert_eq!(dropped.load(SeqCst), 0);
        let (object, dropped) = claimed(true);
        let error = object.into_inner().err().expect("the backend has it");
        assert_eq!(error.kind(), ErrorKind::Other);
        assert_eq!(dropped.load(SeqCst), 0);
    });
    if let Some(output) = output {
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
        assert_eq!(told.matches("a backend kept its claim").count(), 2, "{told}");
        assert!(told.contains("Does a decorator forget to forward `deregister`?"), "{told}");
    }
}
