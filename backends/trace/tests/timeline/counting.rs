//! The counters are exact.

use std::collections::BTreeMap;
use std::task::{Context, Waker};
use std::time::Duration;

use mini_reactor::{Deadline, Direction, Directions, GlobalReactor};
use mini_reactor_trace::Kind;

use crate::virtual_backend::{World, wait};

/// Asserts that these, and nothing else, were counted.
fn assert_counts(world: &World, expected: &[(Kind, u64)]) {
    let mut counts = world.trace().counts();
    counts.retain(|_, count| *count > 0);
    assert_eq!(counts, BTreeMap::from_iter(expected.iter().copied()));
}

#[test]
fn a_trace_that_did_nothing_has_counted_nothing() {
    let world = World::new();
    assert_counts(&world, &[]);
    assert_eq!(world.trace().asleep(), Duration::ZERO);
}

#[test]
fn the_life_of_a_source() {
    let world = World::new();
    let object = world.object(1);
    assert!(wait(&object, Direction::Read).is_pending());
    assert!(wait(&object, Direction::Write).is_pending());
    world.inner().report(1, Directions::BOTH, Directions::READ);
    world.reactor.poll_once().unwrap();
    assert!(wait(&object, Direction::Read).is_ready());
    world.inner().report(1, Directions::READ, Directions::NONE);
    world.reactor.poll_once().unwrap();
    world.reactor.poll_once().unwrap();
    drop(object);
    let expected = [
        (Kind::Registers, 1),
        (Kind::Rearms, 2),
        (Kind::Deregisters, 1),
        (Kind::Waits, 2),
        (Kind::Readable, 2),
        (Kind::Writable, 1),
        (Kind::Wakes, 2),
        (Kind::TurnBegins, 3),
        (Kind::TurnEnds, 2),
        (Kind::TurnEndsEmpty, 1),
    ];
    assert_counts(&world, &expected);
}

#[test]
fn what_reached_its_end_counts_as_ready_whatever_the_event_says() {
    let world = World::new();
    let object = world.object(1);
    assert!(wait(&object, Direction::Read).is_pending());
    world.inner().report(1, Directions::NONE, Directions::READ);
    world.reactor.poll_once().unwrap();
    assert!(wait(&object, Direction::Read).is_ready());
    let counts = world.trace().counts();
    assert_eq!((counts[&Kind::Readable], counts[&Kind::Writable], counts[&Kind::Wakes]), (1, 0, 1));
}

#[test]
fn timers_and_the_time_asleep() {
    let world = World::new();
    let cx = &mut Context::from_waker(Waker::noop());
    let ms = |ms| Deadline::after_in(Duration::from_millis(ms), &world.reactor);
    let mut timers = [ms(5), ms(5), ms(9)];
    for timer in &mut timers {
        assert!(timer.poll(cx).is_pending());
    }
    world.reactor.block_on(std::future::poll_fn(|cx| timers[0].poll(cx)));
    drop(timers);
    let expected = [
        (Kind::TimerSet, 3),
        (Kind::TimersExpire, 2),
        (Kind::TimerDropped, 1),
        (Kind::TurnBegins, 1),
        (Kind::TurnEndsEmpty, 1),
    ];
    assert_counts(&world, &expected);
    assert_eq!(world.trace().asleep(), Duration::from_millis(5), "by the backend's clock");
    world.reactor.poll_once().unwrap();
    assert_eq!(world.trace().asleep(), Duration::from_millis(5), "this one did not wait");
}

#[test]
fn errors_and_notifies() {
    let world = World::new();
    world.inner().fail(28);
    let object = world.object(1);
    assert!(wait(&object, Direction::Read).is_ready());
    world.inner().fail(5);
    assert_eq!(world.reactor.poll_once().unwrap_err().raw_os_error(), Some(5));
    world.trace().notify();
    assert_eq!(world.inner().notifies(), 1);
    let expected = [
        (Kind::Registers, 1),
        (Kind::Fails, 2),
        (Kind::TurnBegins, 1),
        (Kind::TurnEndsEmpty, 1),
        (Kind::Notifies, 1),
    ];
    assert_counts(&world, &expected);
}

#[test]
fn counters_are_the_same_while_recording() {
    let life = |records: Option<usize>| {
        let world = World::new();
        records.into_iter().for_each(|records| world.trace().start(records));
        let object = world.object(1);
        for _ in 0..10 {
            assert!(wait(&object, Direction::Read).is_pending());
            world.inner().report(1, Directions::READ, Directions::NONE);
            world.reactor.poll_once().unwrap();
            assert!(wait(&object, Direction::Read).is_ready());
            object.source().tick(Direction::Read);
            let again = |_: &_| std::io::Result::<()>::Err(std::io::ErrorKind::WouldBlock.into());
            let cx = &mut Context::from_waker(Waker::noop());
            assert!(object.poll_io(Direction::Read, cx, again).is_pending());
        }
        drop(object);
        world.trace().counts()
    };
    assert_eq!(life(None), life(Some(1)));
    assert_eq!(life(None), life(Some(1000)));
}

#[test]
fn counters_print_with_their_names() {
    let world = World::new();
    world.reactor.poll_once().unwrap();
    let text = format!("{:?}", world.trace().counts());
    assert!(text.contains("TurnEndsEmpty: 1") && text.contains("HandedOver: 0"), "{text}");
}
