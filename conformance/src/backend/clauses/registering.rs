//! Registering and deregistering, their errors, and what they leave behind.

use std::io::ErrorKind;
use std::sync::Arc;
use std::task::{Poll, Waker};

use mini_reactor::{AsIo, Direction, Registration};

use crate::backend::trial::{Trial, begin_to_wait, poll_ready};

pub(crate) fn the_same_object_twice_is_already_exists(trial: &Trial) {
    let (here, there) = trial.ends();
    let first = trial.own(here.clone());
    let second = trial.own(here);
    begin_to_wait(&first, Direction::Read, Waker::noop());
    for _ in 0..2 {
        match poll_ready(&second, Direction::Read, Waker::noop()) {
            Poll::Ready(Err(error)) => assert_eq!(error.kind(), ErrorKind::AlreadyExists),
            other => panic!("the second registration ended with {other:?}"),
        }
    }
    drop(second);
    there.send(b"x");
    trial.ready("an event for the first registration", &first, Direction::Read);
    let again = Registration::new_in(first.into_inner().expect("it has an owner"), &trial.reactor);
    trial.ready("an event for the object, registered anew", &again, Direction::Read);
}

pub(crate) fn what_is_not_registered_is_not_found(trial: &Trial) {
    let (here, _there) = trial.ends();
    let object = trial.own(here.clone());
    let deregister = || trial.backend().deregister(here.as_io(), object.source());
    let not_found = |when: &str| match deregister() {
        Ok(()) => panic!("it could be deregistered, {when}"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{when}"),
    };
    not_found("though it never was registered");
    begin_to_wait(&object, Direction::Read, Waker::noop());
    deregister().expect("what is registered can be deregistered");
    not_found("a second time");
}

pub(crate) fn deregistering_lets_go_of_the_source(trial: &Trial) {
    for round in 0..4 {
        let (object, there) = trial.pair();
        begin_to_wait(&object, Direction::Read, Waker::noop());
        if round > 1 {
            trial.settle(); // it was told that there is room to write
        }
        if round % 2 == 1 {
            there.send(b"x"); // and an event is under way
        }
        let source = Arc::downgrade(object.source());
        drop(object);
        assert_eq!(source.strong_count(), 0, "the backend keeps the source");
    }
}
