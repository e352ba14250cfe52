//! Attempts and waits: ticks, what is used up by what, short transfers, the end, fairness.

use std::cell::Cell;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use mini_reactor::{Direction, Directions, Registration};

use crate::lab::Object;
use crate::tools::Count;
use crate::world::World;

fn would_block<T>() -> io::Result<T> {
    Err(ErrorKind::WouldBlock.into())
}

fn poll_io<T>(
    object: &Registration<Object>,
    waker: &Waker,
    op: impl FnMut(&Object) -> io::Result<T>,
) -> Poll<io::Result<T>> {
    object.poll_io(Direction::Read, &mut Context::from_waker(waker), op)
}

/// An object that is registered, and whose reader waits.
fn waiting(world: &World) -> Registration<Object> {
    let object = world.object(1);
    assert!(poll_io(&object, Waker::noop(), |_| would_block::<()>()).is_pending());
    object
}

#[test]
fn an_event_between_the_attempt_and_the_wait_is_not_lost() {
    for world in World::both() {
        let object = waiting(&world);
        world.happen(1, Directions::READ);
        world.turn();
        let mut attempts = 0;
        let result = poll_io(&object, Waker::noop(), |_| {
            attempts += 1;
            if attempts == 1 {
                // The peer sends after the system has said "would block".
                let event = mini_reactor::Event {
                    source: Arc::clone(object.source()),
                    ready: Directions::READ,
                    closed: Directions::NONE,
                    disarmed: false,
                };
                world.report(event);
                world.turn();
                return would_block();
            }
            Ok("data")
        });
        assert!(matches!(result, Poll::Ready(Ok("data"))));
        assert_eq!(attempts, 2);
    }
}

#[test]
fn an_attempt_is_made_only_if_something_may_have_changed() {
    for world in World::both() {
        let object = waiting(&world);
        let attempts = Cell::new(0);
        let op = |_: &Object| {
            attempts.set(attempts.get() + 1);
            would_block::<()>()
        };
        for _ in 0..5 {
            assert!(poll_io(&object, Waker::noop(), op).is_pending());
        }
        assert_eq!(attempts.get(), 0, "nothing happened since it would have blocked");
        world.happen(1, Directions::READ);
        world.turn();
        for _ in 0..5 {
            assert!(poll_io(&object, Waker::noop(), op).is_pending());
        }
        assert_eq!(attempts.get(), 1);
        world.happen(1, Directions::WRITE);
        world.turn();
        assert!(poll_io(&object, Waker::noop(), op).is_pending());
        assert_eq!(attempts.get(), 1, "the other direction's events are not this one's");
    }
}

#[test]
fn two_ticks_are_equal_if_nothing_was_reported_between_them() {
    let world = World::edge();
    let object = waiting(&world);
    let tick = || object.source().tick(Direction::Read);
    let before = tick();
    world.turn();
    assert_eq!(tick(), before);
    world.happen(1, Directions::READ);
    world.turn();
    assert_ne!(tick(), before);
}

#[test]
fn an_interrupted_attempt_is_made_again() {
    let world = World::edge();
    let object = world.object(1);
    let mut attempts = 0;
    let result = poll_io(&object, Waker::noop(), |_| {
        attempts += 1;
        if attempts < 3 { Err(ErrorKind::Interrupted.into()) } else { Ok(()) }
    });
    assert!(matches!(result, Poll::Ready(Ok(()))));
    assert_eq!(attempts, 3);
    assert_eq!(world.calls(), [], "an object that never blocks is never registered");
}

#[test]
fn an_error_of_the_attempt_is_passed_on_and_uses_nothing_up() {
    let world = World::edge();
    let object = waiting(&world);
    world.happen(1, Directions::READ);
    world.turn();
    for _ in 0..2 {
        let reset = |_: &Object| Err::<(), _>(ErrorKind::ConnectionReset.into());
        let Poll::Ready(Err(error)) = poll_io(&object, Waker::noop(), reset) else {
            panic!("an error is a result")
        };
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
}

/// One read of a stream, with room for 100, that moves `length`. Whether it was tried at all.
fn reads(object: &Registration<Object>, length: usize) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    let mut tried = false;
    let result = object.poll_stream(Direction::Read, &mut cx, 100, |_| {
        tried = true;
        Ok(length)
    });
    assert_eq!(result.is_ready(), tried);
    tried
}

#[test]
fn a_short_read_of_a_stream_means_that_there_is_no_more_only_where_the_backend_says_so() {
    for says_so in [false, true] {
        let world = World::edge();
        let object = waiting(&world);
        object.source().set_short_is_drained(says_so);
        world.happen(1, Directions::READ);
        world.turn();
        assert!(reads(&object, 100), "something was reported");
        assert!(reads(&object, 40), "a full read may have left some");
        assert_eq!(reads(&object, 40), !says_so);
        world.happen(1, Directions::READ);
        world.turn();
        assert!(reads(&object, 40), "news");
        object.source().set_short_is_drained(false);
        world.happen(1, Directions::READ);
        world.turn();
        assert!(reads(&object, 40) && reads(&object, 40), "taken back, as at an urgent mark");
    }
}

#[test]
fn a_short_transfer_of_what_is_no_stream_means_nothing() {
    let world = World::edge();
    let object = waiting(&world);
    object.source().set_short_is_drained(true);
    world.happen(1, Directions::READ);
    world.turn();
    for _ in 0..3 {
        assert!(poll_io(&object, Waker::noop(), |_| Ok(1)).is_ready());
    }
}

#[test]
fn the_end_is_sticky_a_short_read_does_not_use_it_up() {
    for world in World::both() {
        let object = waiting(&world);
        object.source().set_short_is_drained(true);
        // Data and the end in one event.
        world.happen_and_close(1, Directions::READ, Directions::READ);
        world.turn();
        assert!(reads(&object, 40));
        assert!(reads(&object, 0), "the end of the stream would never be seen");
        assert!(reads(&object, 0), "and stays");
    }
}

#[test]
fn an_end_that_would_block_after_all_is_used_up() {
    let world = World::edge();
    let object = waiting(&world);
    world.happen_and_close(1, Directions::NONE, Directions::BOTH); // an error queue
    world.turn();
    let mut attempts = 0;
    for _ in 0..3 {
        let drained = |_: &Object| {
            attempts += 1;
            would_block::<()>()
        };
        assert!(poll_io(&object, Waker::noop(), drained).is_pending());
    }
    assert_eq!(attempts, 1);
}

#[test]
fn an_object_that_is_always_ready_needs_no_waiting_and_may_not_block() {
    let world = World::edge();
    let object = world.object(1);
    object.source().set_always_ready();
    for direction in [Direction::Read, Direction::Write] {
        world.reactor.block_on(object.ready(direction)).unwrap();
    }
    let wait = object.io(Direction::Read, |_| would_block::<()>());
    let error = world.reactor.block_on(wait).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(world.calls(), []);
}

#[test]
fn a_direction_that_succeeded_128_times_returns_pending_once() {
    let world = World::edge();
    let object = world.object(1);
    let (count, waker) = Count::new();
    for round in 1..=3 {
        for _ in 0..128 {
            assert!(poll_io(&object, &waker, |_| Ok(())).is_ready());
        }
        assert!(poll_io(&object, &waker, |_| Ok(())).is_pending());
        assert_eq!(count.wakes(), round, "having woken the task");
        let mut write = pin!(object.io(Direction::Write, |_| Ok(())));
        let cx = &mut Context::from_waker(&waker);
        assert!(write.as_mut().poll(cx).is_ready(), "each direction for itself");
    }
    assert_eq!(count.kept(1), 0, "it does not wait for the object");
}

#[test]
fn a_future_too_returns_pending_once_after_128_successes() {
    let world = World::edge();
    let object = world.object(1);
    let (count, waker) = Count::new();
    let cx = &mut Context::from_waker(&waker);
    let successes = Cell::new(0);
    let mut all = pin!(async {
        for _ in 0..1000 {
            object.io(Direction::Read, |_| Ok(())).await.unwrap();
            successes.set(successes.get() + 1);
        }
    });
    let mut polls = 1;
    while all.as_mut().poll(cx).is_pending() {
        assert_eq!(count.wakes(), polls, "woken each time");
        polls += 1;
    }
    assert_eq!((successes.get(), polls), (1000, 1000 / 128 + 1));
}

#[test]
fn a_wait_begins_the_count_anew() {
    let world = World::edge();
    let object = waiting(&world);
    for _ in 0..5 {
        world.happen(1, Directions::READ);
        world.turn();
        for _ in 0..100 {
            assert!(poll_io(&object, Waker::noop(), |_| Ok(())).is_ready());
        }
        let mut tried = false;
        let result = poll_io(&object, Waker::noop(), |_| {
            tried = true;
            would_block::<()>()
        });
        assert!(result.is_pending() && tried);
    }
}
