//! What happens between two steps of the core, where threads meet only now and then: here they do
//! it at each run, because what the core calls in between (`idle`, a waker, the object, `observe`)
//! makes it happen.

use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use mini_reactor::{
    AsIo, BorrowedIo, Direction, Directions, GlobalReactor, Handle, Observation, Parker, Reactor,
    ReadyList, Registration, Source, Unparker,
};

use crate::lab::{Lab, Object};
use crate::tools::{one_that_parks, poll_ready, until, waker};
use crate::world::World;

/// A lab that runs something after each registration, and at each thing that the core says it does.
struct Hooked<R, O> {
    inner: Arc<Reactor<Lab>>,
    registered: R,
    observed: O,
}

impl<R, O> Hooked<R, O>
where
    R: Fn(&Source) + Send + Sync + 'static,
    O: Fn(&Observation<'_>) + Send + Sync + 'static,
{
    fn on(world: &World, registered: R, observed: O) -> Handle {
        let inner = Arc::clone(&world.typed);
        Handle::from(&Arc::new(Reactor::new(Hooked { inner, registered, observed })))
    }
}

impl<R: Fn(&Source) + Send + Sync, O: Fn(&Observation<'_>) + Send + Sync> GlobalReactor
    for Hooked<R, O>
{
    fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        let result = self.inner.backend().register(io, source);
        (self.registered)(source);
        result
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
        (self.observed)(&observation);
        self.inner.backend().observe(observation)
    }
}

#[test]
fn a_thread_that_goes_to_sleep_while_the_driver_leaves_drives() {
    let world = World::by_hand();
    let me = thread::current().id();
    thread::scope(|scope| {
        let (driver, end_driver) = one_that_parks(scope, &world.reactor);
        world.until_asleep();
        let parker = Parker::new(&world.reactor);
        let (lab, wake) = (&world, parker.unparker());
        scope.spawn(move || {
            until(|| lab.until_asleep() == me);
            wake.unpark();
        });
        // The role was taken when it looked; and it is not yet among those who sleep.
        let driver = Cell::new(Some(driver));
        let idle = || {
            if let Some(driver) = driver.take() {
                end_driver.unpark();
                driver.join().unwrap();
            }
            true
        };
        parker.park(idle).unwrap();
        assert_eq!(world.drivers().last(), Some(&me));
    });
}

#[test]
fn what_becomes_ready_while_the_object_is_asked_is_asked_again() {
    struct Asked(Box<dyn Fn() -> bool + Send + Sync>);
    impl AsIo for Asked {
        fn as_io(&self) -> BorrowedIo<'_> {
            BorrowedIo::virtual_object(1)
        }
        fn is_ready(&self, _: Direction) -> Option<bool> {
            Some((self.0)())
        }
    }
    let world = World::by_hand();
    let asked = Arc::new(AtomicUsize::new(0));
    let is_ready = {
        let (lab, reactor) = (Arc::clone(&world.typed), world.reactor.clone());
        let asked = Arc::clone(&asked);
        move || {
            let first = asked.fetch_add(1, SeqCst) == 0;
            if first {
                lab.backend().happen(1, Directions::READ);
                reactor.poll_once().unwrap();
            }
            !first
        }
    };
    let object = Registration::new_in(Asked(Box::new(is_ready)), &world.reactor);
    assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
    world.happen(1, Directions::READ);
    world.turn();
    world.reactor.block_on(object.ready(Direction::Read)).unwrap();
    assert_eq!(asked.load(SeqCst), 2);
}

#[test]
fn a_source_that_ends_while_it_is_registered_ends_the_wait() {
    for world in World::both() {
        let dies = |source: &Source| source.fail(io::Error::other("the ring died"));
        let reactor = Hooked::on(&world, dies, |_| {});
        let object = Registration::new_in(Object(1), &reactor);
        let result = reactor.block_on(object.ready(Direction::Read));
        assert_eq!(result.unwrap_err().to_string(), "the ring died");
    }
}

#[test]
fn a_foreign_loop_tells_another_what_it_missed() {
    let world = World::by_hand();
    let object = world.object(1);
    let reactor = world.reactor.clone();
    let other_loop = waker(move || {
        let reactor = reactor.clone();
        thread::spawn(move || reactor.poll_once().unwrap()).join().unwrap();
    });
    assert!(poll_ready(&object, Direction::Read, &other_loop).is_pending());
    world.happen(1, Directions::READ);
    world.calls();
    world.turn();
    assert_eq!(world.notifies(), 1);
    world.turn();
    assert_eq!(world.notifies(), 1, "it has missed nothing since");
}

/// A thread is sent to drive while a foreign loop has missed something, and `on_its_way` runs
/// there, before it drives. How often `notify` is called by that time, beside the wake of the
/// driver that left.
fn notifies_on_the_way(on_its_way: impl Fn(&Handle, &Unparker) + Send + Sync + 'static) -> usize {
    let world = World::by_hand();
    let (tell, told) = mpsc::channel::<(Handle, Unparker)>();
    let told = Mutex::new(told);
    let reactor = Hooked::on(
        &world,
        |_| {},
        move |observation| {
            if let Observation::Unparks { to_drive: true } = observation {
                let told = told.lock().expect("nothing panics under it").recv();
                let (reactor, sent) = told.expect("it is sent before the driver leaves");
                on_its_way(&reactor, &sent);
            }
        },
    );
    thread::scope(|scope| {
        let (driver, end_driver) = one_that_parks(scope, &reactor);
        world.until_asleep();
        let (parked, unparker) = one_that_parks(scope, &reactor);
        tell.send((reactor.clone(), unparker.clone())).expect("the reactor lives");
        world.until_parked(parked.thread().id());
        assert!(!reactor.poll_once().expect("no fault was planned"), "a thread drives");
        world.calls();
        let before = world.drivers().len();
        end_driver.unpark();
        driver.join().expect("it does not panic");
        until(|| parked.is_finished() || world.drivers().len() > before);
        let notifies = world.notifies() - 1;
        unparker.unpark();
        parked.join().expect("it does not panic");
        notifies
    })
}

#[test]
fn a_thread_that_is_woken_on_its_way_to_drive_tells_a_foreign_loop_what_it_missed() {
    assert_eq!(notifies_on_the_way(|_, sent| sent.unpark()), 1);
}

#[test]
fn whoever_hands_over_to_nobody_tells_a_foreign_loop_what_it_missed() {
    let hand_over = |reactor: &Handle, _: &Unparker| Parker::new(reactor).hand_over();
    assert_eq!(notifies_on_the_way(hand_over), 1);
}

#[test]
fn a_thread_that_is_sent_to_drive_has_nothing_to_tell() {
    assert_eq!(notifies_on_the_way(|_, _| {}), 0, "it drives, and reports what there is");
}
