//! The ends of streams, and how they cross with data.

mod common;

use std::cell::Cell;
use std::io::{self, Write};
use std::time::Duration;

use common::{half_async_pair, pair, run};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
use mini_async::{Async, Timer};
use mini_reactor::{AsIo, BorrowedIo};

#[test]
fn data_and_close_in_one_event_are_both_seen() -> io::Result<()> {
    run(async {
        for waits_first in [false, true] {
            let (mut near, mut far) = half_async_pair()?;
            let mut buf = [0; 64];
            if waits_first {
                // Registered by now, so that both arrive as one edge.
                assert!(common::poll_once(near.read(&mut buf)).is_pending());
            }
            far.write_all(b"last words")?;
            drop(far);
            Timer::after(Duration::from_millis(5)).await;
            // Shorter than the buffer: nothing else may follow from that than one more attempt.
            assert_eq!(near.read(&mut buf).await?, 10);
            assert_eq!(near.read(&mut buf).await?, 0);
            assert_eq!(near.read(&mut buf).await?, 0);
        }
        Ok(())
    })
}

#[test]
fn a_close_that_comes_after_a_short_read_ends_the_wait() -> io::Result<()> {
    run(async {
        let (mut near, mut far) = half_async_pair()?;
        let mut buf = [0; 64];
        assert!(common::poll_once(near.read(&mut buf)).is_pending());
        far.write_all(b"short")?;
        assert_eq!(near.read(&mut buf).await?, 5);
        let closer = std::thread::spawn(move || drop(far));
        assert_eq!(near.read(&mut buf).await?, 0);
        closer.join().unwrap();
        Ok(())
    })
}

#[test]
fn a_readers_hang_up_fails_the_writer() -> io::Result<()> {
    run(async {
        let (mut near, far) = pair()?;
        let writer = async {
            let chunk = vec![0; 1 << 16];
            loop {
                if let Err(error) = near.write_all(&chunk).await {
                    break error;
                }
            }
        };
        let hang_up = async {
            // The writer is stuck by now or soon: nobody reads.
            Timer::after(Duration::from_millis(5)).await;
            drop(far);
        };
        let (error, ()) = future::zip(writer, hang_up).await;
        let gone = [io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset];
        assert!(gone.contains(&error.kind()), "{error:?}");
        Ok(())
    })
}

#[test]
fn a_writers_hang_up_ends_the_reader() -> io::Result<()> {
    run(async {
        let (mut near, far) = pair()?;
        let mut received = Vec::new();
        let hang_up = async {
            Timer::after(Duration::from_millis(5)).await;
            drop(far);
        };
        let (read, ()) = future::zip(near.read_to_end(&mut received), hang_up).await;
        assert_eq!(read?, 0);
        Ok(())
    })
}

#[test]
fn closing_ends_only_the_writing_half() -> io::Result<()> {
    run(async {
        let (mut near, mut far) = pair()?;
        near.write_all(b"question").await?;
        near.close().await?;
        let mut question = String::new();
        far.read_to_string(&mut question).await?;
        assert_eq!(question, "question");
        far.write_all(b"answer").await?;
        drop(far);
        let mut answer = String::new();
        near.read_to_string(&mut answer).await?;
        assert_eq!(answer, "answer");
        near.close().await
    })
}

#[test]
fn closing_ends_the_writing_half_of_a_simulated_stream_as_that_says() -> io::Result<()> {
    /// Counts the ends, and fails as it is told.
    #[derive(Default)]
    struct Simulated {
        ends: Cell<usize>,
        fails: Cell<Option<io::ErrorKind>>,
    }
    impl AsIo for Simulated {
        fn as_io(&self) -> BorrowedIo<'_> {
            BorrowedIo::virtual_object(7)
        }
        fn end_of_writing(&self) -> io::Result<()> {
            self.ends.set(self.ends.get() + 1);
            self.fails.get().map_or(Ok(()), |kind| Err(kind.into()))
        }
    }
    impl Write for Simulated {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            Ok(buf.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl Write for &Simulated {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            Ok(buf.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    run(async {
        let mut stream = Async::new(Simulated::default())?;
        stream.close().await?;
        (&stream).close().await?;
        assert_eq!(stream.get_ref().ends.get(), 2);
        stream.get_ref().fails.set(Some(io::ErrorKind::NotConnected));
        stream.close().await?; // there is nobody left to tell
        stream.get_ref().fails.set(Some(io::ErrorKind::BrokenPipe));
        let error = stream.close().await.expect_err("that is told");
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        Ok(())
    })
}
