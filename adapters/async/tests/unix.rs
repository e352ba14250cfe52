//! Unix sockets, pipes, and other things with a descriptor.
#![cfg(unix)]

mod common;

use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

use common::{poll_once, run};
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt, future};
use mini_async::{Async, Timer};

/// A path for a socket, which is removed in the end.
struct SocketPath(PathBuf);

impl SocketPath {
    fn new(name: &str) -> SocketPath {
        let file = format!("mini-async-{}-{name}", std::process::id());
        SocketPath(std::env::temp_dir().join(file))
    }
}

impl Drop for SocketPath {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn streams_connect_to_a_path() -> io::Result<()> {
    let path = SocketPath::new("stream");
    run(async {
        let listener = Async::<UnixListener>::bind(&path.0)?;
        let connect = Async::<UnixStream>::connect(&path.0);
        let (client, accepted) = future::zip(connect, listener.accept()).await;
        let (mut client, (mut server, peer)) = (client?, accepted?);
        assert!(peer.is_unnamed());
        client.write_all(b"hello").await?;
        client.close().await?;
        let mut received = String::new();
        server.read_to_string(&mut received).await?;
        assert_eq!(received, "hello");

        let _second = Async::<UnixStream>::connect(&path.0).await?;
        listener.incoming().next().await.unwrap().map(drop)
    })
}

#[test]
fn connecting_to_no_listener_says_so() -> io::Result<()> {
    let path = SocketPath::new("nobody");
    let kind = |result: io::Result<_>| result.unwrap_err().kind();
    assert_eq!(kind(run(Async::<UnixStream>::connect(&path.0))), io::ErrorKind::NotFound);
    drop(UnixListener::bind(&path.0)?);
    assert_eq!(kind(run(Async::<UnixStream>::connect(&path.0))), io::ErrorKind::ConnectionRefused);
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_queue_of_connections_is_an_error_and_no_stream() -> io::Result<()> {
    let path = SocketPath::new("full");
    let listener = rustix::net::socket(
        rustix::net::AddressFamily::UNIX,
        rustix::net::SocketType::STREAM,
        None,
    )?;
    rustix::net::bind(&listener, &rustix::net::SocketAddrUnix::new(&path.0)?)?;
    rustix::net::listen(&listener, 0)?;
    run(async {
        let _first = Async::<UnixStream>::connect(&path.0).await?;
        let second = Async::<UnixStream>::connect(&path.0).await.unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::WouldBlock);
        Ok(())
    })
}

#[test]
fn pairs_carry_data_and_its_end() -> io::Result<()> {
    run(async {
        let (mut near, mut far) = Async::<UnixStream>::pair()?;
        assert!(poll_once(far.read(&mut [0])).is_pending());
        assert_eq!(near.write_vectored(&[IoSlice::new(b"a"), IoSlice::new(b"b")]).await?, 2);
        drop(near);
        let mut received = Vec::new();
        far.read_to_end(&mut received).await?;
        assert_eq!(received, b"ab");
        let error = far.write_all(b"x").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        Ok(())
    })
}

#[test]
fn datagrams_find_paths_and_pairs() -> io::Result<()> {
    let path = SocketPath::new("datagram");
    run(async {
        let server = Async::<UnixDatagram>::bind(&path.0)?;
        let client = Async::<UnixDatagram>::unbound()?;
        let mut buf = [0; 64];
        let receive = server.recv_from(&mut buf);
        let (received, sent) = future::zip(receive, client.send_to(b"note", &path.0)).await;
        let (length, peer) = received?;
        assert_eq!((length, sent?), (4, 4));
        assert!(peer.is_unnamed());

        let (near, far) = Async::<UnixDatagram>::pair()?;
        near.send(b"").await?;
        near.send(b"two").await?;
        assert_eq!(far.recv(&mut buf).await?, 0);
        assert_eq!(far.recv(&mut buf).await?, 3);
        Ok(())
    })
}

#[test]
fn a_sender_waits_while_the_receivers_queue_is_full() -> io::Result<()> {
    run(async {
        let (near, far) = Async::<UnixDatagram>::pair()?;
        let flood = async {
            for number in 0..5000u32 {
                near.send(&number.to_le_bytes()).await?;
            }
            Ok(())
        };
        let drain = async {
            let mut buf = [0; 4];
            for number in 0..5000u32 {
                far.recv(&mut buf).await?;
                assert_eq!(u32::from_le_bytes(buf), number);
            }
            Ok(())
        };
        future::try_zip(flood, drain).await.map(|((), ())| ())
    })
}

#[test]
fn pipes_are_read_and_written_with_any_operation() -> io::Result<()> {
    run(async {
        let (reader, writer) = rustix::pipe::pipe()?;
        let (reader, writer) = (Async::new(reader)?, Async::new(writer)?);
        let write = async {
            Timer::after(Duration::from_millis(2)).await;
            writer.write_with(|fd| Ok(rustix::io::write(fd, b"through")?)).await
        };
        let mut buf = [0; 64];
        let read = reader.read_with(|fd| Ok(rustix::io::read(fd, &mut buf)?));
        let (read, written) = future::zip(read, write).await;
        assert_eq!((read?, written?), (7, 7));
        drop(writer);
        assert_eq!(reader.read_with(|fd| Ok(rustix::io::read(fd, &mut buf)?)).await?, 0);
        Ok(())
    })
}

/// A pipe as a pair of files, which read and write by shared reference.
fn pipe() -> io::Result<(File, File)> {
    let (reader, writer) = rustix::pipe::pipe()?;
    Ok((reader.into(), writer.into()))
}

#[test]
fn pipes_are_streams() -> io::Result<()> {
    run(async {
        let (reader, writer) = pipe()?;
        let (mut reader, mut writer) = (Async::new(reader)?, Async::new(writer)?);
        let sent = vec![7; 1 << 20];
        let write = async {
            writer.write_all(&sent).await?;
            writer.close().await?;
            drop(writer);
            io::Result::Ok(())
        };
        let mut received = Vec::new();
        let (written, read) = future::zip(write, reader.read_to_end(&mut received)).await;
        written?;
        assert_eq!(read?, sent.len());
        Ok(())
    })
}

#[test]
fn a_pipe_whose_reader_has_gone_is_writable_and_broken() -> io::Result<()> {
    run(async {
        let (reader, writer) = pipe()?;
        let writer = Async::new(writer)?;
        while let Ok(1..) = writer.get_ref().write(&[0; 4096]) {}
        let hang_up = async {
            Timer::after(Duration::from_millis(2)).await;
            drop(reader);
        };
        let (ready, ()) = future::zip(writer.writable(), hang_up).await;
        ready?;
        let error = writer.write_with(|mut io| io.write(b"x")).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        Ok(())
    })
}

#[test]
fn descriptors_go_in_and_out() -> io::Result<()> {
    let (near, _far) = UnixStream::pair()?;
    let raw = near.as_raw_fd();
    let near: Async<UnixStream> = OwnedFd::from(near).try_into()?;
    assert_eq!(near.as_raw_fd(), raw);
    assert_eq!(near.as_fd().as_raw_fd(), raw);
    let near: OwnedFd = near.try_into()?;
    assert_eq!(near.as_raw_fd(), raw);
    Ok(())
}

#[test]
fn standard_input_and_output_keep_their_mode() -> io::Result<()> {
    fn refused<T: AsFd + 'static>(io: T) -> io::Result<()> {
        let mode = || rustix::fs::fcntl_getfl(io::stdin());
        let before = mode()?;
        let error = Async::new(io).map(drop).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(mode()?, before);
        Ok(())
    }
    refused(io::stdin())?;
    refused(io::stdout())?;
    refused(io::stderr())
}
