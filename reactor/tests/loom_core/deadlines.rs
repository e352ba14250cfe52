//! An earlier deadline and whoever sleeps until the earliest: `reactor.rs` and `driving.rs`.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use loom::thread;

use crate::deadline::Deadline;
use crate::io_object::{Direction::Read, Directions};
use crate::world::{FAR, NEAR, Pipe, Queue, check, run, world};

#[test]
fn an_earlier_deadline_ends_the_turn_of_who_drives() {
    check(3, || {
        let (_reactor, handle) = world();
        let mut far = Deadline::after_in(2 * FAR, &handle);
        assert!(far.poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let queue = Arc::new(Queue::default());
        let worker = thread::spawn({
            let (queue, handle) = (Arc::clone(&queue), handle.clone());
            move || queue.work(&handle).unwrap()
        });
        let mut near = Deadline::after_in(NEAR, &handle);
        handle.block_on(poll_fn(|cx| near.poll(cx)));
        queue.push();
        worker.join().unwrap();
    });
}

#[test]
fn a_timer_that_expires_while_it_gets_another_waker_calls_one_or_is_seen() {
    check(3, || {
        let (reactor, handle) = world();
        let mut timer = Deadline::after_in(NEAR, &handle);
        assert!(timer.poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let driver = thread::spawn(move || {
            reactor.backend().pass(NEAR);
            reactor.poll_once().unwrap();
        });
        run(poll_fn(|cx| timer.poll(cx)));
        driver.join().unwrap();
    });
}

#[test]
fn a_foreign_loop_hears_of_an_earlier_deadline() {
    check(3, || {
        let (reactor, handle) = world();
        let inserter = thread::spawn(move || {
            let mut near = Deadline::after_in(NEAR, &handle);
            assert!(near.poll(&mut Context::from_waker(Waker::noop())).is_pending());
            near
        });
        let external = reactor.drive_externally();
        while reactor.next_deadline().is_none() {
            reactor.backend().wait_until_readable();
        }
        drop(external);
        drop(inserter.join().unwrap());
        assert_eq!(reactor.next_deadline(), None);
    });
}

#[test]
fn a_foreign_loop_hears_of_an_earlier_deadline_that_a_driver_was_told_of_and_left() {
    check(2, || {
        let (reactor, handle) = world();
        let external = reactor.drive_externally();
        let queue = Arc::new(Queue::default());
        let worker = thread::spawn({
            let (queue, handle) = (Arc::clone(&queue), handle.clone());
            move || queue.work(&handle).unwrap()
        });
        let inserter = thread::spawn(move || {
            let mut far = Deadline::after_in(2 * FAR, &handle);
            assert!(far.poll(&mut Context::from_waker(Waker::noop())).is_pending());
            queue.push();
            far
        });
        while reactor.next_deadline().is_none() {
            reactor.backend().wait_until_readable();
            reactor.poll_once().unwrap();
        }
        worker.join().unwrap();
        drop(inserter.join().unwrap());
        drop(external);
    });
}

#[test]
fn a_foreign_loop_that_came_by_while_a_thread_drove_hears_when_that_leaves() {
    check(2, || {
        let (reactor, handle) = world();
        let pipe = Pipe::registered(&handle);
        let queue = Arc::new(Queue::default());
        let worker = thread::spawn({
            let (queue, handle) = (Arc::clone(&queue), handle.clone());
            move || queue.work(&handle).unwrap()
        });
        let cx = &mut Context::from_waker(Waker::noop());
        let mut ready = pin!(pipe.ready(Read));
        assert!(ready.as_mut().poll(cx).is_pending());
        reactor.backend().post_quietly(pipe.source(), Directions::READ);
        queue.push();
        loop {
            reactor.poll_once().unwrap();
            if ready.as_mut().poll(cx).is_ready() {
                break;
            }
            reactor.backend().wait_for_an_edge();
        }
        worker.join().unwrap();
    });
}

#[test]
fn deadlines_that_are_published_at_once_leave_the_earliest_and_the_role() {
    check(3, || {
        let (reactor, handle) = world();
        let threads = [NEAR, 2 * NEAR].map(|after| {
            let handle = handle.clone();
            thread::spawn(move || {
                let mut deadline = Deadline::after_in(after, &handle);
                assert!(deadline.poll(&mut Context::from_waker(Waker::noop())).is_pending());
                deadline
            })
        });
        assert!(reactor.driving.try_acquire());
        let [near, far] = threads.map(|thread| thread.join().unwrap());
        assert_eq!(reactor.next_deadline(), near.at());
        drop(near);
        assert_eq!(reactor.next_deadline(), far.at());
        assert!(!reactor.driving.try_acquire());
        assert!(!reactor.driving.release(), "there is no foreign loop");
    });
}
