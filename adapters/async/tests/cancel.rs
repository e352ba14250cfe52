//! Giving up: dropped futures, dropped objects, aborted tasks.

mod common;

use std::future::Future;
use std::io::{self, Write};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use common::{half_async_pair, poll_once, run};
use futures_lite::{AsyncReadExt, future};
use mini_async::{Async, Timer};

/// Counts its wake-ups.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn counting() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    (count, waker)
}

fn poll_with<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// Lets the reactor turn until what is on its way has arrived.
async fn settle() {
    Timer::after(Duration::from_millis(5)).await;
}

#[test]
fn a_dropped_wait_keeps_no_waker_and_wakes_nobody() -> io::Result<()> {
    run(async {
        let (near, mut far) = half_async_pair()?;
        let (count, waker) = counting();
        {
            let mut readable = pin!(near.readable());
            assert!(poll_with(readable.as_mut(), &waker).is_pending());
            let mut read = pin!(near.read_with(|io| io.peek(&mut [0])));
            assert!(poll_with(read.as_mut(), &waker).is_pending());
            let mut peek = Box::pin(near.read_with(|io| io.peek(&mut [0])));
            assert!(poll_with(peek.as_mut(), &waker).is_pending());
        }
        drop(waker);
        assert_eq!(Arc::strong_count(&count), 1, "a waker was left behind");
        far.write_all(b"x")?;
        settle().await;
        assert_eq!(count.0.load(Relaxed), 0);
        Ok(())
    })
}

#[test]
fn a_dropped_read_loses_no_data() -> io::Result<()> {
    run(async {
        let (near, mut far) = half_async_pair()?;
        let writer = std::thread::spawn(move || {
            for byte in 0..200u8 {
                far.write_all(&[byte])?;
                std::thread::sleep(Duration::from_micros(50));
            }
            io::Result::Ok(())
        });
        let mut received = Vec::new();
        while received.len() < 200 {
            let mut buf = [0; 3];
            let read = async {
                let length = near.read_with(|mut io| io::Read::read(&mut io, &mut buf)).await?;
                Ok(Some(length))
            };
            let give_up = async {
                future::yield_now().await;
                Ok(None)
            };
            let length: io::Result<Option<usize>> = future::or(read, give_up).await;
            match length? {
                Some(length) => received.extend_from_slice(&buf[..length]),
                None => {
                    Timer::after(Duration::from_micros(100)).await;
                }
            };
        }
        writer.join().unwrap()?;
        assert_eq!(received, (0..200).collect::<Vec<u8>>());
        Ok(())
    })
}

#[test]
fn a_dropped_wait_does_not_take_another_ones_event() -> io::Result<()> {
    run(async {
        let (near, mut far) = half_async_pair()?;
        let (count, waker) = counting();
        let mut stays = Box::pin(near.readable());
        assert!(poll_with(stays.as_mut(), &waker).is_pending());
        {
            let mut goes = pin!(near.readable());
            assert!(poll_with(goes.as_mut(), Waker::noop()).is_pending());
            far.write_all(b"x")?;
            settle().await;
            // Woken, and dropped without having looked.
        }
        assert_eq!(count.0.load(Relaxed), 1);
        assert!(matches!(poll_with(stays.as_mut(), &waker), Poll::Ready(Ok(()))));
        Ok(())
    })
}

#[test]
fn readiness_is_a_question_about_now() -> io::Result<()> {
    run(async {
        let (mut near, mut far) = half_async_pair()?;
        assert!(poll_once(near.readable()).is_pending());
        far.write_all(b"xy")?;
        near.readable().await?;
        near.readable().await?;
        assert_eq!(near.read(&mut [0]).await?, 1);
        near.readable().await?;
        assert_eq!(near.read(&mut [0]).await?, 1);
        assert!(poll_once(near.readable()).is_pending());
        Ok(())
    })
}

#[test]
fn reading_behind_the_registrations_back_neither_spins_nor_hangs() -> io::Result<()> {
    run(async {
        let (near, mut far) = half_async_pair()?;
        for _ in 0..100 {
            far.write_all(b"x")?;
            near.readable().await?;
            assert_eq!(io::Read::read(&mut near.get_ref(), &mut [0; 8])?, 1);
        }
        Ok(())
    })
}

#[test]
fn dropping_the_object_wakes_who_polled_it() -> io::Result<()> {
    run(async {
        let (near, _far) = half_async_pair()?;
        let (count, waker) = counting();
        let mut cx = Context::from_waker(&waker);
        assert!(near.poll_readable(&mut cx).is_pending());
        drop(near);
        assert_eq!(count.0.load(Relaxed), 1);
        drop(waker);
        assert_eq!(Arc::strong_count(&count), 1, "a waker was left behind");
        Ok(())
    })
}

#[test]
fn an_owned_wait_keeps_the_object_open() -> io::Result<()> {
    run(async {
        let (near, mut far) = half_async_pair()?;
        let near = Arc::new(near);
        let readable = Arc::clone(&near).readable_owned();
        let writable = Arc::clone(&near).writable_owned();
        drop(near);
        writable.await?;
        let (ready, wrote) = future::zip(readable, async { far.write_all(b"x") }).await;
        wrote?;
        ready
    })
}

#[test]
fn an_aborted_reader_leaves_the_socket_usable() -> io::Result<()> {
    run(async {
        let (near, mut far) = half_async_pair()?;
        let near = Arc::new(near);
        let stuck = {
            let near = Arc::clone(&near);
            async move { (&*near).read(&mut [0]).await }
        };
        let mut stuck = Box::pin(stuck);
        assert!(poll_once(&mut stuck).is_pending());
        drop(stuck);
        assert_eq!(Arc::strong_count(&near), 1);
        far.write_all(b"x")?;
        assert_eq!((&*near).read(&mut [0; 8]).await?, 1);
        Ok(())
    })
}

#[test]
fn an_event_that_comes_after_the_object_has_gone_is_harmless() -> io::Result<()> {
    run(async {
        for _ in 0..200 {
            let (near, mut far) = half_async_pair()?;
            assert!(poll_once(near.readable()).is_pending());
            far.write_all(b"x")?;
            drop(near);
            // The next one gets the same descriptor.
            let (near, _far) = half_async_pair()?;
            assert!(poll_once(near.readable()).is_pending());
            future::yield_now().await;
            assert!(poll_once(near.readable()).is_pending());
        }
        Ok(())
    })
}

#[test]
fn futures_can_be_sent() {
    fn check<T: Send>(_: T) {}
    let (near, _far) = half_async_pair().unwrap();
    check(near.readable());
    check(near.read_with(|io| io.peek(&mut [0])));
    check(Async::<std::net::TcpStream>::connect(([127, 0, 0, 1], 1)));
}
