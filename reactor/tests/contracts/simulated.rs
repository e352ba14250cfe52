//! What a simulated object can say of itself, as the system does of its own.

use std::cell::Cell;
use std::rc::Rc;
use std::task::Waker;

use mini_reactor::{AsIo, BorrowedIo, Direction, Directions, Registration};

use crate::tools::{Count, poll_ready};
use crate::world::World;

/// An object that says whether it is ready.
struct Says {
    ready: Rc<Cell<Option<bool>>>,
    asked: Rc<Cell<Option<Direction>>>,
}

impl AsIo for Says {
    fn as_io(&self) -> BorrowedIo<'_> {
        BorrowedIo::virtual_object(1)
    }

    fn is_ready(&self, direction: Direction) -> Option<bool> {
        self.asked.set(Some(direction));
        self.ready.get()
    }
}

#[test]
fn an_object_whose_io_is_done_past_its_registration_is_asked_itself() {
    for world in World::both() {
        let (ready, asked) = (Rc::new(Cell::new(Some(true))), Rc::default());
        let says = Says { ready: Rc::clone(&ready), asked: Rc::clone(&asked) };
        let object = Registration::new_in(says, &world.reactor);
        let (count, waker) = Count::new();
        assert!(poll_ready(&object, Direction::Read, &waker).is_pending());
        world.happen(1, Directions::READ);
        world.turn();
        assert_eq!(count.wakes(), 1);
        assert_eq!(asked.get(), None, "nothing had been reported that could be used up");
        assert!(poll_ready(&object, Direction::Read, &waker).is_ready());
        assert_eq!(asked.take(), Some(Direction::Read));
        // Somebody has read from the object, and did not say so.
        ready.set(Some(false));
        assert!(poll_ready(&object, Direction::Read, &waker).is_pending());
        assert_eq!(asked.take(), Some(Direction::Read));
        world.happen(1, Directions::READ);
        world.turn();
        assert_eq!(count.wakes(), 2, "and the wait for the next event is a real one");
    }
}

#[test]
fn an_object_that_cannot_say_counts_as_ready_from_each_event_on() {
    let world = World::edge();
    let says = Says { ready: Rc::default(), asked: Rc::default() };
    let object = Registration::new_in(says, &world.reactor);
    assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending());
    world.happen(1, Directions::READ);
    world.turn();
    for _ in 0..3 {
        assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_ready());
    }
}

#[test]
fn a_source_knows_in_which_directions_somebody_waits() {
    for world in World::both() {
        let object = world.object(1);
        let waited_for = || object.source().waited_for();
        assert_eq!(waited_for(), Directions::NONE);
        let (_, waker) = Count::new();
        assert!(poll_ready(&object, Direction::Write, &waker).is_pending());
        assert_eq!(waited_for(), Directions::WRITE);
        {
            let mut wait = std::pin::pin!(object.ready(Direction::Read));
            let mut cx = std::task::Context::from_waker(&waker);
            assert!(wait.as_mut().poll(&mut cx).is_pending());
            assert_eq!(waited_for(), Directions::BOTH);
        }
        assert_eq!(waited_for(), Directions::WRITE, "the future took its waker along");
        world.happen(1, Directions::BOTH);
        world.turn();
        assert_eq!(waited_for(), Directions::NONE);
    }
}
