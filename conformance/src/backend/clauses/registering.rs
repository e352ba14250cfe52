//! Registering and deregistering, their errors, and what they leave behind.

use std::io::ErrorKind;
use std::sync::Arc;
use std::task::{Poll, Waker};

use mini_reactor::{AsIo, BorrowedIo, Direction, Registration};

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
}

pub(crate) fn a_deregistered_object_can_be_registered_again(trial: &Trial) {
    let (mut here, there) = trial.ends();
    for _ in 0..3 {
        let object = trial.own(here);
        begin_to_wait(&object, Direction::Read, Waker::noop());
        there.send(b"x");
        trial.ready("an event of an object that was registered anew", &object, Direction::Read);
        assert_eq!(trial.read("it", &object, &mut [0; 8]), 1);
        here = object.into_inner().expect("nobody else has a claim on it");
    }
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

pub(crate) fn rearming_what_is_not_registered_is_not_found(trial: &Trial) {
    let (here, _there) = trial.ends();
    let object = trial.own(here.clone());
    let rearm = || trial.backend().rearm(here.as_io(), object.source(), Direction::Read.into());
    let not_found = |when: &str| match rearm() {
        Ok(()) => panic!("it could be rearmed, {when}"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{when}"),
    };
    not_found("though it never was registered");
    begin_to_wait(&object, Direction::Read, Waker::noop());
    rearm().expect("what is registered can be rearmed");
    trial.backend().deregister(here.as_io(), object.source()).expect("it is registered");
    not_found("though it is registered no more");
}

pub(crate) fn what_cannot_be_watched_is_unsupported(trial: &Trial) {
    let (here, _there) = trial.ends();
    let io = match here.as_io().as_virtual() {
        None => Other::Virtual,
        Some(_) => Other::Real(std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket")),
    };
    let object = Registration::new_in(io, &trial.reactor);
    for _ in 0..2 {
        let mut cx = std::task::Context::from_waker(Waker::noop());
        match object.poll_ready(Direction::Read, &mut cx) {
            Poll::Ready(Err(error)) => assert_eq!(error.kind(), ErrorKind::Unsupported),
            other => panic!("an object of another kind was registered: {other:?}"),
        }
    }
}

/// An object of the kind that the endpoints are not.
enum Other {
    Virtual,
    Real(std::net::UdpSocket),
}

impl AsIo for Other {
    fn as_io(&self) -> BorrowedIo<'_> {
        match self {
            Other::Virtual => BorrowedIo::virtual_object(u64::MAX - 7),
            Other::Real(socket) => socket.as_io(),
        }
    }
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

pub(crate) fn a_refused_deregister_lets_go_of_the_source_too(trial: &Trial) {
    let ((here, there), (other, _keep)) = (trial.ends(), trial.ends());
    let object = trial.own(here.clone());
    begin_to_wait(&object, Direction::Read, Waker::noop());
    let source = Arc::downgrade(object.source());
    // The system has no such object in its set and may refuse; what the backend says is its own
    // affair.
    let _ = trial.backend().deregister(other.as_io(), object.source());
    let kept = source.strong_count() - 1; // the registration has one
    drop((object, here, there));
    assert_eq!(kept, 0, "the backend keeps the source");
}
