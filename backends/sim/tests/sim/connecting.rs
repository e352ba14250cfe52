//! How streams begin: connect, accept, refusal, and nobody who answers.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_lite::future;
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use mini_async::{Async, Timer};
use mini_executor_single_thread::LocalExecutor;
use mini_reactor_sim::explore;

use crate::common::{accept, calm, connect, connected, kind, now};

#[test]
fn a_connection_stands_after_one_round_trip() {
    let sim = calm();
    sim.block_on(async {
        let (client, server) = connected(&sim).await.unwrap();
        assert_eq!(sim.elapsed(), Duration::from_micros(200));
        let (there, back) = (client.get_ref().peer_addr().unwrap(), server.get_ref());
        assert_eq!(there, back.local_addr().unwrap());
        assert_eq!(client.get_ref().local_addr().unwrap(), back.peer_addr().unwrap());
        assert_eq!(there, SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 80));
    });
}

#[test]
fn a_connection_may_be_used_before_it_stands() {
    explore(0..40, |sim| async move {
        let (server, client) = (sim.host("server"), sim.host("client"));
        let listener = Async::new(server.listen(80)?)?;
        let client = async {
            let mut stream = Async::new(client.connect(("server", 80))?)?;
            stream.write_all(b"at once").await?;
            stream.close().await
        };
        let server = async {
            let mut text = String::new();
            accept(&listener).await?.read_to_string(&mut text).await?;
            assert_eq!(text, "at once");
            Ok(())
        };
        future::try_zip(client, server).await.map(drop)
    });
}

#[test]
fn a_port_without_a_listener_refuses() {
    let sim = calm();
    sim.block_on(async {
        let (server, client) = (sim.host("server"), sim.host("client"));
        assert_eq!(kind(connect(&client, &server).await), ErrorKind::ConnectionRefused);
        let stream = Async::new(client.connect((&server, 80)).unwrap()).unwrap();
        assert_eq!(kind((&stream).read(&mut [0; 1]).await), ErrorKind::ConnectionRefused);
        let told = stream.write_with(|stream| stream.established()).await;
        assert_eq!(kind(told), ErrorKind::NotConnected, "it was told once");
        drop(server.listen(80).unwrap());
        assert_eq!(kind(connect(&client, &server).await), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn nobody_who_answers_is_a_timeout_after_127_seconds() {
    let sim = calm();
    sim.block_on(async {
        let (server, client) = (sim.host("server"), sim.host("client"));
        let _listener = server.listen(80).unwrap();
        sim.partition(&server, &client);
        assert_eq!(kind(connect(&client, &server).await), ErrorKind::TimedOut);
        assert_eq!(sim.elapsed(), Duration::from_secs(127));
    });
}

#[test]
fn a_connection_that_stands_leaves_no_timeout_behind() {
    let sim = calm();
    sim.block_on(async {
        let _ends = connected(&sim).await.unwrap();
        Timer::after(Duration::from_secs(1)).await;
    });
    assert!(sim.elapsed() < Duration::from_secs(2));
    let report = std::panic::catch_unwind(|| sim.block_on(std::future::pending::<()>()));
    let report = *report.expect_err("it can never go on").downcast::<String>().unwrap();
    assert!(report.starts_with("deadlock at 1.000300000 s"), "{report}"); // the ends arrive
}

#[test]
fn a_client_that_gives_up_is_an_end_for_the_server() {
    let sim = calm();
    sim.block_on(async {
        let (server, client) = (sim.host("server"), sim.host("client"));
        let listener = Async::new(server.listen(80).unwrap()).unwrap();
        let asking = client.connect(("server", 80)).unwrap();
        Timer::after(Duration::from_micros(150)).await; // the answer is on its way
        drop(asking);
        let mut stream = accept(&listener).await.unwrap();
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
        // And one that gave up before the question arrived is not heard of at all.
        drop(client.connect(("server", 80)).unwrap());
        Timer::after(Duration::from_secs(1)).await;
        assert!(now(accept(&listener)).await.is_none());
    });
}

#[test]
fn a_listener_that_goes_resets_who_was_not_accepted() {
    let sim = calm();
    sim.block_on(async {
        let (server, client) = (sim.host("server"), sim.host("client"));
        let listener = server.listen(80).unwrap();
        let stream = connect(&client, &server).await.unwrap();
        drop(listener);
        assert_eq!(kind((&stream).read(&mut [0; 1]).await), ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_full_queue_has_the_client_ask_again() {
    let sim = calm();
    let executor = LocalExecutor::new_in(&sim);
    executor.block_on(async {
        let (server, client) = (sim.host("server"), sim.host("client"));
        let listener = Async::new(server.listen(80).unwrap()).unwrap();
        let mut queued = Vec::new();
        for _ in 0..128 {
            queued.push(connect(&client, &server).await.unwrap());
        }
        let begin = sim.elapsed();
        let sim = &sim;
        let late = executor.spawn(async move {
            let _stream = connect(&client, &server).await.unwrap();
            sim.elapsed() - begin
        });
        Timer::after(Duration::from_millis(1)).await;
        let _accepted = accept(&listener).await.unwrap();
        let waited = late.await;
        assert!(waited > Duration::from_secs(1) && waited < Duration::from_secs(2), "{waited:?}");
    });
}

#[test]
fn every_client_is_accepted_by_one_of_several_tasks() {
    explore(0..30, |sim| async move {
        let (server, client) = (sim.host("server"), sim.host("client"));
        let listener = Async::new(server.listen(80)?)?;
        let executor = LocalExecutor::new();
        let mut tasks = Vec::new();
        let (counted, counts) = async_channel::unbounded();
        for number in 0..4 {
            let (listener, counted) = (&listener, counted.clone());
            let serve = async move {
                loop {
                    let mut stream = accept(listener).await?;
                    stream.write_all(b"!").await?;
                    counted.send(number).await.unwrap();
                }
            };
            let name = format!("server {number}");
            tasks.push(executor.spawn(sim.named(&name, async move {
                let ended: io::Result<()> = serve.await;
                ended
            })));
        }
        executor
            .run(async {
                for _ in 0..20 {
                    let mut stream = connect(&client, &server).await?;
                    stream.read_exact(&mut [0]).await?;
                    counts.recv().await.unwrap();
                }
                io::Result::Ok(())
            })
            .await
    });
}

#[test]
fn ports_are_taken_by_one_and_freed_by_dropping() {
    let sim = calm();
    let host = sim.host("host");
    let first = host.listen(80).unwrap();
    assert_eq!(kind(host.listen(80)), ErrorKind::AddrInUse);
    assert!(sim.host("other").listen(80).is_ok());
    drop(first);
    let (any, another) = (host.listen(0).unwrap(), host.listen(0).unwrap());
    let (any, another) = (any.local_addr().unwrap(), another.local_addr().unwrap());
    assert!(any.port() >= 49152 && any.port() != another.port());
    assert!(host.listen(80).is_ok());
}

#[test]
fn hosts_are_the_same_by_their_names_and_reached_by_name_or_address() {
    let sim = calm();
    let (server, client) = (sim.host("server"), sim.host("client"));
    assert_eq!(sim.host("server").ip(), server.ip());
    assert_eq!((server.name(), client.name()), ("server", "client"));
    assert_ne!(server.ip(), client.ip());
    assert_eq!(kind(client.connect(("nobody", 80))), ErrorKind::NotFound);
    let nobody = SocketAddr::from(([192, 168, 0, 1], 80));
    assert_eq!(kind(client.connect(nobody)), ErrorKind::NotFound);
    sim.block_on(async {
        let listener = Async::new(server.listen(80).unwrap()).unwrap();
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
        for connect in [
            client.connect(("server", 80)),
            client.connect((&server, 80)),
            client.connect(SocketAddr::new(server.ip(), 80)),
            server.connect(loopback),
        ] {
            let stream = Async::new(connect.unwrap()).unwrap();
            let connected = stream.write_with(|stream| stream.established());
            future::try_zip(connected, accept(&listener)).await.unwrap();
        }
    });
}
