//! What the core says of itself, to a backend that wants to know.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use mini_reactor::{
    BorrowedIo, Deadline, Direction, Directions, GlobalReactor, Handle, Observation, Reactor,
    ReadyList, Registration, Source,
};

use crate::lab::{Lab, Object};
use crate::tools::{one_that_parks, poll_ready, until};
use crate::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Waits(usize, Direction),
    Wakes(usize, usize),
    Set(u64, Instant),
    Dropped(u64),
    Expire(usize),
    Parks(ThreadId),
    Unparks(ThreadId, bool),
}

/// Notes what it is told, as long as it is interested.
struct Ear {
    inner: Arc<Reactor<Lab>>,
    interested: AtomicBool,
    told: Mutex<Vec<Told>>,
}

impl Ear {
    fn on(world: &World) -> (Arc<Reactor<Ear>>, Handle) {
        let inner = Arc::clone(&world.typed);
        let (interested, told) = (AtomicBool::new(true), Mutex::default());
        let reactor = Arc::new(Reactor::new(Ear { inner, interested, told }));
        let handle = Handle::from(&reactor);
        (reactor, handle)
    }

    /// What it was told since the last time this was asked.
    fn told(&self) -> Vec<Told> {
        std::mem::take(&mut self.told.lock().expect("no test panics under it"))
    }
}

impl GlobalReactor for Ear {
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.inner.backend().register(io, source)
    }
    fn rearm(&self, io: BorrowedIo<'_>, source: &Arc<Source>, to: Directions) -> io::Result<()> {
        self.inner.backend().rearm(io, source, to)
    }
    fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.inner.backend().deregister(io, source)
    }
    fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        self.inner.backend().turn(timeout, ready)
    }
    fn notify(&self) {
        self.inner.backend().notify();
    }
    fn now(&self) -> Instant {
        self.inner.backend().now()
    }
    fn observe(&self, observation: Observation<'_>) -> bool {
        let me = thread::current().id();
        let told = match observation {
            Observation::Waits { source, direction } => Told::Waits(source.id(), direction),
            Observation::Wakes { source, wakers } => Told::Wakes(source.id(), wakers),
            Observation::TimerSet { timer, at } => Told::Set(timer, at),
            Observation::TimerDropped { timer } => Told::Dropped(timer),
            Observation::TimersExpire { timers } => Told::Expire(timers),
            Observation::Parks => Told::Parks(me),
            Observation::Unparks { to_drive } => Told::Unparks(me, to_drive),
            other => panic!("a new one: {other:?}"),
        };
        self.told.lock().expect("no test panics under it").push(told);
        self.interested.load(SeqCst)
    }
}

#[test]
fn who_waits_and_who_is_woken() {
    for world in World::both() {
        let (ear, reactor) = Ear::on(&world);
        let object = Registration::new_in(Object(1), &reactor);
        let id = object.source().id();
        for direction in [Direction::Read, Direction::Write] {
            assert!(poll_ready(&object, direction, Waker::noop()).is_pending());
        }
        let waits = [Told::Waits(id, Direction::Read), Told::Waits(id, Direction::Write)];
        assert_eq!(ear.backend().told(), waits);
        world.happen(1, Directions::BOTH);
        reactor.poll_once().unwrap();
        assert_eq!(ear.backend().told(), [Told::Wakes(id, 2)]);
        world.report(mini_reactor::Event {
            source: Arc::clone(object.source()),
            ready: Directions::READ,
            closed: Directions::NONE,
            disarmed: false,
        });
        reactor.poll_once().unwrap();
        assert_eq!(ear.backend().told(), [Told::Wakes(id, 0)], "nobody waits any more");
    }
}

#[test]
fn a_wait_that_is_none_is_not_told() {
    let world = World::edge();
    let (ear, reactor) = Ear::on(&world);
    let object = Registration::new_in(Object(1), &reactor);
    assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
    world.happen(1, Directions::READ);
    reactor.poll_once().unwrap();
    ear.backend().told();
    assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_ready());
    assert_eq!(ear.backend().told(), []);
}

#[test]
fn timers_are_set_expire_and_are_dropped() {
    let world = World::by_hand();
    let (ear, reactor) = Ear::on(&world);
    let begin = reactor.now();
    let seconds = |seconds| Deadline::after_in(Duration::from_secs(seconds), &reactor);
    let mut timers = [seconds(1), seconds(1), seconds(2)];
    let cx = &mut Context::from_waker(Waker::noop());
    for timer in &mut timers {
        assert!(timer.poll(cx).is_pending());
        assert!(timer.poll(cx).is_pending(), "this one is not told again");
    }
    let told = ear.backend().told();
    let [Told::Set(a, one), Told::Set(b, also_one), Told::Set(c, two)] = told[..] else {
        panic!("{told:?}")
    };
    assert!(a != b && b != c && c != a);
    let second = Duration::from_secs(1);
    assert_eq!([one, also_one, two], [begin + second, begin + second, begin + 2 * second]);
    world.advance(second);
    reactor.poll_once().unwrap();
    assert_eq!(ear.backend().told(), [Told::Expire(2)]);
    drop(timers);
    assert_eq!(ear.backend().told(), [Told::Dropped(c)], "the others have expired");
}

#[test]
fn who_parks_beside_a_driver_and_what_ends_that() {
    let world = World::by_hand();
    let (ear, reactor) = Ear::on(&world);
    thread::scope(|scope| {
        let (driver, end_driver) = one_that_parks(scope, &reactor);
        world.until_asleep();
        assert_eq!(ear.backend().told(), [], "the driver's sleep is its turn");
        let mut told = Vec::new();
        let mut until_told = |what: Told| {
            until(|| {
                told.extend(ear.backend().told());
                told.contains(&what)
            });
            assert_eq!(std::mem::take(&mut told), [what]);
        };

        let (woken, wake) = one_that_parks(scope, &reactor);
        let id = woken.thread().id();
        until_told(Told::Parks(id));
        wake.unpark();
        until_told(Told::Unparks(id, false));
        woken.join().unwrap();

        let (sent, wake) = one_that_parks(scope, &reactor);
        let id = sent.thread().id();
        until_told(Told::Parks(id));
        end_driver.unpark();
        driver.join().unwrap();
        until_told(Told::Unparks(id, true));
        wake.unpark();
        sent.join().unwrap();
    });
}

#[test]
fn a_backend_that_is_not_interested_is_told_nothing_more() {
    let world = World::edge();
    let (ear, reactor) = Ear::on(&world);
    let object = Registration::new_in(Object(1), &reactor);
    assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
    assert_eq!(ear.backend().told().len(), 1);
    ear.backend().interested.store(false, SeqCst);
    assert!(poll_ready(&object, Direction::Write, Waker::noop()).is_pending());
    assert_eq!(ear.backend().told().len(), 1, "the one to which it says so");
    ear.backend().interested.store(true, SeqCst);
    world.happen(1, Directions::BOTH);
    reactor.poll_once().unwrap();
    assert_eq!(ear.backend().told(), []);
}

#[test]
fn it_is_told_under_no_lock_of_the_core() {
    struct Loud(Lab, Mutex<Option<Handle>>);
    impl GlobalReactor for Loud {
        fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
            self.0.register(io, source)
        }
        fn rearm(&self, io: BorrowedIo<'_>, it: &Arc<Source>, to: Directions) -> io::Result<()> {
            self.0.rearm(io, it, to)
        }
        fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
            self.0.deregister(io, source)
        }
        fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
            self.0.turn(timeout, ready)
        }
        fn notify(&self) {
            self.0.notify();
        }
        fn now(&self) -> Instant {
            self.0.now()
        }
        fn observe(&self, observation: Observation<'_>) -> bool {
            // What takes the locks: formatting and waiting for the source, setting a timer.
            let _ = format!("{observation:?}");
            let reactor = self.1.lock().unwrap().take();
            if let Some(reactor) = &reactor {
                let mut timer = Deadline::after_in(Duration::from_secs(9), reactor);
                assert!(timer.poll(&mut Context::from_waker(Waker::noop())).is_pending());
                drop(timer);
                let object = Registration::new_in(Object(9), reactor);
                assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
            }
            *self.1.lock().unwrap() = reactor;
            true
        }
    }
    let _watch = crate::tools::watch();
    let shared = Arc::new(Reactor::new(Loud(Lab::new(false, true), Mutex::new(None))));
    let reactor = Handle::from(&shared);
    *shared.backend().1.lock().unwrap() = Some(reactor.clone());
    let object = Registration::new_in(Object(1), &reactor);
    assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
    shared.backend().0.happen(1, Directions::READ);
    reactor.poll_once().unwrap();
    let mut timer = Deadline::after_in(Duration::from_millis(1), &reactor);
    reactor.block_on(std::future::poll_fn(|cx| timer.poll(cx)));
    *shared.backend().1.lock().unwrap() = None;
}
