//! Where one event stands for several things: what comes with it or after it must not be missed.
//!
//! Each of these once hung a reactor that took a short read, or an event's delivery, for the end of
//! readiness.
#![cfg(unix)]

mod common;

use std::future::Future;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::TcpStream;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use common::{half_async_pair, poll_once, run};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use mini_async::{Async, Timer, block_on};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};

/// Lets the reactor turn until what is on its way has arrived.
async fn settle() {
    Timer::after(Duration::from_millis(5)).await;
}

/// Registers `io` by a wait, so that all that comes later comes as events.
fn register<T: AsFd + 'static>(io: &Async<T>) {
    assert!(poll_once(io.readable()).is_pending());
}

#[test]
fn data_and_the_end_of_a_unix_stream_come_in_one_event() -> io::Result<()> {
    run(async {
        let (near, mut far) = UnixStream::pair()?;
        let mut near = Async::new(near)?;
        register(&near);
        far.write_all(b"last words")?;
        drop(far);
        settle().await;
        let mut buf = [0; 64];
        assert_eq!(near.read(&mut buf).await?, 10);
        assert_eq!(near.read(&mut buf).await?, 0);
        Ok(())
    })
}

#[test]
fn data_and_the_end_of_a_pipe_come_in_one_event() -> io::Result<()> {
    run(async {
        let (reader, writer) = rustix::pipe::pipe()?;
        let mut reader = Async::new(std::fs::File::from(reader))?;
        register(&reader);
        rustix::io::write(&writer, b"last words")?;
        drop(writer);
        settle().await;
        let mut buf = [0; 64];
        assert_eq!(reader.read(&mut buf).await?, 10);
        assert_eq!(reader.read(&mut buf).await?, 0);
        Ok(())
    })
}

#[test]
fn a_read_stops_at_the_out_of_band_mark_and_goes_on_behind_it() -> io::Result<()> {
    run(async {
        for registered in [false, true] {
            let (mut near, mut far) = half_async_pair()?;
            if registered {
                register(&near);
            }
            far.write_all(b"before")?;
            rustix::net::send(&far, b"!", SendFlags::OOB)?;
            far.write_all(b"behind")?;
            settle().await;
            let mut buf = [0; 64];
            // Shorter than the buffer, and yet there is more.
            assert_eq!(near.read(&mut buf).await?, 6);
            assert_eq!(near.read(&mut buf).await?, 6);
            assert_eq!(&buf[..6], b"behind");
            // And after that, a short read is what it was.
            far.write_all(b"more")?;
            assert_eq!(near.read(&mut buf).await?, 4);
        }
        Ok(())
    })
}

#[test]
fn priority_data_counts_as_readable() -> io::Result<()> {
    run(async {
        let (near, far) = half_async_pair()?;
        let receive = near.read_with(|io| {
            let mut byte = [0; 1];
            match rustix::net::recv(io, &mut byte, RecvFlags::OOB) {
                // What Linux says while there is none.
                Err(rustix::io::Errno::INVAL) => Err(io::ErrorKind::WouldBlock.into()),
                received => Ok((received?.0, byte)),
            }
        });
        let send = async {
            settle().await;
            rustix::net::send(&far, b"!", SendFlags::OOB)
        };
        let (received, sent) = future::zip(receive, send).await;
        sent?;
        assert_eq!(received?, (1, *b"!"));
        Ok(())
    })
}

/// Sends `bytes` and, with them, a descriptor.
fn send_with_descriptor(socket: &UnixStream, bytes: &[u8]) -> io::Result<()> {
    let passed = [socket.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    assert!(control.push(SendAncillaryMessage::ScmRights(&passed)));
    rustix::net::sendmsg(socket, &[IoSlice::new(bytes)], &mut control, SendFlags::empty())?;
    Ok(())
}

/// Receives bytes and perhaps descriptors.
fn receive(socket: &UnixStream) -> io::Result<(Vec<u8>, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut buf = vec![0; 64];
    let mut bufs = [IoSliceMut::new(&mut buf)];
    let flags = RecvFlags::empty();
    let length = rustix::net::recvmsg(socket, &mut bufs, &mut control, flags)?.bytes;
    let descriptors = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    let descriptors = descriptors.flatten().collect();
    buf.truncate(length);
    Ok((buf, descriptors))
}

#[test]
fn passed_descriptors_arrive_beside_the_data_around_them() -> io::Result<()> {
    run(async {
        let (near, mut far) = UnixStream::pair()?;
        let near = Async::new(near)?;
        register(&near);
        far.write_all(b"before")?;
        send_with_descriptor(&far, b"one")?;
        send_with_descriptor(&far, b"two")?;
        far.write_all(b"behind")?;
        settle().await;
        let (mut bytes, mut descriptors) = (Vec::new(), Vec::new());
        while bytes.len() < b"beforeonetwobehind".len() {
            let (more, passed) = near.read_with(receive).await?;
            bytes.extend(more);
            descriptors.extend(passed);
        }
        assert_eq!(bytes, b"beforeonetwobehind");
        assert_eq!(descriptors.len(), 2);
        Ok(())
    })
}

#[test]
fn a_plain_read_that_ends_at_passed_descriptors_goes_on_behind_them() -> io::Result<()> {
    run(async {
        let (near, mut far) = UnixStream::pair()?;
        let mut near = Async::new(near)?;
        register(&near);
        far.write_all(b"before")?;
        send_with_descriptor(&far, b"with")?;
        far.write_all(b"behind")?;
        settle().await;
        let (mut bytes, mut reads) = (Vec::new(), 0);
        while bytes.len() < b"beforewithbehind".len() {
            let mut buf = [0; 64];
            let length = near.read(&mut buf).await?;
            bytes.extend_from_slice(&buf[..length]);
            reads += 1;
        }
        assert_eq!(bytes, b"beforewithbehind");
        assert!(reads > 1, "the system puts no mark in the stream, and this test shows nothing");
        Ok(())
    })
}

/// Closes a socket so that the peer gets a reset.
fn reset(socket: TcpStream) -> io::Result<()> {
    rustix::net::sockopt::set_socket_linger(&socket, Some(Duration::ZERO))?;
    drop(socket);
    Ok(())
}

#[test]
fn a_peer_that_resets_fails_reader_and_writer() -> io::Result<()> {
    run(async {
        let (near, far) = half_async_pair()?;
        let chunk = vec![0; 1 << 16];
        let read = async { (&near).read(&mut [0; 8]).await };
        let write = async {
            loop {
                if let Err(error) = (&near).write(&chunk).await {
                    break error.kind();
                }
            }
        };
        let reset = async {
            settle().await; // by now the reader waits, and the writer for room
            reset(far)
        };
        let ((read, write), done) = future::zip(future::zip(read, write), reset).await;
        done?;
        // One of the two meets the error itself, the other what is left of the connection.
        let ended = [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe];
        assert!(ended.contains(&write), "{write:?}");
        match read {
            Ok(length) => assert_eq!(length, 0),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
        }
        Ok(())
    })
}

#[test]
fn data_before_a_reset_is_lost_with_an_error_and_not_with_a_hang() -> io::Result<()> {
    run(async {
        let (near, mut far) = half_async_pair()?;
        register(&near);
        far.write_all(b"never to be read")?;
        reset(far)?;
        settle().await;
        near.readable().await?;
        near.writable().await?;
        loop {
            match (&near).read(&mut [0; 4]).await {
                Ok(0) => break,
                Ok(_) => {} // some systems let what has arrived be read
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
                    break;
                }
            }
        }
        // It stays over.
        let mut buf = [0; 4];
        assert_eq!((&near).read(&mut buf).await?, 0);
        Ok(())
    })
}

#[test]
fn a_write_that_fits_in_part_is_gone_on_with_when_there_is_room() -> io::Result<()> {
    const LENGTH: usize = 1 << 20;
    run(async {
        let (near, far) = half_async_pair()?;
        rustix::net::sockopt::set_socket_send_buffer_size(&near, 16 << 10)?;
        let far = Async::new(far)?;
        let sent: Vec<u8> = (0..LENGTH).map(|i| (i % 251) as u8).collect();
        let write = async {
            let (mut left, mut short) = (&sent[..], 0);
            while !left.is_empty() {
                let length = (&near).write(left).await?;
                short += usize::from(length < left.len());
                left = &left[length..];
            }
            near.get_ref().shutdown(std::net::Shutdown::Write)?;
            io::Result::Ok(short)
        };
        let mut received = Vec::new();
        let read = async { (&far).read_to_end(&mut received).await };
        let (short, _) = future::try_zip(write, read).await?;
        assert!(short > 0, "nothing was ever short, and this test shows nothing");
        assert!(received == sent);
        Ok(())
    })
}

#[test]
fn reads_shorter_than_what_is_there_get_all_of_it() -> io::Result<()> {
    run(async {
        let (mut near, mut far) = half_async_pair()?;
        register(&near);
        let sent: Vec<u8> = (0..10_000).map(|i| (i % 251) as u8).collect();
        far.write_all(&sent)?;
        drop(far);
        settle().await;
        let mut received = Vec::new();
        for length in (1..17).cycle() {
            let mut buf = [0; 16];
            match near.read(&mut buf[..length]).await? {
                0 => break,
                length => received.extend_from_slice(&buf[..length]),
            }
        }
        assert!(received == sent);
        Ok(())
    })
}

/// A thread that drives the reactor, as long as this lives.
struct Driver {
    _end: UnixStream,
}

impl Driver {
    fn start() -> io::Result<Driver> {
        let (end, other_end) = Async::<UnixStream>::pair()?;
        std::thread::spawn(move || block_on(async { (&other_end).read(&mut [0]).await }));
        Ok(Driver { _end: end.into_inner()? })
    }
}

/// A waker that tells when an event was delivered.
#[derive(Default)]
struct Delivered(AtomicBool);

impl Wake for Delivered {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Release);
    }
}

/// Has `event` happen, and returns when it was delivered to `io`, which is not ready before.
fn deliver(io: &Async<TcpStream>, event: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let delivered = Arc::new(Delivered::default());
    let waker = Waker::from(Arc::clone(&delivered));
    let mut wait = pin!(io.readable());
    assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    event()?;
    let end = Instant::now() + Duration::from_secs(30);
    // Acquire: pairs with the Release of the waker, so that the event is seen.
    while !delivered.0.load(Acquire) {
        assert!(Instant::now() < end, "the event was not delivered");
        std::thread::sleep(Duration::from_micros(100));
    }
    Ok(())
}

#[test]
fn readiness_between_the_failed_attempt_and_the_wait_is_not_lost() -> io::Result<()> {
    let _driver = Driver::start()?;
    run(async {
        let (near, mut far) = half_async_pair()?;
        for round in 0..100 {
            // Ready by an event, and read behind the registration's back: an attempt will fail.
            deliver(&near, || far.write_all(b"-"))?;
            assert_eq!((&mut near.get_ref()).read(&mut [0; 8])?, 1);

            let mut late = true;
            let read = near.read_with(|mut io| {
                let mut buf = [0; 8];
                let result = io.read(&mut buf);
                if result.is_err() && std::mem::take(&mut late) {
                    // The attempt has failed; the task does not wait yet; the event comes and goes.
                    deliver(&near, || far.write_all(&[round]))?;
                }
                result.map(|length| (length, buf[0]))
            });
            assert_eq!(read.await?, (1, round));
            assert!(!late, "no attempt failed, and this test shows nothing");
            assert!(poll_once(near.readable()).is_pending());
        }
        Ok(())
    })
}

#[test]
fn readiness_between_two_looks_of_a_wait_is_not_lost() -> io::Result<()> {
    let _driver = Driver::start()?;
    run(async {
        let (near, mut far) = half_async_pair()?;
        for _ in 0..100 {
            let mut wait = pin!(near.readable());
            assert!(poll_once(wait.as_mut()).is_pending());
            // This one's task does not mind being woken: it learns nothing but by looking again.
            deliver(&near, || far.write_all(b"x"))?;
            assert!(poll_once(wait.as_mut()).is_ready());
            assert_eq!((&near).read(&mut [0; 8]).await?, 1);
            assert!(poll_once((&near).read(&mut [0; 8])).is_pending());
        }
        Ok(())
    })
}

#[test]
fn waiting_in_one_direction_does_not_end_the_wait_in_the_other() -> io::Result<()> {
    run(async {
        let (near, far) = UnixStream::pair()?;
        let near = Async::new(near)?;
        for _ in 0..20 {
            while (&mut near.get_ref()).write(&[0; 4096]).is_ok() {}
            let mut readable = pin!(near.readable());
            let mut writable = pin!(near.writable());
            // Reading first, then both, then writing alone: each asks the system anew.
            assert!(poll_once(readable.as_mut()).is_pending());
            assert!(poll_once(writable.as_mut()).is_pending());
            settle().await;
            assert!(poll_once(readable.as_mut()).is_pending());

            far.set_nonblocking(true)?;
            while (&mut &far).read(&mut [0; 4096]).is_ok() {}
            writable.as_mut().await?;
            assert!(poll_once(readable.as_mut()).is_pending());
            (&mut &far).write_all(b"x")?;
            readable.as_mut().await?;
            assert_eq!((&near).read(&mut [0; 8]).await?, 1);
        }
        Ok(())
    })
}

#[test]
fn a_peer_dropped_by_another_thread_ends_the_read() -> io::Result<()> {
    for _ in 0..200 {
        let (mut near, far) = half_async_pair()?;
        let dropping = std::thread::spawn(move || drop(far));
        assert_eq!(run(near.read(&mut [0; 8]))?, 0);
        dropping.join().expect("dropping a socket does not panic");
    }
    Ok(())
}
