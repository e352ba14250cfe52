//! A recording begins and ends at run time, has what happened in between, and is bounded.

use std::task::{Context, Waker};
use std::time::Duration;

use mini_reactor::{Deadline, Direction, Directions, GlobalReactor};
use mini_reactor_trace::{Kind, Record, Recording};

use crate::virtual_backend::{World, wait};

/// Without times and threads.
fn what(recording: &Recording) -> Vec<(Kind, u64, u64)> {
    recording.records.iter().map(|record| (record.kind, record.subject, record.value)).collect()
}

#[test]
fn there_is_none_that_was_not_begun() {
    let world = World::new();
    world.trace().notify();
    assert!(world.trace().stop().is_none());
    world.trace().start(10);
    assert!(world.trace().stop().is_some());
    assert!(world.trace().stop().is_none());
}

#[test]
fn it_has_what_happened_between_start_and_stop() {
    let world = World::new();
    world.trace().notify();
    world.trace().start(100);
    let object = world.object(7);
    let id = object.source().id() as u64;
    assert!(wait(&object, Direction::Read).is_pending());
    world.inner().report(7, Directions::BOTH, Directions::READ);
    world.reactor.poll_once().unwrap();
    let recording = world.trace().stop().unwrap();
    drop(object);
    let expected = [
        (Kind::Registers, id, 0),
        (Kind::Waits, id, 1),
        (Kind::Rearms, id, 1),
        (Kind::TurnBegins, 0, 0),
        (Kind::Readable, id, 1),
        (Kind::Writable, id, 0),
        (Kind::TurnEnds, 0, 1),
        (Kind::Wakes, id, 1),
    ];
    assert_eq!(what(&recording), expected);
    assert_eq!(recording.sources.into_iter().collect::<Vec<_>>(), [(id, "virtual 7".to_owned())]);
    let this = std::thread::current().id();
    assert!(recording.records.iter().all(|record| record.thread.id() == this));
    assert_eq!(recording.dropped, 0);
    assert_eq!(world.trace().counts()[&Kind::Deregisters], 1, "counting goes on");
}

#[test]
fn times_are_the_backends_and_begin_with_the_recording() {
    let world = World::new();
    world.inner().pass(Duration::from_secs(1));
    world.trace().start(100);
    let cx = &mut Context::from_waker(Waker::noop());
    let mut timer = Deadline::after_in(Duration::from_millis(3), &world.reactor);
    assert!(timer.poll(cx).is_pending());
    world.inner().pass(Duration::from_millis(1));
    world.reactor.block_on(std::future::poll_fn(|cx| timer.poll(cx)));
    let recording = world.trace().stop().unwrap();
    let time = |record: &Record| (record.kind, record.at, record.value);
    let times: Vec<_> = recording.records.iter().map(time).collect();
    let expected = [
        (Kind::TimerSet, 0, 3_000_000),
        (Kind::TurnBegins, 1_000_000, 2_000_000),
        (Kind::TurnEndsEmpty, 3_000_000, 0),
        (Kind::TimersExpire, 3_000_000, 1),
    ];
    assert_eq!(times, expected);
}

#[test]
fn a_new_one_forgets_the_one_before() {
    let world = World::new();
    world.trace().start(100);
    world.trace().notify();
    world.trace().start(100);
    let recording = world.trace().stop().unwrap();
    assert_eq!((recording.records.len(), recording.dropped), (0, 0));
}

#[test]
fn it_keeps_the_last_records_and_says_how_many_it_dropped() {
    let world = World::new();
    world.trace().start(10);
    let first = world.object(0);
    assert!(wait(&first, Direction::Write).is_pending());
    for number in 1..1000 {
        let object = world.object(number);
        assert!(wait(&object, Direction::Write).is_pending());
    }
    world.trace().notify();
    let recording = world.trace().stop().unwrap();
    assert_eq!(recording.records.len(), 10);
    let each = 4; // Registers, Waits, Rearms, Deregisters
    assert_eq!(recording.dropped, each * 1000 + 1 - 1 - 10, "one notify; the first still lives");
    assert_eq!(recording.records[9].kind, Kind::Notifies);
    let names: Vec<_> = recording.sources.into_values().collect();
    assert_eq!(names, ["virtual 0", "virtual 997", "virtual 998", "virtual 999"]);
}

#[test]
fn a_source_that_could_not_be_registered_leaves_no_name_behind() {
    let world = World::new();
    world.trace().start(1);
    world.inner().fail(28);
    assert!(wait(&world.object(1), Direction::Read).is_ready());
    assert!(world.trace().stop().unwrap().sources.is_empty());
}

#[test]
#[should_panic(expected = "no records shows nothing")]
fn one_of_no_records_is_a_mistake() {
    World::new().trace().start(0);
}
