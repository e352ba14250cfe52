//! Scenes with sockets and pipes.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use mini_async::{Async, Timer};
use mini_reactor::AsIo;
use rustix::pipe::{PipeFlags, pipe_with};

use crate::chance::Chance;
use crate::world::watched;

/// A connection over the loopback, with some messages, and one of several ends.
pub(crate) async fn tcp(mut chance: Chance) -> io::Result<()> {
    let listener = watched(Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0))?);
    let address = listener.get_ref().local_addr()?;
    let (client, served) =
        future::zip(Async::<TcpStream>::connect(address), listener.accept()).await;
    let (mut client, mut server) = (watched(client?), watched(served?.0));
    for _ in 0..chance.below(8) {
        let message = bytes(&mut chance, 4000);
        let mut heard = vec![0; message.len()];
        client.write_all(&message).await?;
        server.read_exact(&mut heard).await?;
        check(heard == message, "what TCP carries")?;
        server.write_all(&heard[..1]).await?;
        client.read_exact(&mut heard[..1]).await?;
    }
    match chance.below(4) {
        0 => Ok(()), // both go without a word
        1 => {
            // Data and the end in one event.
            client.write_all(b"the end").await?;
            drop(client);
            let mut rest = Vec::new();
            server.read_to_end(&mut rest).await?;
            check(rest == b"the end", "the last words")
        }
        2 => {
            client.get_ref().shutdown(Shutdown::Write)?;
            check(server.read(&mut [0; 8]).await? == 0, "the end of one direction")?;
            server.write_all(b"and back").await?;
            client.read_exact(&mut [0; 8]).await
        }
        _ => {
            // Unread data makes closing a reset.
            server.write_all(b"never read").await?;
            client.readable().await?;
            drop(client);
            let ended = server.read(&mut [0; 8]).await;
            check(ended.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset), "the reset")
        }
    }
}

/// More than the buffers hold, both ways at once.
pub(crate) async fn unix(mut chance: Chance) -> io::Result<()> {
    let (here, there) = Async::<UnixStream>::pair()?;
    let (here, there) = (watched(here), watched(there));
    let (one, other) = (bytes(&mut chance, 400_000), bytes(&mut chance, 400_000));
    let sent = future::zip(send(&here, &one), send(&there, &other));
    let received = future::zip(receive(&there, one.len()), receive(&here, other.len()));
    let ((a, b), (first, second)) = future::zip(sent, received).await;
    a.and(b)?;
    check(first? == one && second? == other, "what a pair carries both ways")
}

/// From one end of a pipe to the other, until it ends.
pub(crate) async fn pipe(mut chance: Chance) -> io::Result<()> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
    let (reader, writer) = (watched(Async::new(reader)?), watched(Async::new(writer)?));
    let message = bytes(&mut chance, 200_000);
    let sending = async {
        let result = send_to_pipe(&writer, &message).await;
        drop(writer);
        result
    };
    let receiving = async {
        let (mut all, mut part) = (Vec::new(), [0; 4096]);
        loop {
            match reader.read_with(|fd| Ok(rustix::io::read(fd, &mut part)?)).await? {
                0 => return Ok::<_, io::Error>(all),
                length => all.extend_from_slice(&part[..length]),
            }
        }
    };
    let (sent, received) = future::zip(sending, receiving).await;
    sent?;
    check(received? == message, "what a pipe carries")
}

async fn send_to_pipe(writer: &Async<OwnedFd>, mut message: &[u8]) -> io::Result<()> {
    while !message.is_empty() {
        let length = writer.write_with(|fd| Ok(rustix::io::write(fd, message)?)).await?;
        message = &message[length..];
    }
    Ok(())
}

/// Datagrams to oneself.
pub(crate) async fn udp(mut chance: Chance) -> io::Result<()> {
    let socket = watched(Async::<UdpSocket>::bind((Ipv4Addr::LOCALHOST, 0))?);
    let address = socket.get_ref().local_addr()?;
    for _ in 0..chance.below(5) {
        let message = bytes(&mut chance, 1000);
        let mut heard = [0; 1024];
        let receiving = socket.recv_from(&mut heard);
        let (sent, received) = future::zip(socket.send_to(&message, address), receiving).await;
        sent?;
        let (length, _) = received?;
        check(heard[..length] == message, "what UDP carries")?;
    }
    Ok(())
}

/// A wait for what never comes, given up; then the same object is used again.
pub(crate) async fn given_up(mut chance: Chance) -> io::Result<()> {
    let (here, there) = Async::<UnixStream>::pair()?;
    let (here, there) = (watched(here), watched(there));
    for _ in 0..chance.below(3) {
        let patience = Timer::after(Duration::from_micros(chance.next() % 2000));
        let waited = future::or(async { there.readable().await.map(|()| true) }, async {
            patience.await;
            Ok(false)
        });
        check(!waited.await?, "silence")?;
    }
    here.write_with(|mut stream| stream.write(b"x")).await?;
    check(
        there.read_with(|mut stream| stream.read(&mut [0; 4])).await? == 1,
        "a byte after silence",
    )
}

/// Waiters whose source fails, and a second registration of one object.
pub(crate) async fn ended(mut chance: Chance) -> io::Result<()> {
    let (here, there) = Async::<UnixStream>::pair()?;
    let (here, there) = (watched(here), watched(there));
    if chance.one_in(2) {
        let failing = async {
            Timer::after(Duration::from_micros(chance.next() % 500)).await;
            there.registration().source().fail(ErrorKind::BrokenPipe.into());
        };
        let waits = future::zip(there.readable(), there.readable());
        let ((first, second), ()) = future::zip(waits, failing).await;
        let broken = |result: io::Result<()>| {
            result.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe)
        };
        return check(broken(first) && broken(second), "a failure that ends every wait");
    }
    // Given back while it is registered, then used again from the start.
    future::or(async { here.readable().await.map(drop) }, future::ready(Ok(()))).await?;
    let stream = here.into_inner()?;
    let here = watched(Async::new(stream)?);
    there.write_with(|mut stream| stream.write(b"x")).await?;
    here.readable().await
}

async fn send<T: AsIo + 'static>(to: &Async<T>, mut message: &[u8]) -> io::Result<()>
where
    for<'a> &'a T: Write,
{
    while !message.is_empty() {
        let length = to.write_with(|mut io| io.write(message)).await?;
        message = &message[length..];
    }
    Ok(())
}

async fn receive<T: AsIo + 'static>(from: &Async<T>, length: usize) -> io::Result<Vec<u8>>
where
    for<'a> &'a T: Read,
{
    let (mut all, mut part) = (Vec::new(), [0; 4096]);
    while all.len() < length {
        let length = from.read_with(|mut io| io.read(&mut part)).await?;
        check(length > 0, "no end before the end")?;
        all.extend_from_slice(&part[..length]);
    }
    Ok(all)
}

/// From one to `most`, which look like nothing else.
fn bytes(chance: &mut Chance, most: usize) -> Vec<u8> {
    let length = 1 + chance.below(most);
    let pattern = chance.next().to_le_bytes();
    pattern.iter().copied().cycle().take(length).collect()
}

pub(crate) fn check(holds: bool, what: &str) -> io::Result<()> {
    if holds { Ok(()) } else { Err(io::Error::other(format!("does not hold: {what}"))) }
}
