//! Pipes.

use std::io::{ErrorKind, Write};

use futures_lite::future;
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use mini_async::Async;
use mini_reactor_sim::{Faults, Settings, Sim, explore};

use crate::common::{calm, kind, now};

#[test]
fn a_pipe_carries_bytes_and_its_end() {
    explore(0..40, |sim| async move {
        let (reader, writer) = sim.pipe();
        let (reader, mut writer) = (Async::new(reader)?, Async::new(writer)?);
        let write = async move {
            for number in 0..100_u8 {
                writer.write_all(&[number; 100]).await?;
            }
            std::io::Result::Ok(())
        };
        let read = async {
            let mut received = Vec::new();
            (&reader).read_to_end(&mut received).await?;
            Ok(received)
        };
        let ((), received) = future::try_zip(write, read).await?;
        assert!(received.chunks(100).enumerate().all(|(n, part)| part == [n as u8; 100]));
        std::io::Result::Ok(())
    });
}

#[test]
fn a_full_pipe_blocks_until_it_is_read() {
    let sim = Sim::new(Settings::new().faults(Faults::NONE).buffer(8));
    sim.block_on(async {
        let (reader, writer) = sim.pipe();
        let (reader, writer) = (Async::new(reader).unwrap(), Async::new(writer).unwrap());
        assert_eq!((&writer).write(b"0123456789").await.unwrap(), 8);
        let write = async { (&writer).write_all(b"89").await };
        let read = async { (&reader).read_exact(&mut [0; 10]).await };
        future::try_zip(write, read).await.unwrap();
    });
}

#[test]
fn a_pipe_without_a_reader_is_broken() {
    let sim = calm();
    sim.block_on(async {
        let (reader, mut writer) = sim.pipe();
        while writer.write(&[0; 4096]).is_ok() {}
        let writer = Async::new(writer).unwrap();
        assert!(now((&writer).write(b"x")).await.is_none());
        drop(reader); // with bytes in it
        assert_eq!(kind((&writer).write(b"x").await), ErrorKind::BrokenPipe);
    });
}
