//! Backends whose turn fails, is interrupted, panics, or reports what makes no sense; and backends
//! that are not of this system at all.

use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mini_reactor::{
    BorrowedIo, Deadline, Direction, Directions, Event, GlobalReactor, Handle, Observation, Parker,
    Reactor, ReadyList, Registration, Source, System,
};

use crate::lab::{Call, Fault, Object};
use crate::tools::{Count, message, one_that_parks, poll_ready, sleep, until};
use crate::world::World;

const BROKEN: i32 = 9;

fn broken() -> Fault {
    Fault::Turn(io::Error::from_raw_os_error(BROKEN))
}

#[test]
fn an_error_of_turn_is_what_block_on_panics_with() {
    let world = World::edge();
    let object = world.object(1);
    world.fail(broken());
    let wait = AssertUnwindSafe(|| world.reactor.block_on(object.ready(Direction::Read)));
    let told = message(&*catch_unwind(wait).unwrap_err());
    assert!(told.starts_with("the reactor's turn failed"), "{told}");
    assert!(told.contains(&io::Error::from_raw_os_error(BROKEN).to_string()), "{told}");
    world.reactor.block_on(sleep(&world.reactor, Duration::from_secs(1))); // the role is free
}

#[test]
fn an_error_of_turn_is_what_drive_park_turn_and_poll_once_return() {
    let world = World::edge();
    let object = world.object(1);
    assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
    let parker = Parker::new(&world.reactor);
    let calls: [&dyn Fn() -> Option<io::Error>; 4] = [
        &|| world.reactor.drive().err(),
        &|| parker.park(|| true).err(),
        &|| parker.turn().err(),
        &|| world.reactor.poll_once().err(),
    ];
    for call in calls {
        world.fail(broken());
        let error = call().expect("it was to fail");
        assert_eq!(error.raw_os_error(), Some(BROKEN));
    }
    world.reactor.block_on(sleep(&world.reactor, Duration::from_secs(1))); // the role is free
}

#[test]
fn what_was_reported_before_an_error_or_a_panic_is_delivered() {
    for world in World::both() {
        let object = world.object(1);
        for fault in [broken(), Fault::TurnPanics("a turn that panics, as this test wants")] {
            let (count, waker) = Count::new();
            let cx = &mut Context::from_waker(&waker);
            let blocks = |_: &Object| Err::<(), _>(ErrorKind::WouldBlock.into());
            assert!(object.poll_io(Direction::Read, cx, blocks).is_pending());
            let mut timer = Deadline::after_in(Duration::from_secs(1), &world.reactor);
            assert!(timer.poll(cx).is_pending());
            world.advance(Duration::from_secs(1));
            world.happen(1, Directions::READ);
            world.fail(fault);
            let turn = catch_unwind(AssertUnwindSafe(|| world.reactor.poll_once()));
            assert!(!matches!(turn, Ok(Ok(_))));
            assert_eq!(count.wakes(), 2, "the event, and the timer that was due");
        }
    }
}

#[test]
fn an_interrupted_turn_is_an_empty_one_and_retried() {
    let world = World::edge();
    let object = world.object(1);
    for _ in 0..3 {
        world.fail(Fault::Turn(ErrorKind::Interrupted.into()));
    }
    assert!(!world.reactor.poll_once().unwrap());
    world.happen(1, Directions::READ);
    world.calls();
    world.reactor.block_on(sleep(&world.reactor, Duration::from_secs(1)));
    let turns = |call: &Call| matches!(call, Call::Turn(_));
    assert_eq!(world.calls().into_iter().filter(turns).count(), 3, "two in vain, one for the time");
    drop(object);
}

/// A driver fails while another thread is parked, which has to take over; what the driver met.
fn another_takes_over<T: Send>(fault: Fault, driver: impl FnOnce(&World) -> T + Send) -> T {
    let world = World::by_hand();
    let object = world.object(1);
    thread::scope(|scope| {
        let failing = scope.spawn(|| driver(&world));
        let failed = world.until_asleep();
        let other = scope.spawn(|| world.reactor.block_on(object.ready(Direction::Read)));
        let other_id = other.thread().id();
        world.fail(fault);
        let met = failing.join().expect("it catches its panic");
        assert_ne!(failed, other_id);
        until(|| world.until_asleep() == other_id);
        world.happen(1, Directions::READ);
        other.join().expect("its wait ends").expect("without an error");
        met
    })
}

#[test]
fn when_turn_fails_the_role_is_released_and_another_thread_takes_over() {
    let error = another_takes_over(broken(), |world| world.reactor.drive().unwrap_err());
    assert_eq!(error.raw_os_error(), Some(BROKEN));
}

#[test]
fn when_turn_panics_the_role_is_released_and_the_panic_goes_to_the_drivers_caller() {
    let fault = Fault::TurnPanics("a turn that panics, as this test wants");
    let told = another_takes_over(fault, |world| {
        let drive = AssertUnwindSafe(|| world.reactor.drive());
        let told = message(&*catch_unwind(drive).unwrap_err());
        // This thread is as before: what is called on it now is no waker.
        assert!(!world.reactor.poll_once().unwrap());
        told
    });
    assert_eq!(told, "a turn that panics, as this test wants");
}

#[test]
fn events_of_sources_that_nobody_knows_do_no_harm() {
    for world in World::both() {
        let (stranger, object) = (World::edge(), world.object(1));
        let foreign = stranger.object(1);
        let (count, waker) = Count::new();
        assert!(poll_ready(&object, Direction::Read, &waker).is_pending());
        let never_registered = world.object(2);
        let gone = Arc::clone(world.object(3).source());
        for source in [foreign.source(), never_registered.source(), &gone] {
            for ready in [Directions::NONE, Directions::BOTH] {
                let (source, closed) = (Arc::clone(source), Directions::BOTH);
                world.report(Event { source, ready, closed, disarmed: true });
            }
        }
        world.turn();
        assert_eq!(count.wakes(), 0);
        world.happen(1, Directions::READ);
        world.turn();
        assert_eq!(count.wakes(), 1);
    }
}

#[test]
fn events_twice_the_same_or_for_no_reason_cost_a_needless_wake_up() {
    for world in World::both() {
        let object = world.object(1);
        let mut attempts = 0;
        let (count, waker) = Count::new();
        let cx = &mut Context::from_waker(&waker);
        for round in 1..=3 {
            let result = object.poll_io(Direction::Read, cx, |_| {
                attempts += 1;
                Err::<(), _>(ErrorKind::WouldBlock.into())
            });
            assert!(result.is_pending());
            for _ in 0..2 {
                let (ready, closed) = (Directions::READ, Directions::NONE);
                let source = Arc::clone(object.source());
                world.report(Event { source, ready, closed, disarmed: false });
            }
            world.turn();
            assert_eq!((count.wakes(), attempts), (round, round));
        }
    }
}

#[test]
fn an_event_that_reports_nothing_but_the_end_is_one() {
    for world in World::both() {
        let object = world.object(1);
        let (count, waker) = Count::new();
        let cx = &mut Context::from_waker(&waker);
        let read = |cx: &mut Context<'_>, end: bool| {
            object.poll_io(Direction::Read, cx, |_| match end {
                true => Ok(0),
                false => Err(ErrorKind::WouldBlock.into()),
            })
        };
        assert!(read(cx, false).is_pending());
        let (ready, closed) = (Directions::NONE, Directions::READ);
        world.report(Event { source: Arc::clone(object.source()), ready, closed, disarmed: false });
        world.turn();
        assert_eq!(count.wakes(), 1);
        assert!(read(cx, true).is_ready());
    }
}

#[test]
fn a_turn_that_returns_for_nothing_is_followed_by_another() {
    let world = World::by_hand();
    let object = world.object(1);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| world.reactor.block_on(object.ready(Direction::Read)));
        for _ in 0..10 {
            world.until_asleep();
            world.disturb();
        }
        world.until_asleep();
        world.happen(1, Directions::READ);
        waiter.join().unwrap().unwrap();
    });
}

#[test]
fn virtual_objects_and_time_need_no_system() {
    let world = World::edge();
    let object = world.object(u64::MAX);
    let begin = world.reactor.now();
    assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
    world.reactor.block_on(async {
        sleep(&world.reactor, Duration::from_secs(3600)).await;
        assert!(world.reactor.now() - begin >= Duration::from_secs(3600));
        world.happen(u64::MAX, Directions::READ);
        object.ready(Direction::Read).await.unwrap();
    });
}

#[test]
fn the_system_refuses_virtual_objects() {
    let object = Registration::new_in(Object(1), crate::tools::system());
    let std::task::Poll::Ready(Err(error)) = poll_ready(&object, Direction::Read, Waker::noop())
    else {
        panic!("there is no such object")
    };
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

/// What a decorator does to the events of each turn.
type Change = Box<dyn FnMut(&mut Vec<Event>) + Send>;

struct Decorated {
    inner: Arc<Reactor<crate::lab::Lab>>,
    change: Mutex<Change>,
}

impl GlobalReactor for Decorated {
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
        self.inner.backend().turn(timeout, ready)?;
        (self.change.lock().expect("nothing panics"))(ready.events());
        Ok(())
    }
    fn notify(&self) {
        self.inner.backend().notify();
    }
    fn now(&self) -> Instant {
        self.inner.backend().now()
    }
}

#[test]
fn a_decorator_sees_and_may_change_every_event() {
    let world = World::edge();
    let mut kept = Vec::new();
    let change: Change = Box::new(move |events| {
        // Each event comes a turn late, and says that both directions are ready.
        std::mem::swap(&mut kept, events);
        events.iter_mut().for_each(|event| event.ready = Directions::BOTH);
    });
    let inner = Arc::clone(&world.typed);
    let decorated =
        Handle::from(Arc::new(Reactor::new(Decorated { inner, change: Mutex::new(change) })));
    let object = Registration::new_in(Object(1), &decorated);
    let (count, waker) = Count::new();
    assert!(poll_ready(&object, Direction::Write, &waker).is_pending());
    world.happen(1, Directions::READ);
    decorated.poll_once().unwrap();
    assert_eq!(count.wakes(), 0);
    decorated.poll_once().unwrap();
    assert_eq!(count.wakes(), 1);
}

/// Counts the calls of each method.
#[derive(Default)]
struct Tally([AtomicUsize; 8]);

impl GlobalReactor for Tally {
    fn register(&self, _: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
        self.0[0].fetch_add(1, SeqCst);
        Ok(())
    }
    fn rearm(&self, _: BorrowedIo<'_>, _: &Arc<Source>, _: Directions) -> io::Result<()> {
        self.0[1].fetch_add(1, SeqCst);
        Ok(())
    }
    fn deregister(&self, _: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
        self.0[2].fetch_add(1, SeqCst);
        Ok(())
    }
    fn turn(&self, _: Option<Duration>, _: &mut ReadyList) -> io::Result<()> {
        self.0[3].fetch_add(1, SeqCst);
        Ok(())
    }
    fn notify(&self) {
        self.0[4].fetch_add(1, SeqCst);
    }
    fn now(&self) -> Instant {
        self.0[5].fetch_add(1, SeqCst);
        Instant::now()
    }
    fn pollable(&self) -> Option<BorrowedIo<'_>> {
        self.0[6].fetch_add(1, SeqCst);
        Some(BorrowedIo::virtual_object(7))
    }
    fn observe(&self, _: Observation<'_>) -> bool {
        self.0[7].fetch_add(1, SeqCst) == 0
    }
}

#[test]
fn the_trait_is_implemented_for_pointers_and_each_forwards_every_method() {
    fn every_method<B: GlobalReactor + 'static>(backend: B) {
        let reactor = Handle::from(Arc::new(Reactor::new(backend)));
        let object = Registration::new_in(Object(1), &reactor);
        assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
        drop(object);
        reactor.backend().notify();
        let pollable = reactor.backend().pollable().expect("this one has one");
        assert_eq!(pollable.as_virtual(), Some(7));
        reactor.now();
        reactor.poll_once().unwrap();
        assert!(!reactor.backend().observe(Observation::Parks), "its own answer");
    }
    static BY_REFERENCE: LazyLock<Tally> = LazyLock::new(Tally::default);
    static LAZY: LazyLock<Tally> = LazyLock::new(Tally::default);
    let seen = |tally: &Tally| tally.0.iter().all(|calls| calls.load(SeqCst) > 0);

    every_method::<&'static Tally>(&BY_REFERENCE);
    assert!(seen(&BY_REFERENCE), "&T");
    let shared = Arc::new(Tally::default());
    every_method::<Arc<Tally>>(Arc::clone(&shared));
    assert!(seen(&shared), "Arc<T>");
    let shared = Arc::new(Tally::default());
    every_method::<Box<dyn GlobalReactor>>(Box::new(Arc::clone(&shared)));
    assert!(seen(&shared), "Box<T>");
    every_method::<&'static LazyLock<Tally>>(&LAZY);
    assert!(seen(&LAZY), "LazyLock<T>");
}

#[test]
fn a_reactor_of_any_backend_coerces_to_a_reactor_in_statics_too() {
    static SYSTEM: Reactor<System> = Reactor::new(System::new());
    static COERCED: &Reactor = &SYSTEM;
    static LAZY: LazyLock<Reactor<Box<dyn GlobalReactor>>> =
        LazyLock::new(|| Reactor::new(Box::new(System::new())));
    let shared: Arc<Reactor> = Arc::new(Reactor::new(System::new()));
    for reactor in [Handle::from(COERCED), Handle::from(&*LAZY), Handle::from(shared)] {
        reactor.block_on(sleep(&reactor, Duration::from_millis(1)));
    }
}

#[test]
fn a_busy_future_turns_without_waiting_every_61_polls_and_not_at_all_without_sources() {
    let world = World::edge();
    let busy = |polls: u32| {
        let mut left = polls;
        world.reactor.block_on(std::future::poll_fn(|cx| {
            left -= 1;
            cx.waker().wake_by_ref();
            if left == 0 { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        }));
        world.calls()
    };
    assert_eq!(busy(1000), []);
    let object = world.object(1);
    assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
    world.calls();
    assert_eq!(busy(1000), [Call::Turn(Some(Duration::ZERO)); 1000 / 61]);
    drop(object);
    world.calls();
    assert_eq!(busy(1000), []);
    let mut timer = Deadline::after_in(Duration::from_secs(1), &world.reactor);
    assert!(timer.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(busy(61 * 3).len(), 2, "polls 61 and 122; the last one is the end");
}

#[test]
fn a_turn_waits_for_ever_if_there_is_no_deadline() {
    let world = World::by_hand();
    thread::scope(|scope| {
        let (driver, unparker) = one_that_parks(scope, &world.reactor);
        world.until_asleep();
        assert_eq!(world.calls(), [Call::Turn(None)]);
        unparker.unpark();
        driver.join().unwrap();
    });
}
