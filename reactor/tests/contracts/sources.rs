//! Who waits for a source, who is woken, and what is left when it goes.

use std::future::Future;
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::{array, io, thread};

use mini_reactor::{Direction, Directions, Event, Registration};

use crate::lab::{Call, Object};
use crate::tools::{Count, poll_ready, waker};
use crate::world::World;

const BOTH: [Direction; 2] = [Direction::Read, Direction::Write];

#[test]
fn deregistering_wakes_each_waiter_once() {
    for world in World::both() {
        let object = world.object(1);
        let waiters: [_; 6] = array::from_fn(|_| Count::new());
        for (at, (_, waker)) in waiters.iter().enumerate() {
            assert!(poll_ready(&object, BOTH[at % 2], waker).is_pending());
        }
        drop(object);
        for (count, _) in &waiters {
            assert_eq!((count.wakes(), count.kept(1)), (1, 0));
        }
        let ends = world.calls().into_iter().filter(|call| *call == Call::Deregister(1)).count();
        assert_eq!(ends, 1);
    }
}

#[test]
fn after_deregistering_no_waker_is_taken() {
    for world in World::both() {
        let object = world.object(1);
        let source = Arc::clone(object.source());
        let (count, waker) = Count::new();
        assert!(poll_ready(&object, Direction::Read, &waker).is_pending());
        drop(object);
        assert_eq!(count.wakes(), 1);
        for disarmed in [false, true] {
            let (ready, closed) = (Directions::BOTH, Directions::BOTH);
            world.report(Event { source: Arc::clone(&source), ready, closed, disarmed });
            world.turn();
        }
        source.fail(ErrorKind::BrokenPipe.into());
        assert_eq!((count.wakes(), count.kept(1)), (1, 0));
        assert!(source.keep_open().is_none(), "no token is given once the registration has ended");
    }
}

#[test]
fn a_source_may_be_dropped_during_a_turn() {
    let world = World::by_hand();
    let other = world.object(2);
    thread::scope(|scope| {
        let driver = scope.spawn(|| world.reactor.block_on(other.ready(Direction::Read)));
        world.until_asleep();
        let object = world.object(1);
        let source = Arc::clone(object.source());
        let (count, waker) = Count::new();
        assert!(poll_ready(&object, Direction::Read, &waker).is_pending());
        drop(object);
        assert_eq!(count.wakes(), 1);
        // The backend had taken the event already.
        let (ready, closed, disarmed) = (Directions::READ, Directions::NONE, false);
        world.report(Event { source, ready, closed, disarmed });
        world.happen(2, Directions::READ);
        driver.join().unwrap().unwrap();
        assert_eq!((count.wakes(), count.kept(1)), (1, 0));
    });
}

#[test]
fn a_source_may_be_dropped_from_inside_a_waker() {
    for world in World::both() {
        let slots: Arc<Mutex<Vec<Registration<Object>>>> = Arc::default();
        let clears = {
            let slots = Arc::clone(&slots);
            waker(move || drop(std::mem::take(&mut *slots.lock().unwrap())))
        };
        let (own, other) = (world.object(1), world.object(2));
        let (on_own, own_waker) = Count::new();
        let (on_other, other_waker) = Count::new();
        assert!(poll_ready(&own, Direction::Read, &clears).is_pending());
        assert!(poll_ready(&own, Direction::Write, &own_waker).is_pending());
        assert!(poll_ready(&other, Direction::Read, &other_waker).is_pending());
        slots.lock().unwrap().extend([own, other]);
        world.happen(1, Directions::READ);
        world.happen(2, Directions::READ);
        world.turn();
        assert!(slots.lock().unwrap().is_empty(), "the waker ran");
        assert_eq!((on_own.wakes(), on_own.kept(1)), (1, 0));
        assert_eq!((on_other.wakes(), on_other.kept(1)), (1, 0));
    }
}

#[test]
fn all_waiters_of_a_ready_direction_wake() {
    let world = World::edge();
    let object = world.object(1);
    let readers: [_; 3] = array::from_fn(|_| Count::new());
    let (writer, writer_waker) = Count::new();
    for (_, waker) in &readers {
        assert!(poll_ready(&object, Direction::Read, waker).is_pending());
    }
    assert!(poll_ready(&object, Direction::Write, &writer_waker).is_pending());
    world.happen(1, Directions::READ);
    world.turn();
    assert!(readers.iter().all(|(count, _)| count.wakes() == 1));
    assert_eq!(writer.wakes(), 0);
    world.happen(1, Directions::WRITE);
    world.turn();
    assert!(readers.iter().all(|(count, _)| count.wakes() == 1));
    assert_eq!(writer.wakes(), 1);
}

#[test]
fn the_waiters_of_both_directions_of_a_disarmed_source_wake_and_the_union_is_rearmed() {
    let world = World::one_shot();
    let object = world.object(1);
    let (reader, read_waker) = Count::new();
    let (writer, write_waker) = Count::new();
    let mut reading = pin!(object.ready(Direction::Read));
    let mut writing = pin!(object.ready(Direction::Write));
    let mut read_cx = Context::from_waker(&read_waker);
    let mut write_cx = Context::from_waker(&write_waker);
    assert!(reading.as_mut().poll(&mut read_cx).is_pending());
    assert!(writing.as_mut().poll(&mut write_cx).is_pending());
    let armed = [Call::Rearm(1, Directions::READ), Call::Rearm(1, Directions::BOTH)];
    assert_eq!(world.calls()[1..], armed);
    let ticks = BOTH.map(|direction| object.source().tick(direction));

    world.happen(1, Directions::READ);
    world.turn();
    assert_eq!((reader.wakes(), writer.wakes()), (1, 1), "nothing of this source is watched now");
    assert_ne!(object.source().tick(Direction::Read), ticks[0]);
    assert_eq!(object.source().tick(Direction::Write), ticks[1], "only the ready one has news");
    assert!(matches!(reading.as_mut().poll(&mut read_cx), Poll::Ready(Ok(()))));
    world.calls();
    assert!(writing.as_mut().poll(&mut write_cx).is_pending());
    assert_eq!(world.calls(), [Call::Rearm(1, Directions::WRITE)]);

    // A reader that comes back must not displace the writer.
    let again = Direction::Read;
    let mut read = pin!(object.io(again, |_| Err::<(), _>(io::Error::from(ErrorKind::WouldBlock))));
    assert!(read.as_mut().poll(&mut read_cx).is_pending());
    assert_eq!(world.calls(), [Call::Rearm(1, Directions::BOTH)]);
    world.happen(1, Directions::WRITE);
    world.turn();
    assert!(matches!(writing.as_mut().poll(&mut write_cx), Poll::Ready(Ok(()))));
}

#[test]
fn an_edge_triggered_backend_is_never_asked_twice_for_the_same() {
    let world = World::edge();
    let object = world.object(1);
    let (_, waker) = Count::new();
    for _ in 0..3 {
        for direction in BOTH {
            assert!(poll_ready(&object, direction, &waker).is_pending());
        }
        assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
    }
    let registers = world.calls().into_iter().filter(|call| *call == Call::Register(1)).count();
    assert_eq!(registers, 1);
}

#[test]
fn wakers_are_told_apart_by_will_wake() {
    for world in World::both() {
        let object = world.object(1);
        let (one, one_waker) = Count::new();
        let (two, two_waker) = Count::new();
        for _ in 0..100 {
            assert!(poll_ready(&object, Direction::Read, &one_waker).is_pending());
            assert!(poll_ready(&object, Direction::Read, &two_waker.clone()).is_pending());
        }
        assert_eq!((one.kept(1), two.kept(1)), (1, 1));
        world.happen(1, Directions::READ);
        world.turn();
        assert_eq!((one.wakes(), two.wakes()), (1, 1));
        assert_eq!((one.kept(1), two.kept(1)), (0, 0));
    }
}

#[test]
fn a_cancelled_future_takes_its_waker_along() {
    for world in World::both() {
        let object = world.object(1);
        let waiters: [_; 4] = array::from_fn(|_| Count::new());
        let never = || Err::<(), _>(io::Error::from(ErrorKind::WouldBlock));
        let mut futures: Vec<_> = waiters
            .iter()
            .map(|(_, waker)| {
                let mut future = Box::pin(object.io(Direction::Read, move |_| never()));
                assert!(future.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
                future
            })
            .collect();
        let (count, waker) = Count::new();
        let mut ready = Box::pin(object.ready(Direction::Write));
        assert!(ready.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!(count.kept(1), 1);
        drop(ready);
        assert_eq!(count.kept(1), 0);

        drop(futures.remove(2)); // one of the rest
        drop(futures.remove(0)); // the first
        assert_eq!([0, 1, 2, 3].map(|at: usize| waiters[at].0.kept(1)), [0, 1, 0, 1]);
        world.happen(1, Directions::BOTH);
        world.turn();
        assert_eq!([0, 1, 2, 3].map(|at: usize| waiters[at].0.wakes()), [0, 1, 0, 1]);
        assert_eq!(count.wakes(), 0);
    }
}

#[test]
fn a_future_that_changes_hands_wakes_only_the_last_task() {
    for world in World::both() {
        let object = world.object(1);
        let (one, one_waker) = Count::new();
        let (two, two_waker) = Count::new();
        let mut ready = pin!(object.ready(Direction::Read));
        assert!(ready.as_mut().poll(&mut Context::from_waker(&one_waker)).is_pending());
        assert!(ready.as_mut().poll(&mut Context::from_waker(&two_waker)).is_pending());
        assert_eq!((one.kept(1), two.kept(1)), (0, 1));
        world.happen(1, Directions::READ);
        world.turn();
        assert_eq!((one.wakes(), two.wakes()), (0, 1));
    }
}

#[test]
fn wakers_of_tasks_that_went_away_are_given_back_before_the_next_event() {
    let world = World::edge();
    let object = world.object(1);
    let (alive, alive_waker) = Count::new();
    assert!(poll_ready(&object, Direction::Read, &alive_waker).is_pending());
    let gone: Vec<_> = (0..1000)
        .map(|_| {
            let (count, waker) = Count::new();
            assert!(poll_ready(&object, Direction::Read, &waker).is_pending());
            count
        })
        .collect();
    assert!(gone.iter().filter(|count| count.kept(0) == 0).count() > 0, "none was given back");
    assert!(gone.iter().all(|count| count.wakes() + count.kept(0) == 1), "woken or kept");
    assert!(alive.wakes() + alive.kept(1) >= 1, "woken or kept: the one that lives, too");
}

#[test]
fn fail_is_sticky_and_ends_all_waits() {
    for world in World::both() {
        let object = world.object(1);
        let waiters: [_; 4] = array::from_fn(|_| Count::new());
        for (at, (_, waker)) in waiters.iter().enumerate() {
            assert!(poll_ready(&object, BOTH[at % 2], waker).is_pending());
        }
        object.source().fail(io::Error::new(ErrorKind::ConnectionAborted, "the ring died"));
        object.source().fail(ErrorKind::BrokenPipe.into());
        assert!(waiters.iter().all(|(count, _)| count.wakes() == 1 && count.kept(1) == 0));
        world.happen(1, Directions::BOTH);
        world.turn();
        for direction in BOTH {
            for _ in 0..2 {
                let errors = [
                    world.reactor.block_on(object.ready(direction)).unwrap_err(),
                    world.reactor.block_on(object.io(direction, tried_in_vain)).unwrap_err(),
                ];
                for error in errors {
                    assert_eq!(error.kind(), ErrorKind::ConnectionAborted, "the first one stays");
                    assert_eq!(error.to_string(), "the ring died");
                }
            }
        }
        assert!(waiters.iter().all(|(count, _)| count.wakes() == 1 && count.kept(1) == 0));
    }
}

fn tried_in_vain(_: &Object) -> io::Result<()> {
    panic!("an attempt at an object whose source has failed")
}

#[test]
fn a_source_that_failed_before_the_first_wait_is_not_registered() {
    let world = World::edge();
    let object = world.object(1);
    object.source().fail(ErrorKind::ConnectionAborted.into());
    let error = world.reactor.block_on(object.ready(Direction::Read)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
    assert_eq!(world.calls(), []);
}
