//! Latency and partition.

use std::time::Duration;

use futures_lite::future;
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use mini_async::{Async, Timer};
use mini_executor_single_thread::LocalExecutor;
use mini_reactor_sim::{Fault, Faults, Settings, Sim, explore};

use crate::common::{calm, connect, connected, now};

const MS: Duration = Duration::from_millis(1);

/// How long one byte takes from end to end.
async fn travel(
    sim: &Sim,
    from: &Async<mini_reactor_sim::Stream>,
    to: &Async<mini_reactor_sim::Stream>,
) -> Duration {
    let (mut from, mut to) = (from, to);
    let begin = sim.elapsed();
    from.write_all(b"x").await.unwrap();
    to.read_exact(&mut [0]).await.unwrap();
    sim.elapsed() - begin
}

#[test]
fn without_jitter_a_message_takes_the_least_that_it_can() {
    let sim = Sim::new(Settings::new().faults(Faults::NONE).latency(3 * MS, 9 * MS));
    sim.block_on(async {
        let (here, there) = connected(&sim).await.unwrap();
        for _ in 0..5 {
            assert_eq!(travel(&sim, &here, &there).await, 3 * MS);
            assert_eq!(travel(&sim, &there, &here).await, 3 * MS);
        }
    });
}

#[test]
fn with_jitter_it_takes_up_to_the_most() {
    let mut seen = (Duration::MAX, Duration::ZERO);
    for seed in 0..20 {
        let settings = Settings::new().seed(seed).faults(Faults::NONE.with(Fault::Jitter));
        let sim = Sim::new(settings.latency(3 * MS, 9 * MS));
        sim.block_on(async {
            let (here, there) = connected(&sim).await.unwrap();
            for _ in 0..20 {
                let took = travel(&sim, &here, &there).await;
                seen = (seen.0.min(took), seen.1.max(took));
            }
        });
    }
    assert!(seen.0 >= 3 * MS && seen.0 < 4 * MS, "{seen:?}");
    assert!(seen.1 <= 9 * MS && seen.1 > 8 * MS, "{seen:?}");
}

#[test]
fn each_link_may_have_its_own_latency_and_a_host_is_near_itself() {
    let sim = calm();
    sim.block_on(async {
        let [near, far, other] = ["near", "far", "other"].map(|name| sim.host(name));
        sim.set_latency(&near, &far, 50 * MS, 50 * MS);
        let _listener = far.listen(80).unwrap();
        let begin = sim.elapsed();
        let _first = connect(&near, &far).await.unwrap();
        assert_eq!(sim.elapsed() - begin, 100 * MS);
        let begin = sim.elapsed();
        let _second = connect(&other, &far).await.unwrap();
        assert_eq!(sim.elapsed() - begin, MS / 5);
        let begin = sim.elapsed();
        let _third = connect(&far, &far).await.unwrap();
        assert_eq!(sim.elapsed() - begin, MS / 100);
    });
}

#[test]
fn a_partition_holds_streams_back_until_it_is_healed() {
    let sim = calm();
    let executor = LocalExecutor::new_in(&sim);
    executor.block_on(async {
        let (here, there) = connected(&sim).await.unwrap();
        let (server, client) = (sim.host("server"), sim.host("client"));
        sim.partition(&client, &server);
        (&here).write_all(b"held ").await.unwrap();
        Timer::after(60 * MS).await;
        assert!(now((&there).read(&mut [0; 1])).await.is_none());
        sim.heal(&server, &client);
        (&here).write_all(b"back").await.unwrap();
        let begin = sim.elapsed();
        let mut text = [0; 9];
        (&there).read_exact(&mut text).await.unwrap();
        assert_eq!((&text, sim.elapsed() - begin), (b"held back", MS / 10));
    });
}

#[test]
fn a_partition_is_between_two_hosts_only() {
    let sim = calm();
    sim.block_on(async {
        let [one, two, three] = ["one", "two", "three"].map(|name| sim.host(name));
        sim.partition(&one, &two);
        let _two = two.listen(80).unwrap();
        let _three = three.listen(80).unwrap();
        connect(&one, &three).await.unwrap();
        connect(&three, &two).await.unwrap();
        connect(&two, &two).await.unwrap();
        let cut = connect(&one, &two);
        let heal = async {
            Timer::after(Duration::from_secs(1)).await;
            sim.heal(&one, &two);
        };
        future::zip(cut, heal).await.0.unwrap();
    });
}

#[test]
fn nothing_overtakes_across_a_partition() {
    explore(0..80, |sim| async move {
        let (here, there) = connected(&sim).await?;
        let (server, client) = (sim.host("server"), sim.host("client"));
        let weather = async {
            for _ in 0..10 {
                Timer::after(Duration::from_micros(sim.random(0..3000))).await;
                sim.partition(&server, &client);
                Timer::after(Duration::from_micros(sim.random(0..3000))).await;
                sim.heal(&server, &client);
            }
            Ok(())
        };
        let send = async {
            for number in 0..100_u8 {
                (&here).write_all(&[number]).await?;
                Timer::after(Duration::from_micros(sim.random(0..300))).await;
            }
            (&here).close().await
        };
        let receive = async {
            let mut received = Vec::new();
            (&there).read_to_end(&mut received).await?;
            assert!(received.iter().copied().eq(0..100), "{received:?}");
            std::io::Result::Ok(())
        };
        let both = future::try_zip(send, receive);
        future::try_zip(weather, both).await.map(drop)
    });
}

#[test]
fn datagrams_do_not_cross_a_partition() {
    let sim = calm();
    sim.block_on(async {
        let (here, there) = (sim.host("here"), sim.host("there"));
        let (sender, receiver) = (here.datagram(0).unwrap(), there.datagram(7).unwrap());
        let receiver = Async::new(receiver).unwrap();
        sender.send_to(b"under way", ("there", 7)).unwrap();
        sim.partition(&here, &there);
        sender.send_to(b"sent after", ("there", 7)).unwrap();
        Timer::after(MS).await;
        sim.heal(&here, &there);
        sender.send_to(b"healed", ("there", 7)).unwrap();
        let mut buffer = [0; 20];
        let length = receiver.read_with(|socket| socket.recv(&mut buffer)).await.unwrap();
        assert_eq!(&buffer[..length], b"healed");
    });
}

#[test]
fn hosts_of_another_simulation_are_refused() {
    let (one, other) = (calm(), calm());
    let panic = std::panic::catch_unwind(|| one.partition(&one.host("a"), &other.host("b")));
    assert!(panic.is_err());
}
