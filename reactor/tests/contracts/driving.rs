//! One thread's sleep: `Parker`, `block_on`, and what a wake costs.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use mini_reactor::{Direction, Directions, Parker};

use crate::lab::Call;
use crate::tools::{one_that_parks, poll_ready, sleep, system};
use crate::world::World;

#[test]
fn an_unpark_before_the_park_ends_it_at_once() {
    let world = World::by_hand();
    let parker = Parker::new(&world.reactor);
    parker.unparker().unpark();
    parker.unparker().unpark();
    parker.park(|| true).unwrap();
    assert_eq!(world.calls(), [], "no turn, and a wake of a thread that is awake calls nobody");
}

/// Does not compile if a `Parker` can be sent: of two ways to call `is`, none is the obvious one
/// then.
#[test]
fn a_parker_stays_on_its_thread() {
    trait Either<A> {
        fn is() {}
    }
    impl<T> Either<()> for T {}
    impl<T: Send> Either<u8> for T {}
    <Parker as Either<_>>::is();
    fn can_be_sent<T: Send + Sync>() {}
    can_be_sent::<mini_reactor::Unparker>();
}

#[test]
fn each_of_the_three_ways_to_wake_a_parker_does() {
    let world = World::by_hand();
    let parker = Parker::new(&world.reactor);
    let ways: [&dyn Fn(); 4] = [
        &|| parker.unparker().unpark(),
        &|| parker.waker().wake_by_ref(),
        &|| Waker::from(parker.unparker()).wake(),
        &|| parker.unparker().clone().unpark(),
    ];
    for wake in ways {
        wake();
        parker.park(|| true).unwrap();
    }
    assert_eq!(world.calls(), []);
}

#[test]
fn idle_is_asked_before_the_turn_and_again_after_each() {
    let world = World::edge();
    let parker = Parker::new(&world.reactor);
    parker.park(|| false).unwrap();
    assert_eq!(world.calls(), [], "work that came before is found before the turn");

    let object = world.object(1);
    assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
    world.happen(1, Directions::READ);
    world.calls();
    let asked = Cell::new(0);
    let idle = || {
        asked.set(asked.get() + 1);
        asked.get() < 2
    };
    parker.park(idle).unwrap();
    assert_eq!(asked.get(), 2);
    assert_eq!(world.calls(), [Call::Turn(None)]);
}

#[test]
fn a_wake_from_within_idle_is_not_lost() {
    let world = World::by_hand();
    let parker = Parker::new(&world.reactor);
    parker
        .park(|| {
            parker.unparker().unpark();
            true
        })
        .unwrap();
}

#[test]
fn many_wakes_of_a_sleeping_thread_are_one_notify() {
    let world = World::by_hand();
    thread::scope(|scope| {
        let (sleeper, unparker) = one_that_parks(scope, &world.reactor);
        world.until_asleep();
        world.calls();
        for _ in 0..1000 {
            unparker.unpark();
        }
        sleeper.join().unwrap();
        assert_eq!(world.notifies(), 1);
    });
}

#[test]
fn turn_does_not_wait_and_does_nothing_without_sources() {
    let world = World::by_hand();
    let parker = Parker::new(&world.reactor);
    assert!(!parker.turn().unwrap());
    assert_eq!(world.calls(), []);
    let object = world.object(1);
    assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
    world.calls();
    assert!(parker.turn().unwrap());
    assert_eq!(world.calls(), [Call::Turn(Some(Duration::ZERO))]);
}

#[test]
fn block_on_inside_block_on_works() {
    for reactor in [World::edge().reactor.clone(), system()] {
        reactor.block_on(async {
            sleep(&reactor, Duration::from_millis(1)).await;
            let inner = reactor.block_on(async {
                sleep(&reactor, Duration::from_millis(1)).await;
                reactor.block_on(async { 42 })
            });
            assert_eq!(inner, 42);
            sleep(&reactor, Duration::from_millis(1)).await;
        });
    }
}

#[test]
fn block_on_of_another_reactor_inside_block_on_works() {
    let (outer, inner) = (World::edge(), World::edge());
    outer.reactor.block_on(async {
        inner.reactor.block_on(sleep(&inner.reactor, Duration::from_secs(2)));
        sleep(&outer.reactor, Duration::from_secs(1)).await;
    });
    assert!(inner.elapsed() >= Duration::from_secs(2));
    assert!(outer.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_panic_of_the_future_leaves_the_reactor_as_it_was() {
    let world = World::edge();
    let panics = std::panic::AssertUnwindSafe(|| {
        world.reactor.block_on(async {
            sleep(&world.reactor, Duration::from_secs(1)).await;
            panic!("a future that panics, as this test wants");
        })
    });
    assert!(std::panic::catch_unwind(panics).is_err());
    world.reactor.block_on(sleep(&world.reactor, Duration::from_secs(1)));
}

#[test]
fn a_future_that_wakes_itself_is_polled_again_without_a_turn() {
    let world = World::by_hand();
    let mut left = 10;
    world.reactor.block_on(poll_fn(|cx| {
        left -= 1;
        cx.waker().wake_by_ref();
        if left == 0 { Poll::Ready(()) } else { Poll::Pending }
    }));
    assert_eq!(world.calls(), []);
}
