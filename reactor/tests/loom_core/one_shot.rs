//! A backend that reports one event and then stops watching both directions, as one-shot systems
//! do: `registration.rs` asks it again for what is still waited for.

use std::io;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use loom::sync::Notify;
use loom::thread;

use crate::backend::GlobalReactor;
use crate::handle::Handle;
use crate::io_object::{BorrowedIo, Direction::Read, Direction::Write, Directions};
use crate::ready_list::ReadyList;
use crate::registration::Registration;
use crate::source::Source;
use crate::sync::Mutex;
use crate::world::{Pipe, Queue, check, on, run};

/// Watches one object, which is ready from the start, and reports one direction at a turn.
struct OneShot {
    ready: Directions,
    turning: Notify,
    watched: Mutex<(Option<Arc<Source>>, Directions)>,
    begin: Instant,
}

fn one_shot(ready: Directions) -> (Handle, Arc<Registration<Pipe>>) {
    let (_reactor, handle) = on(OneShot {
        ready,
        turning: Notify::new(),
        watched: Mutex::default(),
        begin: Instant::now(),
    });
    let pipe = Pipe::registered(&handle);
    (handle, pipe)
}

impl GlobalReactor for OneShot {
    fn register(&self, _: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
        self.watched.hold().0 = Some(Arc::clone(source));
        Ok(())
    }
    fn rearm(&self, _: BorrowedIo<'_>, _: &Arc<Source>, wanted: Directions) -> io::Result<()> {
        self.watched.hold().1 = wanted;
        self.notify();
        Ok(())
    }
    fn deregister(&self, _: BorrowedIo<'_>, _: &Arc<Source>) -> io::Result<()> {
        *self.watched.hold() = (None, Directions::NONE);
        Ok(())
    }
    fn turn(&self, _: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
        self.turning.wait();
        let mut watched = self.watched.hold();
        for one in [Directions::READ, Directions::WRITE] {
            if let (Some(source), true) = (&watched.0, watched.1.contains(one)) {
                if self.ready.contains(one) {
                    ready.push_disarmed(source, one);
                    watched.1 = Directions::NONE;
                }
            }
        }
        Ok(())
    }
    fn notify(&self) {
        self.turning.notify();
    }
    fn now(&self) -> Instant {
        self.begin
    }
}

#[test]
fn an_event_of_one_direction_does_not_lose_the_waiter_of_the_other() {
    check(2, || {
        let (handle, pipe) = one_shot(Directions::BOTH);
        let queue = Arc::new(Queue::default());
        let writer = thread::spawn({
            let (pipe, queue) = (Arc::clone(&pipe), Arc::clone(&queue));
            move || {
                run(pipe.ready(Write)).unwrap();
                queue.push();
            }
        });
        handle.block_on(pipe.ready(Read)).unwrap();
        queue.work(&handle).unwrap(); // that is, drive until the writer is done
        writer.join().unwrap();
    });
}

#[test]
fn a_new_waiter_of_one_direction_does_not_unarm_the_other() {
    check(2, || {
        let (handle, pipe) = one_shot(Directions::READ);
        let reader = thread::spawn({
            let pipe = Arc::clone(&pipe);
            move || handle.block_on(pipe.ready(Read)).unwrap()
        });
        let mut cx = Context::from_waker(Waker::noop());
        assert!(pipe.poll_ready(Write, &mut cx).is_pending());
        reader.join().unwrap();
    });
}
