//! The end of a thread and of the process: destructors of thread-locals may use a reactor, statics
//! may hold what waits, and nothing is joined at exit.

use std::cell::RefCell;
use std::sync::{Arc, LazyLock, Mutex, mpsc};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use mini_reactor::{
    Deadline, Direction, Directions, Handle, Reactor, Registration, System, global,
};

use crate::lab::{Call, Object};
use crate::tools::{Count, in_a_process, poll_ready, sleep, succeeds_in_a_process, system};
use crate::world::World;

/// Runs something when the thread has begun to lose its locals.
struct AtTheEnd(RefCell<Option<Box<dyn FnOnce()>>>);

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        if let Some(run) = self.0.take() {
            run();
        }
    }
}

/// Runs `run` in a destructor of a thread-local of a thread. The core's own locals are there before
/// it if `used`, so that they go after it or before it.
fn at_the_end_of_a_thread(used: bool, run: impl FnOnce() + Send + 'static) {
    thread_local! {
        static LAST: AtTheEnd = const { AtTheEnd(RefCell::new(None)) };
    }
    static STATIC: Reactor<System> = Reactor::new(System::new());
    let (tx, rx) = mpsc::channel();
    let thread = thread::spawn(move || {
        if used {
            STATIC.block_on(sleep(&Handle::from(&STATIC), Duration::from_millis(1)));
        }
        let run = move || {
            run();
            tx.send(()).expect("somebody waits for this");
        };
        LAST.with(|last| *last.0.borrow_mut() = Some(Box::new(run)));
        if !used {
            STATIC.block_on(sleep(&Handle::from(&STATIC), Duration::from_millis(1)));
        }
    });
    rx.recv().expect("the destructor ran to its end");
    thread.join().expect("it catches nothing");
}

#[test]
fn block_on_works_in_destructors_of_thread_locals() {
    for used in [false, true] {
        at_the_end_of_a_thread(used, || {
            for reactor in [Handle::from(global()), system(), World::edge().reactor.clone()] {
                reactor.block_on(sleep(&reactor, Duration::from_millis(1)));
                reactor.block_on(async { assert!(is(&Handle::current(), &reactor)) });
            }
        });
    }
}

fn is(one: &Handle, other: &Handle) -> bool {
    std::ptr::addr_eq::<Reactor, Reactor>(&**one, &**other)
}

#[test]
fn enter_works_in_destructors_of_thread_locals() {
    for used in [false, true] {
        at_the_end_of_a_thread(used, || {
            let world = World::edge();
            assert!(is(&Handle::current(), &Handle::from(global())));
            let guard = world.reactor.enter();
            assert!(is(&Handle::current(), &world.reactor));
            drop(guard);
            assert!(is(&Handle::current(), &Handle::from(global())));
        });
    }
}

#[test]
fn a_guard_in_a_thread_local_is_dropped_with_it() {
    thread_local! {
        static GUARD: RefCell<Option<mini_reactor::Entered>> = const { RefCell::new(None) };
    }
    let world = World::edge();
    let (reactor, weak) = (world.reactor.clone(), Arc::downgrade(&world.typed));
    drop(world);
    thread::spawn(move || GUARD.set(Some(reactor.enter()))).join().unwrap();
    assert!(weak.upgrade().is_none(), "a thread that has ended has entered nothing");
}

#[test]
fn registrations_and_timers_may_be_made_waited_for_and_dropped_in_destructors_of_thread_locals() {
    for used in [false, true] {
        let world = World::edge();
        let (count, waker) = Count::new();
        let object = world.object(1);
        let mut timer = Deadline::after_in(Duration::from_secs(1), &world.reactor);
        assert!(poll_ready(&object, Direction::Read, &waker).is_pending());
        assert!(timer.poll(&mut Context::from_waker(&waker)).is_pending());
        let world = Arc::new(world);
        let there = Arc::clone(&world);
        at_the_end_of_a_thread(used, move || {
            drop((object, timer));
            let object = there.object(2);
            assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
            there.happen(2, Directions::READ);
            there.reactor.block_on(object.ready(Direction::Read)).unwrap();
            there.reactor.block_on(sleep(&there.reactor, Duration::from_secs(1)));
        });
        assert_eq!((count.wakes(), count.kept(1)), (1, 0));
        assert_eq!(world.reactor.next_deadline(), None);
        assert!(world.calls().contains(&Call::Deregister(2)));
    }
}

#[test]
fn a_thread_that_ends_leaves_no_user_of_a_counted_reactor() {
    let world = World::edge();
    let (reactor, weak) = (world.reactor.clone(), Arc::downgrade(&world.typed));
    thread::spawn(move || reactor.block_on(sleep(&reactor, Duration::from_secs(1))))
        .join()
        .unwrap();
    drop(world);
    assert!(weak.upgrade().is_none());
}

#[test]
fn exit_with_live_wakers_registrations_and_drivers_joins_nothing() {
    let name = "endings::exit_with_live_wakers_registrations_and_drivers_joins_nothing";
    let output = in_a_process(name, || {
        static SYSTEM: Reactor<System> = Reactor::new(System::new());
        static HELD: LazyLock<Registration<Object>> =
            LazyLock::new(|| Registration::new_in(Object(1), Handle::from(&SYSTEM)));
        static TIMERS: Mutex<Vec<Deadline>> = Mutex::new(Vec::new());
        let lent = thread::spawn(|| SYSTEM.drive());
        let blocked = thread::spawn(|| SYSTEM.block_on(std::future::pending::<()>()));
        let (_count, waker) = Count::new();
        drop(poll_ready(&HELD, Direction::Read, &waker)); // refused: the system has no such object
        let mut timer = Deadline::after_in(Duration::from_secs(3600), &SYSTEM);
        assert!(timer.poll(&mut Context::from_waker(&waker)).is_pending());
        TIMERS.lock().unwrap().push(timer);
        SYSTEM.block_on(sleep(&Handle::from(&SYSTEM), Duration::from_millis(5)));
        assert!(!lent.is_finished() && !blocked.is_finished());
        std::process::exit(42);
    });
    if let Some(output) = output {
        assert_eq!(output.status.code(), Some(42), "{output:?}");
    }
}

#[test]
fn a_static_registration_and_a_return_from_main_are_fine() {
    let name = "endings::a_static_registration_and_a_return_from_main_are_fine";
    succeeds_in_a_process(name, || {
        static WORLD: LazyLock<World> = LazyLock::new(World::edge);
        static HELD: LazyLock<Registration<Object>> = LazyLock::new(|| WORLD.object(1));
        assert!(poll_ready(&HELD, Direction::Read, Waker::noop()).is_pending());
        WORLD.happen(1, Directions::READ);
        WORLD.reactor.block_on(HELD.ready(Direction::Read)).unwrap();
    });
}

#[test]
fn a_forgotten_registration_timer_or_future_leaks_and_no_more() {
    let world = World::edge();
    let (count, waker) = Count::new();
    let object = world.object(1);
    let mut timer = Deadline::after_in(Duration::from_secs(1), &world.reactor);
    assert!(timer.poll(&mut Context::from_waker(&waker)).is_pending());
    {
        let mut ready = Box::pin(object.ready(Direction::Read));
        assert!(ready.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let _leaked = std::mem::ManuallyDrop::new(ready);
    }
    let _leaked = std::mem::ManuallyDrop::new((object, timer));
    world.happen(1, Directions::READ);
    world.turn();
    assert_eq!(count.wakes(), 1, "a wake-up of nobody");
    world.advance(Duration::from_secs(1));
    world.turn();
    assert_eq!((count.wakes(), count.kept(1)), (2, 0));
}
