//! A thread that goes to sleep and one that wakes it: `parker.rs` and `park_state.rs`.

use std::sync::Arc;

use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::thread;

use crate::handle::Handle;
use crate::parker::Parker;
use crate::world::{Queue, check, world};

/// Sleeps until another thread has woken this one twice. The count is `Relaxed`: that it can be
/// seen is due to the wake-ups.
fn is_woken_twice(handle: &Handle) {
    let parker = Parker::new(handle);
    let count = Arc::new(AtomicUsize::new(0));
    let other = thread::spawn({
        let (unparker, count) = (parker.unparker(), Arc::clone(&count));
        move || {
            for _ in 0..2 {
                count.fetch_add(1, Relaxed);
                unparker.unpark();
            }
        }
    });
    while count.load(Relaxed) < 2 {
        parker.park(|| true).expect("no turn fails");
    }
    other.join().expect("it does not panic");
}

#[test]
fn no_wake_up_of_a_driver_is_lost() {
    check(3, || {
        let (_reactor, handle) = world();
        is_woken_twice(&handle);
        assert!(handle.driving.try_acquire(), "the role was given up");
    });
}

#[test]
fn no_wake_up_of_a_thread_that_parks_beside_the_driver_is_lost() {
    check(3, || {
        let (_reactor, handle) = world();
        assert!(handle.driving.try_acquire());
        is_woken_twice(&handle);
    });
}

#[test]
fn a_driver_looks_for_work_once_it_has_published_that_it_sleeps() {
    check(3, || {
        let (_reactor, handle) = world();
        let queue = Arc::new(Queue::default());
        let worker = thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.work(&handle).unwrap()
        });
        queue.push();
        worker.join().unwrap();
    });
}

#[test]
fn a_thread_that_parks_looks_for_work_once_it_has_published_that_it_sleeps() {
    check(3, || {
        let (_reactor, handle) = world();
        assert!(handle.driving.try_acquire());
        let queue = Arc::new(Queue::default());
        let worker = thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.work(&handle).unwrap()
        });
        queue.push();
        worker.join().unwrap();
    });
}
