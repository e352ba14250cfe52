//! The part of the contract that programs hardly see: what is refused, and what is said.

use std::io::ErrorKind;
use std::net::UdpSocket;
use std::time::Duration;

use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use mini_async::Async;
use mini_reactor::{AsIo, Direction, GlobalReactor, ReadyList, Registration};

use crate::common::{calm, kind, now};

#[test]
fn objects_of_the_system_are_refused() {
    let sim = calm();
    sim.block_on(async {
        let socket = Async::new(UdpSocket::bind("127.0.0.1:0").unwrap()).unwrap();
        assert_eq!(kind(socket.readable().await), ErrorKind::Unsupported);
    });
}

#[test]
fn objects_of_another_simulation_are_refused() {
    let (one, other) = (calm(), calm());
    one.block_on(async {
        let _own = one.pair();
        let stranger = Async::new(other.pair().0).unwrap();
        assert_eq!(kind(stranger.readable().await), ErrorKind::InvalidInput);
    });
}

#[test]
fn an_object_is_registered_once_and_what_is_not_is_not_found() {
    let sim = calm();
    let (here, _there) = sim.pair();
    let simulator = sim.reactor().backend();
    let first = Registration::new_in(here, sim.reactor());
    let (io, source) = (first.get_ref().as_io(), first.source());
    assert_eq!(kind(simulator.deregister(io, source)), ErrorKind::NotFound);
    assert_eq!(kind(simulator.rearm(io, source, Direction::Read.into())), ErrorKind::NotFound);
    simulator.register(io, source).unwrap();
    assert_eq!(kind(simulator.register(io, source)), ErrorKind::AlreadyExists);
    simulator.rearm(io, source, Direction::Read.into()).unwrap();
    simulator.deregister(io, source).unwrap();
    assert_eq!(kind(simulator.deregister(io, source)), ErrorKind::NotFound);
    simulator.register(io, source).unwrap();
    simulator.deregister(io, source).unwrap();
}

#[test]
fn what_is_ready_at_registration_is_reported_once() {
    let sim = calm();
    let (here, there) = sim.pair();
    std::io::Write::write_all(&mut &there, b"x").unwrap();
    let simulator = sim.reactor().backend();
    let registration = Registration::new_in(here, sim.reactor());
    simulator.register(registration.get_ref().as_io(), registration.source()).unwrap();
    let mut list = ReadyList::new();
    simulator.turn(None, &mut list).unwrap();
    let events = list.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].source.id(), registration.source().id());
    assert_eq!(events[0].ready, mini_reactor::Directions::BOTH);
    assert!(events[0].closed.is_empty() && !events[0].disarmed);
    events.clear();
    simulator.turn(Some(Duration::from_secs(1)), &mut list).unwrap();
    assert!(list.events().is_empty());
    simulator.deregister(registration.get_ref().as_io(), registration.source()).unwrap();
}

#[test]
fn an_object_that_was_deregistered_is_not_reported() {
    let sim = calm();
    sim.block_on(async {
        let (here, there) = sim.pair();
        let here = Async::new(here).unwrap();
        assert!(now((&here).read(&mut [0])).await.is_none());
        let mut there = Async::new(there).unwrap();
        there.write_all(b"x").await.unwrap();
        let here = here.into_inner().unwrap(); // marked, and not reported yet
        let mut list = ReadyList::new();
        sim.reactor().backend().turn(Some(Duration::from_secs(1)), &mut list).unwrap();
        assert!(list.events().is_empty());
        assert_eq!(sim.elapsed(), Duration::from_secs(1), "nor does it end a turn");
        drop(here);
    });
}

#[test]
fn a_simulation_ends_with_its_last_user() {
    let sim = calm();
    let reactor = std::sync::Arc::downgrade(sim.reactor());
    sim.block_on(async {
        let (here, mut there) = sim.pair();
        let here = Async::new(here).unwrap();
        assert!(now((&here).read(&mut [0])).await.is_none());
        std::io::Write::write_all(&mut there, b"x").unwrap();
        (&here).read_exact(&mut [0]).await.unwrap();
    });
    drop(sim);
    assert!(reactor.upgrade().is_none());
}

#[test]
fn there_is_nothing_to_drive_it_by_from_outside() {
    assert!(calm().reactor().backend().pollable().is_none());
}
