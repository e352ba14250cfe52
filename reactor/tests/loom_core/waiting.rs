//! A wait and what ends it, crossing each other: `source.rs`, `waiters.rs`, `word.rs`, and
//! `registration.rs` in front of them.

use std::future::{Future as _, poll_fn};
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use loom::thread;

use crate::io_object::{Direction::Read, Directions};
use crate::registration::Registration;
use crate::source::Waiting;
use crate::waiters::Key;
use crate::world::{Pipe, anonymously, check, deliver, event, run, world};

/// Two bytes, with an event each.
fn write_twice(pipe: &Arc<Registration<Pipe>>) -> impl FnOnce() + use<> {
    let pipe = Arc::clone(pipe);
    move || {
        for _ in 0..2 {
            pipe.get_ref().write(1);
            deliver(&event(pipe.source(), Directions::READ));
        }
    }
}

#[test]
fn an_event_between_the_failed_attempt_and_the_wait_is_not_lost() {
    check(3, || {
        let (_reactor, handle) = world();
        let pipe = Pipe::registered(&handle);
        let peer = thread::spawn(write_twice(&pipe));
        for _ in 0..2 {
            assert_eq!(run(pipe.io(Read, |pipe| pipe.read(1))).unwrap(), 1);
        }
        peer.join().unwrap();
    });
}

#[test]
fn an_event_while_the_object_is_being_registered_is_not_lost() {
    check(3, || {
        let (reactor, handle) = world();
        let pipe = Pipe::registered(&handle);
        let peer = thread::spawn({
            let pipe = Arc::clone(&pipe);
            move || {
                pipe.get_ref().write(1);
                reactor.backend().written();
                reactor.poll_once().unwrap();
            }
        });
        assert_eq!(handle.block_on(pipe.io(Read, |pipe| pipe.read(1))).unwrap(), 1);
        peer.join().unwrap();
    });
}

#[test]
fn one_event_wakes_all_who_wait() {
    check(2, || {
        let (_reactor, handle) = world();
        let pipe = Pipe::registered(&handle);
        let other = thread::spawn({
            let pipe = Arc::clone(&pipe);
            move || run(anonymously(&pipe, Read)).unwrap()
        });
        let peer = thread::spawn({
            let source = Arc::clone(pipe.source());
            move || deliver(&event(&source, Directions::READ))
        });
        run(pipe.ready(Read)).unwrap();
        other.join().unwrap();
        peer.join().unwrap();
    });
}

#[test]
fn a_failure_ends_the_wait_that_it_crosses_and_the_first_error_stays() {
    check(3, || {
        let (_reactor, handle) = world();
        let pipe = Pipe::registered(&handle);
        let threads = [ErrorKind::BrokenPipe, ErrorKind::TimedOut].map(|kind| {
            let source = Arc::clone(pipe.source());
            thread::spawn(move || source.fail(io::Error::new(kind, "as the model wants")))
        });
        let first = run(pipe.ready(Read)).unwrap_err().kind();
        assert!([ErrorKind::BrokenPipe, ErrorKind::TimedOut].contains(&first));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(run(pipe.ready(Read)).unwrap_err().kind(), first);
    });
}

#[test]
fn the_end_is_not_used_up_by_a_short_read_that_it_crosses() {
    check(3, || {
        let (_reactor, handle) = world();
        let pipe = Pipe::registered(&handle);
        pipe.source().set_short_is_drained(true);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(pipe.poll_io(Read, &mut cx, |pipe| pipe.read(1)).is_pending());
        pipe.get_ref().write(1);
        deliver(&event(pipe.source(), Directions::READ));
        let peer = thread::spawn({
            let pipe = Arc::clone(&pipe);
            move || {
                pipe.get_ref().write_the_last(1);
                let mut event = event(pipe.source(), Directions::READ);
                event.closed = Directions::READ;
                deliver(&event);
            }
        });
        let mut read = 0;
        loop {
            let room = 3;
            let op = |pipe: &Pipe| pipe.read(room);
            match run(poll_fn(|cx| pipe.poll_stream(Read, cx, room, op))).unwrap() {
                0 => break,
                some => read += some,
            }
        }
        assert_eq!(read, 2);
        peer.join().unwrap();
    });
}

#[test]
fn a_future_that_goes_away_takes_no_waker_but_its_own_along() {
    check(3, || {
        let (_reactor, handle) = world();
        let pipe = Pipe::registered(&handle);
        let mut read = pin!(async {
            for _ in 0..2 {
                pipe.io(Read, |pipe| pipe.read(1)).await.unwrap();
            }
        });
        let mut threads = Vec::new();
        run(poll_fn(|cx| {
            let polled = read.as_mut().poll(cx);
            if threads.is_empty() {
                // Its waker is beside that of `read`, until an event takes both.
                let (source, mut gone) = (pipe.source(), Key::default());
                let waiting = Waiting::Keyed(&mut gone);
                source.wait(Read, source.tick(Read), Waker::noop(), waiting).unwrap();
                let source = Arc::clone(source);
                threads.push(thread::spawn(move || source.forget(Read, gone)));
                threads.push(thread::spawn(write_twice(&pipe)));
            }
            polled
        }));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}
