//! Streams that stand: bytes, ends, bounds, resets.

use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use futures_lite::future;
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use mini_async::{Async, Timer};
use mini_executor_single_thread::LocalExecutor;
use mini_reactor_sim::{Faults, Settings, Sim, Stream, explore};

use crate::common::{calm, connected, kind, now};

fn bytes(sim: &Sim, length: u64) -> Vec<u8> {
    (0..length).map(|_| sim.random(0..256) as u8).collect()
}

#[test]
fn bytes_arrive_in_order_and_nothing_is_lost() {
    explore(0..60, |sim| async move {
        let (here, there) = connected(&sim).await?;
        let sent = bytes(&sim, 20_000);
        let send = async {
            for part in sent.chunks(1 + sim.random(0..3000) as usize) {
                (&here).write_all(part).await?;
            }
            (&here).close().await
        };
        let receive = async {
            let mut received = Vec::new();
            (&there).read_to_end(&mut received).await?;
            Ok(received)
        };
        let ((), received) = future::try_zip(send, receive).await?;
        assert!(received == sent);
        std::io::Result::Ok(())
    });
}

#[test]
fn both_directions_work_at_once_and_through_every_kind_of_access() {
    explore(0..40, |sim| async move {
        let (mut here, there) = connected(&sim).await?; // by value, and by reference
        let executor = LocalExecutor::new();
        let echo = executor.spawn(sim.named("echo", async move {
            let there = &there;
            let copied = futures_lite::io::copy(there, there).await?;
            (&*there).close().await?;
            std::io::Result::Ok(copied)
        }));
        let test = async {
            here.write_all(&[7; 5000]).await?;
            here.flush().await?;
            here.close().await?;
            let mut back = Vec::new();
            here.read_to_end(&mut back).await?;
            assert!(back == [7; 5000]);
            assert_eq!(echo.await?, 5000);
            std::io::Result::Ok(())
        };
        executor.run(test).await
    });
}

#[test]
fn a_buffer_is_bounded_and_room_wakes_the_writer() {
    let sim = Sim::new(Settings::new().faults(Faults::NONE).buffer(1000));
    sim.block_on(async {
        let (here, there) = connected(&sim).await.unwrap();
        assert_eq!((&here).write(&[1; 5000]).await.unwrap(), 1000);
        assert!(now(async { (&here).write(&[1; 1]).await }).await.is_none());
        let begin = sim.elapsed();
        let write = async {
            let written = (&here).write(&[2; 5000]).await.unwrap();
            (written, sim.elapsed() - begin)
        };
        let read = async {
            Timer::after(Duration::from_secs(1)).await;
            (&there).read_exact(&mut [0; 10]).await.unwrap();
        };
        let ((written, waited), ()) = future::zip(write, read).await;
        assert_eq!(written, 10);
        // The news of the room has to cross the link.
        assert_eq!(waited, Duration::from_micros(1_000_100));
    });
}

#[test]
fn back_pressure_reaches_through_a_relay() {
    // source -> relay -> a sink that does not read: the source must come to a stand.
    let sim = Sim::new(Settings::new().seed(3).buffer(1000));
    let executor = LocalExecutor::new_in(&sim);
    executor.block_on(async {
        let (source, relay_in) = sim.pair();
        let (relay_out, sink) = sim.pair();
        let [source, relay_in, relay_out, sink] =
            [source, relay_in, relay_out, sink].map(|end| Async::new(end).unwrap());
        executor.spawn(async move { futures_lite::io::copy(&relay_in, &relay_out).await }).detach();
        let mut written = 0;
        loop {
            let wrote = async { Some((&source).write(&[0; 100]).await.unwrap()) };
            let idle = async {
                Timer::after(Duration::from_secs(1)).await;
                None
            };
            match future::or(wrote, idle).await {
                Some(more) => written += more,
                None => break,
            }
        }
        // Two flows, and what the relay holds in its own buffer (8 KiB).
        assert!((2000..2000 + 8192 + 100).contains(&written), "{written}");
        drop(sink);
    });
}

#[test]
fn a_half_that_is_closed_is_an_end_for_the_peer_and_the_other_half_goes_on() {
    explore(0..40, |sim| async move {
        let (client, server) = connected(&sim).await?;
        let server = async {
            let mut question = String::new();
            (&server).read_to_string(&mut question).await?;
            (&server).write_all(question.to_uppercase().as_bytes()).await?;
            (&server).close().await
        };
        let client = async {
            (&client).write_all(b"question").await?;
            client.get_ref().shutdown(Shutdown::Write)?;
            assert_eq!(kind((&client).write(b"more").await), ErrorKind::BrokenPipe);
            let mut answer = String::new();
            (&client).read_to_string(&mut answer).await?;
            assert_eq!(answer, "QUESTION");
            Ok(())
        };
        future::try_zip(server, client).await.map(drop)
    });
}

#[test]
fn data_and_end_in_one_go_are_both_seen() {
    let sim = calm();
    sim.block_on(async {
        let (here, there) = connected(&sim).await.unwrap();
        (&here).write_all(b"last words").await.unwrap();
        drop(here);
        Timer::after(Duration::from_secs(1)).await;
        let mut buffer = [0; 4];
        let mut text = Vec::new();
        loop {
            match (&there).read(&mut buffer).await.unwrap() {
                0 => break,
                length => text.extend_from_slice(&buffer[..length]),
            }
        }
        assert_eq!(text, b"last words");
        assert_eq!((&there).read(&mut buffer).await.unwrap(), 0, "the end stays");
    });
}

#[test]
fn reading_that_is_shut_down_throws_away_what_comes() {
    let sim = Sim::new(Settings::new().faults(Faults::NONE).buffer(100));
    sim.block_on(async {
        let (here, there) = connected(&sim).await.unwrap();
        (&here).write_all(&[1; 50]).await.unwrap();
        Timer::after(Duration::from_secs(1)).await;
        (&here).write_all(&[2; 50]).await.unwrap(); // under way
        there.get_ref().shutdown(Shutdown::Read).unwrap();
        assert_eq!((&there).read(&mut [0; 8]).await.unwrap(), 0);
        (&here).write_all(&[3; 1000]).await.unwrap(); // ten times what the buffer holds
        (&there).write_all(b"still").await.unwrap();
        let mut buffer = [0; 5];
        (&here).read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"still");
    });
}

#[test]
fn a_peer_that_drops_what_it_has_not_read_resets() {
    let sim = calm();
    sim.block_on(async {
        let (here, there) = connected(&sim).await.unwrap();
        (&here).write_all(b"unread").await.unwrap();
        Timer::after(Duration::from_secs(1)).await;
        drop(there);
        assert_eq!(kind((&here).read(&mut [0; 8]).await), ErrorKind::ConnectionReset);
        assert_eq!((&here).read(&mut [0; 8]).await.unwrap(), 0, "it was told once");
        assert_eq!(kind((&here).write(b"x").await), ErrorKind::BrokenPipe);
        assert_eq!(kind(here.get_ref().shutdown(Shutdown::Write)), ErrorKind::NotConnected);
    });
}

#[test]
fn writing_to_a_peer_that_is_gone_ends_in_a_reset() {
    let sim = calm();
    sim.block_on(async {
        let (here, there) = connected(&sim).await.unwrap();
        drop(there);
        assert_eq!((&here).read(&mut [0; 8]).await.unwrap(), 0);
        (&here).write_all(b"for nobody").await.unwrap();
        assert_eq!((&here).read(&mut [0; 8]).await.unwrap(), 0, "the reset is on its way");
        Timer::after(Duration::from_secs(1)).await;
        assert_eq!(kind((&here).write(b"x").await), ErrorKind::ConnectionReset);
        assert_eq!(kind((&here).write(b"x").await), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_pair_has_no_latency_and_no_addresses() {
    let sim = calm();
    sim.block_on(async {
        let (here, there) = sim.pair();
        assert_eq!(kind(here.local_addr()), ErrorKind::NotConnected);
        assert_eq!(kind(here.peer_addr()), ErrorKind::NotConnected);
        let [here, there] = [here, there].map(|end| Async::new(end).unwrap());
        let read = async {
            let mut buffer = [0; 5];
            (&there).read_exact(&mut buffer).await.unwrap();
            buffer
        };
        let write = async { (&here).write_all(b"hello").await.unwrap() };
        assert_eq!(future::zip(read, write).await.0, *b"hello");
        drop(there);
        assert_eq!(kind((&here).write(b"x").await), ErrorKind::BrokenPipe);
        assert_eq!((&here).read(&mut [0; 1]).await.unwrap(), 0);
    });
    assert_eq!(sim.elapsed(), Duration::ZERO);
}

#[test]
fn a_pair_whose_other_half_does_not_read_is_a_broken_pipe() {
    let sim = calm();
    sim.block_on(async {
        let (here, there) = sim.pair();
        let here = Async::new(here).unwrap();
        while now(async { (&here).write(&[0; 4096]).await }).await.is_some() {}
        let full = async { (&here).write_all(b"x").await };
        let shut = async { there.shutdown(Shutdown::Read) };
        let (full, shut) = future::zip(full, shut).await;
        assert_eq!((kind(full), shut.is_ok()), (ErrorKind::BrokenPipe, true));
    });
}

#[test]
fn many_buffers_are_one_transfer() {
    let (mut here, mut there): (Stream, Stream) = calm().pair();
    let parts = [IoSlice::new(b"ab"), IoSlice::new(b""), IoSlice::new(b"cde")];
    assert_eq!(here.write_vectored(&parts).unwrap(), 5);
    let (mut one, mut two) = ([0; 3], [0; 3]);
    let mut parts = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
    assert_eq!(there.read_vectored(&mut parts).unwrap(), 5);
    assert_eq!((&one, &two), (b"abc", &[b'd', b'e', 0]));
    assert_eq!(there.read(&mut []).unwrap(), 0);
    assert_eq!(here.write(&[]).unwrap(), 0);
    assert_eq!(kind(there.read(&mut [0; 1])), ErrorKind::WouldBlock);
}

#[test]
fn code_that_does_its_io_past_the_registration_neither_spins_nor_hangs() {
    // As adapters of foreign traits do: wait by `readable`, and read on the object itself.
    explore(0..40, |sim| async move {
        let (here, there) = connected(&sim).await?;
        let receive = async {
            let mut received = Vec::new();
            loop {
                there.readable().await?;
                let mut buffer = [0; 16];
                match there.get_ref().read(&mut buffer) {
                    Ok(0) => return Ok(received),
                    Ok(length) => received.extend_from_slice(&buffer[..length]),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        };
        let send = async {
            for _ in 0..20 {
                here.writable().await?;
                (&here).write_all(b"0123456789").await?;
                Timer::after(Duration::from_millis(1)).await;
            }
            (&here).close().await
        };
        let ((), received) = future::try_zip(send, receive).await?;
        assert_eq!(received, b"0123456789".repeat(20));
        std::io::Result::Ok(())
    });
}

#[test]
fn a_stream_can_be_taken_out_and_wrapped_again() {
    let sim = calm();
    sim.block_on(async {
        let (here, there) = connected(&sim).await.unwrap();
        assert!(now((&there).read(&mut [0; 1])).await.is_none());
        let there = there.into_inner().unwrap();
        (&here).write_all(b"x").await.unwrap();
        let mut there = Async::new(there).unwrap();
        there.read_exact(&mut [0; 1]).await.unwrap();
        let _ = there.get_mut();
        assert!(now(there.read(&mut [0; 1])).await.is_none());
    });
}
