//! TCP streams and listeners.

mod common;

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use common::{half_async_pair, pair, run, tcp_listener};
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt, future};
use mini_async::{Async, Timer};

#[test]
fn connect_and_accept_meet_and_know_each_other() -> io::Result<()> {
    run(async {
        let listener = tcp_listener()?;
        let address = listener.get_ref().local_addr()?;
        let (client, accepted) =
            future::zip(Async::<TcpStream>::connect(address), listener.accept()).await;
        let (client, (server, peer)) = (client?, accepted?);
        assert_eq!(client.get_ref().peer_addr()?, address);
        assert_eq!(client.get_ref().local_addr()?, peer);
        assert_eq!(server.get_ref().peer_addr()?, peer);
        assert!(client.get_ref().take_error()?.is_none());
        Ok(())
    })
}

#[test]
fn connecting_to_nobody_is_refused() -> io::Result<()> {
    // A port that was free a moment ago, and that nobody gets who asks for any.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let refused = run(Async::<TcpStream>::connect(address)).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    Ok(())
}

#[test]
fn connecting_to_an_unroutable_address_fails_with_the_systems_error() {
    // A broadcast address is no peer for a stream.
    let error = run(Async::<TcpStream>::connect(([255, 255, 255, 255], 9))).unwrap_err();
    assert!(error.raw_os_error().is_some(), "{error:?}");
}

#[test]
fn a_connect_that_nobody_answers_waits_and_can_be_given_up() -> io::Result<()> {
    run(async {
        // A listener that accepts nothing: once its queue is full, connections are not answered.
        let listener = rustix::net::socket(
            rustix::net::AddressFamily::INET,
            rustix::net::SocketType::STREAM,
            None,
        )?;
        rustix::net::bind(&listener, &std::net::SocketAddr::from(([127, 0, 0, 1], 0)))?;
        rustix::net::listen(&listener, 1)?;
        let listener = TcpListener::from(listener);
        let address = listener.local_addr()?;

        let mut queued = Vec::new();
        for _ in 0..16 {
            let connect = async { Some(Async::<TcpStream>::connect(address).await) };
            let give_up = async {
                Timer::after(Duration::from_millis(50)).await;
                None
            };
            match future::or(connect, give_up).await {
                Some(stream) => queued.push(stream?),
                None => break,
            }
        }
        assert!(queued.len() < 16, "the queue takes more than was asked for");

        // Room in the queue lets a connect come through, after its first answer was lost.
        drop(listener.accept()?);
        drop(listener.accept()?);
        drop(Async::<TcpStream>::connect(address).await?);
        Ok(())
    })
}

#[test]
fn what_is_peeked_is_read_again() -> io::Result<()> {
    run(async {
        let (mut near, mut far) = half_async_pair()?;
        far.write_all(b"hello")?;
        let mut buf = [0; 5];
        assert_eq!(near.peek(&mut buf[..2]).await?, 2);
        assert_eq!(&buf[..2], b"he");
        near.read_exact(&mut buf).await?;
        assert_eq!(&buf, b"hello");
        drop(far);
        assert_eq!(near.peek(&mut buf).await?, 0);
        Ok(())
    })
}

/// The most a socket buffer grows to is far below this.
const MUCH: usize = 16 << 20;

#[test]
fn both_directions_of_one_socket_run_at_once() -> io::Result<()> {
    run(async {
        let (near, far) = pair()?;
        let sent: Vec<u8> = (0..MUCH).map(|i| (i % 251) as u8).collect();
        let write_and_close = async |stream: &Async<TcpStream>| {
            let mut stream = stream;
            stream.write_all(&sent).await?;
            stream.close().await
        };
        let read_all = async |stream: &Async<TcpStream>| {
            let (mut stream, mut received) = (stream, Vec::new());
            stream.read_to_end(&mut received).await.map(|_| received)
        };
        let near_ends = future::try_zip(write_and_close(&near), read_all(&near));
        let far_ends = future::try_zip(write_and_close(&far), read_all(&far));
        let (((), near_received), ((), far_received)) =
            future::try_zip(near_ends, far_ends).await?;
        assert!(near_received == sent && far_received == sent);
        Ok(())
    })
}

#[test]
fn data_that_comes_after_a_short_read_ends_the_wait() -> io::Result<()> {
    run(async {
        let (mut near, far) = half_async_pair()?;
        let echo = std::thread::spawn(move || {
            let (mut reader, mut writer) = (&far, &far);
            io::copy(&mut reader, &mut writer)
        });
        let mut buf = [0; 64];
        for length in (1..32).cycle().take(500) {
            near.write_all(&[length as u8; 32][..length]).await?;
            let mut received = 0;
            while received < length {
                received += near.read(&mut buf).await?;
            }
            assert_eq!(received, length);
        }
        near.close().await?;
        assert_eq!(near.read(&mut buf).await?, 0);
        assert_eq!(echo.join().unwrap()?, (1..32).cycle().take(500).sum::<usize>() as u64);
        Ok(())
    })
}

#[test]
fn every_one_of_several_readers_wakes() -> io::Result<()> {
    run(async {
        let (near, mut far) = half_async_pair()?;
        let reader = async || {
            let mut byte = [0];
            (&near).read_exact(&mut byte).await.map(|()| byte[0])
        };
        let writer = async {
            // The readers wait by now: they were polled first.
            far.write_all(b"ab")
        };
        let (first_two, third) = future::zip(future::zip(reader(), reader()), writer).await;
        third?;
        let mut received = [first_two.0?, first_two.1?];
        received.sort_unstable();
        assert_eq!(&received, b"ab");

        // End of stream is for all of them.
        let ends = future::zip(reader(), reader());
        let (ends, ()) = future::zip(ends, async { drop(far) }).await;
        for end in [ends.0, ends.1] {
            assert_eq!(end.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        }
        Ok(())
    })
}

#[test]
fn two_threads_wait_on_one_socket() -> io::Result<()> {
    let (near, mut far) = half_async_pair()?;
    let near = Arc::new(near);
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let near = Arc::clone(&near);
            std::thread::spawn(move || {
                let mut byte = [0];
                run((&*near).read_exact(&mut byte)).map(|()| byte[0])
            })
        })
        .collect();
    for byte in [1, 2] {
        std::thread::sleep(Duration::from_millis(5));
        far.write_all(&[byte])?;
    }
    let received: Vec<u8> = readers.into_iter().map(|r| r.join().unwrap().unwrap()).collect();
    assert_eq!(received.iter().sum::<u8>(), 3);
    Ok(())
}

#[test]
fn many_buffers_are_written_and_read_in_one_operation() -> io::Result<()> {
    run(async {
        let (mut near, mut far) = pair()?;
        let bufs = [IoSlice::new(b"to"), IoSlice::new(b""), IoSlice::new(b"gether")];
        assert_eq!(near.write_vectored(&bufs).await?, 8);
        let (mut head, mut tail) = ([0; 3], [0; 16]);
        let mut bufs = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut tail)];
        assert_eq!(far.read_vectored(&mut bufs).await?, 8);
        assert_eq!((&head, &tail[..5]), (b"tog", b"ether".as_slice()));
        Ok(())
    })
}

#[test]
fn a_listener_accepts_one_after_the_other() -> io::Result<()> {
    run(async {
        let listener = tcp_listener()?;
        let address = listener.get_ref().local_addr()?;
        let clients = std::thread::spawn(move || {
            (0..100u8)
                .map(|i| {
                    let mut stream = TcpStream::connect(address)?;
                    stream.write_all(&[i])?;
                    let mut answer = [0];
                    stream.read_exact(&mut answer)?;
                    Ok(answer[0])
                })
                .collect::<io::Result<Vec<u8>>>()
        });
        let mut incoming = listener.incoming().take(100);
        while let Some(stream) = incoming.next().await {
            let mut stream = stream?;
            let mut question = [0];
            stream.read_exact(&mut question).await?;
            stream.write_all(&[question[0] + 1]).await?;
        }
        assert_eq!(clients.join().unwrap()?, (1..=100).collect::<Vec<u8>>());
        Ok(())
    })
}

#[test]
fn a_socket_given_back_works_and_can_be_made_async_again() -> io::Result<()> {
    run(async {
        let (mut near, mut far) = half_async_pair()?;
        assert!(common::poll_once(near.read(&mut [0])).is_pending());
        let near_again = near.into_inner()?;
        let mut near_again = Async::new(near_again)?;
        assert!(common::poll_once(near_again.read(&mut [0])).is_pending());
        far.write_all(b"x")?;
        assert_eq!(near_again.read(&mut [0; 8]).await?, 1);
        Ok(())
    })
}

#[cfg(unix)]
#[test]
fn a_socket_registered_twice_is_an_error_for_the_second() -> io::Result<()> {
    use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

    /// The same descriptor, lent to two.
    #[derive(Clone)]
    struct Shared(Arc<OwnedFd>);
    impl AsFd for Shared {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }
    }

    run(async {
        let (near, far) = half_async_pair()?;
        let near = Shared(Arc::new(near.into_inner()?.into()));
        let (first, second) = (Async::new(near.clone())?, Async::new(near)?);
        assert!(common::poll_once(first.readable()).is_pending());
        let error = second.readable().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        drop(far);
        first.readable().await
    })
}

#[test]
fn a_busy_socket_lets_other_tasks_run() -> io::Result<()> {
    run(async {
        let (near, mut far) = half_async_pair()?;
        far.write_all(&[0; 4096])?;
        Timer::after(Duration::from_millis(5)).await;
        // Byte for byte there is always something to read; the other branch gets its turn anyway.
        let greedy = async {
            for _ in 0..4096 {
                (&near).read_exact(&mut [0]).await?;
            }
            Ok::<_, io::Error>("greedy")
        };
        let mut polls = 0;
        let counter = std::future::poll_fn(|_| {
            polls += 1;
            if polls > 4 { std::task::Poll::Ready(Ok("counter")) } else { std::task::Poll::Pending }
        });
        assert_eq!(future::or(greedy, counter).await?, "counter");
        Ok(())
    })
}
