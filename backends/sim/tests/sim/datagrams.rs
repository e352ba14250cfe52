//! Datagrams.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::time::Duration;

use futures_lite::future;
use mini_async::{Async, Timer};
use mini_reactor_sim::{Datagram, Fault, Faults, Settings, Sim, explore, try_explore};

use crate::common::{calm, kind, now};

fn sockets(sim: &Sim) -> (Async<Datagram>, Async<Datagram>) {
    let socket = |name| Async::new_in(sim.host(name).datagram(7).unwrap(), sim).unwrap();
    (socket("here"), socket("there"))
}

async fn receive(socket: &Async<Datagram>) -> Vec<u8> {
    let mut buffer = [0; 100];
    let length = socket.read_with(|socket| socket.recv(&mut buffer)).await.unwrap();
    buffer[..length].to_vec()
}

#[test]
fn a_datagram_arrives_as_it_was_sent_and_from_whom() {
    explore(0..30, |sim| async move {
        let (here, there) = sockets(&sim);
        for length in [0, 1, 17, 1000] {
            let sent = vec![length as u8; length];
            let bytes = here.write_with(|socket| socket.send_to(&sent, ("there", 7))).await?;
            assert_eq!(bytes, length);
            let mut buffer = [0; 2000];
            let (bytes, from) = there.read_with(|socket| socket.recv_from(&mut buffer)).await?;
            assert!(buffer[..bytes] == sent);
            assert_eq!(from, here.get_ref().local_addr()?);
        }
        std::io::Result::Ok(())
    });
}

#[test]
fn what_is_longer_than_the_buffer_is_cut_off_and_what_is_too_long_is_refused() {
    let sim = calm();
    sim.block_on(async {
        let (here, there) = sockets(&sim);
        here.get_ref().send_to(&[1; 100], ("there", 7)).unwrap();
        here.get_ref().send_to(&[2; 3], ("there", 7)).unwrap();
        let mut buffer = [0; 10];
        assert_eq!(there.read_with(|socket| socket.recv(&mut buffer)).await.unwrap(), 10);
        assert_eq!(receive(&there).await, [2; 3]);
        let too_long = here.get_ref().send_to(&[0; 65_508], ("there", 7));
        assert_eq!(kind(too_long), ErrorKind::InvalidInput);
        assert_eq!(kind(here.get_ref().send_to(b"x", ("nobody", 7))), ErrorKind::NotFound);
        assert_eq!(kind(here.get_ref().send(b"x")), ErrorKind::NotConnected);
    });
}

#[test]
fn a_connected_socket_hears_its_peer_only() {
    let sim = calm();
    sim.block_on(async {
        let (here, there) = sockets(&sim);
        let stranger = sim.host("stranger").datagram(0).unwrap();
        stranger.send_to(b"before", ("here", 7)).unwrap();
        Timer::after(Duration::from_secs(1)).await;
        here.get_ref().connect(("there", 7)).unwrap();
        stranger.send_to(b"after", ("here", 7)).unwrap();
        Timer::after(Duration::from_secs(1)).await;
        assert!(now(receive(&here)).await.is_none());
        here.get_ref().send(b"question").unwrap();
        assert_eq!(receive(&there).await, b"question");
        there.get_ref().send_to(b"answer", ("here", 7)).unwrap();
        assert_eq!(receive(&here).await, b"answer");
    });
}

#[test]
fn what_does_not_fit_or_has_no_receiver_is_lost() {
    let sim = Sim::new(Settings::new().faults(Faults::NONE).buffer(100));
    sim.block_on(async {
        let (here, there) = sockets(&sim);
        for number in 0..10 {
            here.get_ref().send_to(&[number; 30], ("there", 7)).unwrap();
            here.get_ref().send_to(&[number; 30], ("there", 8)).unwrap();
        }
        Timer::after(Duration::from_secs(1)).await;
        for number in 0..3 {
            assert_eq!(receive(&there).await, [number; 30]);
        }
        assert!(now(receive(&there)).await.is_none());
        // One that is longer than the whole buffer arrives if it is alone.
        here.get_ref().send_to(&[9; 100], ("there", 7)).unwrap();
        assert_eq!(receive(&there).await.len(), 100);
    });
}

#[test]
fn a_port_is_taken_by_one_and_freed_by_dropping() {
    let sim = calm();
    let host = sim.host("host");
    let socket = host.datagram(7).unwrap();
    assert_eq!(kind(host.datagram(7)), ErrorKind::AddrInUse);
    assert!(host.listen(7).is_ok(), "ports of streams are others");
    drop(socket);
    assert!(host.datagram(7).is_ok());
    assert_ne!(host.datagram(0).unwrap().local_addr().unwrap().port(), 0);
}

/// Sends 20 numbered datagrams and counts what arrives of each.
async fn twenty(sim: Sim) -> (Vec<u8>, BTreeMap<u8, usize>) {
    let (here, there) = sockets(&sim);
    for number in 0..20 {
        here.write_with(|socket| socket.send_to(&[number], ("there", 7))).await.unwrap();
    }
    let (mut order, mut counts) = (Vec::new(), BTreeMap::new());
    let all = async {
        loop {
            let number = receive(&there).await[0];
            order.push(number);
            *counts.entry(number).or_default() += 1;
        }
    };
    let end = async {
        let _ = Timer::after(Duration::from_secs(60)).await;
    };
    future::or(all, end).await;
    (order, counts)
}

#[test]
fn datagrams_get_lost_arrive_twice_and_overtake_each_other_only_where_that_may_strike() {
    /// Whether any of the seeds shows what is looked for.
    fn seen(faults: Faults, is: impl Fn(&[u8], &BTreeMap<u8, usize>) -> bool) -> bool {
        try_explore(Settings::new().faults(faults), 0..40, |sim| async {
            let (order, counts) = twenty(sim).await;
            assert!(!is(&order, &counts));
        })
        .is_err()
    }
    let lost = |_: &[u8], counts: &BTreeMap<u8, usize>| counts.len() < 20;
    let twice = |_: &[u8], counts: &BTreeMap<u8, usize>| counts.values().any(|count| *count > 1);
    let overtaken = |order: &[u8], _: &BTreeMap<u8, usize>| !order.is_sorted();
    let loss = Faults::NONE.with(Fault::Loss);
    let duplication = Faults::NONE.with(Fault::Duplication);
    let jitter = Faults::NONE.with(Fault::Jitter);
    assert!(seen(loss, lost) && !seen(loss, twice) && !seen(loss, overtaken));
    assert!(seen(duplication, twice) && !seen(duplication, lost));
    assert!(seen(jitter, overtaken) && !seen(jitter, lost) && !seen(jitter, twice));
    assert!(!seen(Faults::NONE, overtaken) && !seen(Faults::NONE, lost));
}
