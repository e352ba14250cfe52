//! Which reactor: the one given, the one entered, the one set, or the default. (Programs that
//! declare one, or two, are tests of their own: `declared.rs`, `two_declared.rs`.)

use std::io::ErrorKind;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::thread;

use mini_reactor::{
    Deadline, Direction, Directions, Handle, Parker, Reactor, Registration, System, block_on,
    global, set_global,
};

use crate::lab::Object;
use crate::tools::{Count, poll_ready, succeeds_in_a_process};
use crate::world::World;

static OTHER: Reactor<System> = Reactor::new(System::new());

fn is(one: &Handle, other: &Reactor) -> bool {
    std::ptr::addr_eq::<Reactor, Reactor>(&**one, other)
}

#[test]
fn without_a_choice_the_global_reactor_is_system_and_constant() {
    let foreign = poll_ready(&Registration::new(Object(1)), Direction::Read, Waker::noop());
    let Poll::Ready(Err(error)) = foreign else { panic!("the system knows no such object") };
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(is(&Handle::current(), global()));
    assert!(is(Registration::new(Object(1)).reactor(), global()));
    assert!(is(Deadline::after(std::time::Duration::ZERO).reactor(), global()));
    block_on(async { assert!(is(&Handle::current(), global())) });
}

#[test]
fn set_global_before_the_first_use_chooses() {
    succeeds_in_a_process("selection::set_global_before_the_first_use_chooses", || {
        set_global(&OTHER).unwrap();
        assert!(is(&Handle::from(&OTHER), global()));
        assert!(is(Registration::new(Object(1)).reactor(), &OTHER));
        block_on(async { assert!(is(&Handle::current(), &OTHER)) });
        let error = set_global(&OTHER).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists, "set already");
    });
}

#[test]
fn set_global_after_the_first_use_is_an_error() {
    succeeds_in_a_process("selection::set_global_after_the_first_use_is_an_error", || {
        let before = global();
        let error = set_global(&OTHER).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert!(is(&Handle::from(before), global()), "constant from the first call on");
    });
}

#[test]
fn set_global_of_many_threads_at_once_succeeds_once() {
    succeeds_in_a_process("selection::set_global_of_many_threads_at_once_succeeds_once", || {
        let successes: usize = thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| usize::from(set_global(&OTHER).is_ok()))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(successes, 1);
        assert!(is(&Handle::current(), &OTHER));
    });
}

#[test]
fn the_one_given_goes_before_the_one_entered_and_that_before_the_global_one() {
    let (entered, given) = (World::edge(), World::edge());
    let _guard = entered.reactor.enter();
    assert!(is(&Handle::current(), &entered.reactor));
    assert!(is(Registration::new(Object(1)).reactor(), &entered.reactor));
    assert!(is(Deadline::new(entered.reactor.now()).reactor(), &entered.reactor));
    assert!(is(Parker::new(Handle::current()).reactor(), &entered.reactor));
    assert!(is(Registration::new_in(Object(1), &given.reactor).reactor(), &given.reactor));
    let timer = Deadline::new_in(given.reactor.now(), &given.reactor);
    assert!(is(timer.reactor(), &given.reactor));
}

#[test]
fn enter_nests() {
    let (one, two) = (World::edge(), World::edge());
    let outer = one.reactor.enter();
    {
        let _inner = two.reactor.enter();
        assert!(is(&Handle::current(), &two.reactor));
        let _again = one.reactor.enter();
        assert!(is(&Handle::current(), &one.reactor));
    }
    assert!(is(&Handle::current(), &one.reactor));
    drop(outer);
    assert!(is(&Handle::current(), global()));
}

#[test]
fn guards_dropped_in_any_order_leave_the_last_one_entered_that_lives() {
    let worlds = [1, 2, 3].map(|_| World::edge());
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for order in orders {
        let mut guards = worlds.each_ref().map(|world| Some(world.reactor.enter()));
        for leaves in order {
            guards[leaves] = None;
            let left = (0..3).rev().find(|at| guards[*at].is_some());
            let expected = left.map_or(global(), |at| &*worlds[at].reactor);
            assert!(is(&Handle::current(), expected), "{order:?}");
            // What is entered meanwhile comes on top.
            let meanwhile = OTHER.enter();
            assert!(is(&Handle::current(), &OTHER));
            drop(meanwhile);
            assert!(is(&Handle::current(), expected), "{order:?}");
        }
    }
    for world in worlds {
        let users = Arc::strong_count(&world.typed);
        assert_eq!(users, 2, "only the test's own: nothing stays entered");
    }
}

#[test]
fn enter_is_per_thread() {
    let world = World::edge();
    let _guard = world.reactor.enter();
    thread::spawn(|| assert!(is(&Handle::current(), global()))).join().unwrap();
}

#[test]
fn block_on_enters_and_leaves_also_by_a_panic() {
    let world = World::edge();
    world.reactor.block_on(async { assert!(is(&Handle::current(), &world.reactor)) });
    assert!(is(&Handle::current(), global()));
    let panics = std::panic::AssertUnwindSafe(|| {
        world.reactor.block_on(async { panic!("a future that panics, as this test wants") })
    });
    assert!(std::panic::catch_unwind(panics).is_err());
    assert!(is(&Handle::current(), global()));
}

#[test]
fn an_object_keeps_the_reactor_it_was_made_with_wherever_it_is_polled() {
    let (made, polled) = (World::edge(), World::edge());
    let object = {
        let _guard = made.reactor.enter();
        Registration::new(Object(1))
    };
    thread::scope(|scope| {
        let (object, polled) = (object, &polled);
        scope.spawn(move || {
            let _guard = polled.reactor.enter();
            assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
        });
    });
    assert!(!made.calls().is_empty());
    assert_eq!(polled.calls(), []);
}

#[test]
fn a_counted_reactor_ends_with_its_last_user() {
    let world = World::edge();
    let weak = Arc::downgrade(&world.typed);
    let object = world.object(1);
    let timer = Deadline::new_in(world.reactor.now(), &world.reactor);
    let parker = Parker::new(&world.reactor);
    let entered = world.reactor.enter();
    world.reactor.block_on(async {});
    drop(world);
    for user in [
        Box::new(object) as Box<dyn std::any::Any>,
        Box::new(timer),
        Box::new(parker),
        Box::new(entered),
    ] {
        assert!(weak.upgrade().is_some());
        drop(user);
    }
    assert!(weak.upgrade().is_none());
}

#[test]
fn several_reactors_coexist_and_know_nothing_of_each_other() {
    let worlds = [1, 2].map(|_| World::edge());
    let objects = worlds.each_ref().map(|world| world.object(7));
    let counts = objects.each_ref().map(|object| {
        let (count, waker) = Count::new();
        assert!(poll_ready(object, Direction::Read, &waker).is_pending());
        count
    });
    worlds[1].happen(7, Directions::READ);
    worlds.iter().for_each(World::turn);
    assert_eq!(counts.map(|count| count.wakes()), [0, 1]);
}
