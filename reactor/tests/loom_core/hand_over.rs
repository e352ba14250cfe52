//! Nobody sleeps while the role is free: `driving.rs`, and `parker.rs` where it leaves.
//!
//! Each of these ends with an event that somebody must be driving to see.

use std::future::Future as _;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Context;

use loom::thread;

use crate::io_object::{Direction::Read, Directions};
use crate::parker::Parker;
use crate::world::{Pipe, Queue, check, world};

#[test]
fn who_parks_beside_a_single_turn_becomes_the_driver() {
    check(3, || {
        let (reactor, handle) = world();
        let pipe = Pipe::registered(&handle);
        let sleeper = thread::spawn({
            let (pipe, handle) = (Arc::clone(&pipe), handle.clone());
            move || handle.block_on(pipe.ready(Read)).unwrap()
        });
        reactor.poll_once().unwrap();
        reactor.backend().post(pipe.source(), Directions::READ);
        sleeper.join().unwrap();
    });
}

#[test]
fn who_parks_while_another_looks_becomes_the_driver() {
    check(3, || {
        let (reactor, handle) = world();
        let pipe = Pipe::registered(&handle);
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(pipe.poll_ready(Read, &mut cx).is_pending(), "there is nothing to look for");
        let sleeper = thread::spawn({
            let (pipe, handle) = (Arc::clone(&pipe), handle.clone());
            move || handle.block_on(pipe.ready(Read)).unwrap()
        });
        assert!(Parker::new(&handle).turn().is_ok());
        reactor.backend().post(pipe.source(), Directions::READ);
        sleeper.join().unwrap();
    });
}

#[test]
fn a_driver_that_leaves_sends_another_to_drive() {
    check(2, || {
        let (reactor, handle) = world();
        let pipe = Pipe::registered(&handle);
        let queue = Arc::new(Queue::default());
        let worker = thread::spawn({
            let (queue, handle) = (Arc::clone(&queue), handle.clone());
            move || queue.work(&handle).unwrap()
        });
        let sleeper = thread::spawn({
            let (pipe, handle) = (Arc::clone(&pipe), handle.clone());
            move || handle.block_on(pipe.ready(Read)).unwrap()
        });
        queue.push();
        worker.join().unwrap();
        reactor.backend().post(pipe.source(), Directions::READ);
        sleeper.join().unwrap();
    });
}

#[test]
fn who_was_sent_to_drive_and_is_woken_passes_that_on() {
    check(2, || {
        let (reactor, handle) = world();
        assert!(reactor.driving.try_acquire());
        let pipe = Pipe::registered(&handle);
        let queue = Arc::new(Queue::default());
        let worker = thread::spawn({
            let (queue, handle) = (Arc::clone(&queue), handle.clone());
            move || queue.work(&handle).unwrap()
        });
        let sleeper = thread::spawn({
            let (pipe, handle) = (Arc::clone(&pipe), handle.clone());
            move || handle.block_on(pipe.ready(Read)).unwrap()
        });
        assert!(!reactor.driving.release(), "there is no foreign loop");
        queue.push();
        worker.join().unwrap();
        reactor.backend().post(pipe.source(), Directions::READ);
        sleeper.join().unwrap();
    });
}

#[test]
fn a_driver_whose_turn_fails_sends_another_to_drive() {
    check(2, || {
        let (reactor, handle) = world();
        let pipes = [Pipe::registered(&handle), Pipe::registered(&handle)];
        let threads = pipes.each_ref().map(|pipe| {
            let (pipe, handle) = (Arc::clone(pipe), handle.clone());
            thread::spawn(move || {
                let parker = Parker::new(&handle);
                let mut cx = Context::from_waker(parker.waker());
                let mut ready = pin!(pipe.ready(Read));
                while ready.as_mut().poll(&mut cx).is_pending() {
                    parker.park(|| true)?;
                }
                io::Result::Ok(())
            })
        });
        reactor.backend().post_error(io::Error::other("as the model wants"));
        for (pipe, thread) in pipes.iter().zip(threads) {
            reactor.backend().post(pipe.source(), Directions::READ);
            let _failed = thread.join().unwrap();
        }
    });
}
