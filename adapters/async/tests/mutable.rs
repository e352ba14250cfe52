//! Objects that read and write through `&mut self`, in code without `unsafe`: whatever they do with
//! their descriptor, the reactor keeps up.
#![cfg(unix)]
#![forbid(unsafe_code)]

mod common;

use std::future::{Future, poll_fn};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::pin::{Pin, pin};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use common::{poll_once, run};
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, future};
use mini_async::{Async, Timer};

/// A stream that can be used only through `&mut self`, and counts how often it was tried.
struct Exclusive {
    io: UnixStream,
    attempts: usize,
}

impl Exclusive {
    fn pair() -> io::Result<(Async<Exclusive>, UnixStream)> {
        let (near, far) = UnixStream::pair()?;
        Ok((Async::new(Exclusive::new(near))?, far))
    }

    fn new(io: UnixStream) -> Exclusive {
        Exclusive { io, attempts: 0 }
    }

    fn read_byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        match self.read(&mut byte)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(byte[0]),
        }
    }
}

impl AsFd for Exclusive {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

impl AsRawFd for Exclusive {
    fn as_raw_fd(&self) -> RawFd {
        self.io.as_raw_fd()
    }
}

impl Read for Exclusive {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.attempts += 1;
        (&self.io).read(buf)
    }
}

impl Write for Exclusive {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.attempts += 1;
        (&self.io).write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn nonblocking_pair() -> io::Result<(UnixStream, UnixStream)> {
    let (near, far) = UnixStream::pair()?;
    near.set_nonblocking(true)?;
    Ok((near, far))
}

/// Counts its wake-ups.
#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn get(&self) -> usize {
        self.0.load(Relaxed)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Lets the reactor turn until what is on its way has arrived.
async fn settle() {
    Timer::after(Duration::from_millis(5)).await;
}

#[test]
fn an_operation_through_mut_waits_until_it_succeeds() -> io::Result<()> {
    run(async {
        let (mut near, mut far) = Exclusive::pair()?;
        for byte in 0..100 {
            let write = async {
                future::yield_now().await;
                far.write_all(&[byte])
            };
            let (read, written) =
                future::zip(near.read_with_mut(Exclusive::read_byte), write).await;
            written?;
            assert_eq!(read?, byte);
        }
        // The first attempt of each, and one after each wait.
        assert!(near.get_ref().attempts <= 200, "{} attempts", near.get_ref().attempts);
        Ok(())
    })
}

#[test]
fn a_write_through_mut_waits_for_the_reader() -> io::Result<()> {
    const LENGTH: usize = 1 << 20;
    run(async {
        let (mut near, far) = Exclusive::pair()?;
        let far = Async::new(far)?;
        let write = async {
            let mut left = LENGTH;
            while left > 0 {
                left -= near.write_with_mut(|io| io.write(&[7; 4096][..left.min(4096)])).await?;
            }
            near.get_mut().io.shutdown(std::net::Shutdown::Write)
        };
        let mut received = Vec::new();
        let read = async { (&far).read_to_end(&mut received).await };
        let (written, read) = future::zip(write, read).await;
        written?;
        assert_eq!(read?, LENGTH);
        Ok(())
    })
}

#[test]
fn a_type_that_reads_through_mut_is_a_stream() -> io::Result<()> {
    run(async {
        let (mut near, far) = Exclusive::pair()?;
        let mut far = Async::new(far)?;
        let echo = async {
            let mut received = [0; 8];
            far.read_exact(&mut received).await?;
            far.write_all(&received).await?;
            far.close().await
        };
        let ask = async {
            near.write_all(b"question").await?;
            near.flush().await?;
            let mut answer = Vec::new();
            near.read_to_end(&mut answer).await?;
            near.close().await?;
            Ok(answer)
        };
        let (echoed, answer) = future::zip(echo, ask).await;
        echoed?;
        answer.map(|answer: Vec<u8>| assert_eq!(answer, b"question"))
    })
}

#[test]
fn the_halves_of_a_stream_that_needs_mut_do_not_disturb_each_other() -> io::Result<()> {
    const LENGTH: usize = 4 << 20; // more than the other end takes in its rounds
    run(async {
        let (near, far) = Exclusive::pair()?;
        let far = Async::new(far)?;
        let near = std::cell::RefCell::new(near);
        // Both wait at times: the far end writes slowly and reads slowly.
        let write = async {
            let mut left = LENGTH;
            while left > 0 {
                let chunk = &[7; 4096][..left.min(4096)];
                left -=
                    poll_fn(|cx| Pin::new(&mut *near.borrow_mut()).poll_write(cx, chunk)).await?;
            }
            io::Result::Ok(())
        };
        let read = async {
            for expected in 0..50 {
                let mut buf = [0];
                let length =
                    poll_fn(|cx| Pin::new(&mut *near.borrow_mut()).poll_read(cx, &mut buf)).await?;
                assert_eq!((length, buf[0]), (1, expected));
            }
            io::Result::Ok(())
        };
        let other_end = async {
            let (mut received, mut buf) = (0, vec![0; 32 << 10]);
            for byte in 0..50 {
                (&far).write_all(&[byte]).await?;
                received += (&far).read(&mut buf).await?;
                future::yield_now().await;
            }
            while received < LENGTH {
                received += (&far).read(&mut buf).await?;
            }
            io::Result::Ok(())
        };
        future::try_zip(future::try_zip(write, read), other_end).await?;
        Ok(())
    })
}

#[test]
fn an_attempt_of_one_half_does_not_end_the_wait_of_the_other() -> io::Result<()> {
    run(async {
        let (mut near, far) = Exclusive::pair()?;
        far.set_nonblocking(true)?;
        let (reader, writer) = (Arc::new(Count::default()), Arc::new(Count::default()));
        let (read_waker, write_waker) =
            (Waker::from(Arc::clone(&reader)), Waker::from(Arc::clone(&writer)));
        let (mut read_cx, mut write_cx) =
            (Context::from_waker(&read_waker), Context::from_waker(&write_waker));
        for _ in 0..10 {
            let mut near = Pin::new(&mut near);
            assert!(near.as_mut().poll_read(&mut read_cx, &mut [0]).is_pending());
            // Twice, because `Pending` can also be a break after a long streak.
            while near.as_mut().poll_write(&mut write_cx, &[0; 4096]).is_ready() {}
            settle().await;
            while near.as_mut().poll_write(&mut write_cx, &[0; 4096]).is_ready() {}
            let before = (reader.get(), writer.get());
            assert!(near.as_mut().poll_read(&mut read_cx, &mut [0]).is_pending());
            assert!(near.as_mut().poll_write(&mut write_cx, &[0; 4096]).is_pending());
            settle().await;
            assert_eq!((reader.get(), writer.get()), before);
            while (&far).read(&mut [0; 65536]).is_ok() {}
            settle().await;
            assert_eq!(writer.get(), before.1 + 1);
        }
        Ok(())
    })
}

#[test]
fn what_is_left_in_an_objects_own_buffer_is_read_without_a_wait() -> io::Result<()> {
    struct Buffered(io::BufReader<UnixStream>);
    impl AsFd for Buffered {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.get_ref().as_fd()
        }
    }
    impl Read for Buffered {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.0.read(buf)
        }
    }
    run(async {
        let (near, mut far) = UnixStream::pair()?;
        let mut near = Async::new(Buffered(io::BufReader::new(near)))?;
        assert!(poll_once(near.read(&mut [0])).is_pending());
        far.write_all(b"abc")?;
        assert_eq!(near.read(&mut [0]).await?, 1);
        // The descriptor has nothing left, which the reactor knows by now; the buffer has.
        assert!(poll_once(near.readable()).is_pending());
        assert!(poll_once(near.read(&mut [0])).is_ready());
        assert!(matches!(poll_once(near.read(&mut [0])), Poll::Ready(Ok(1))));
        assert!(poll_once(near.read(&mut [0])).is_pending());
        Ok(())
    })
}

#[test]
fn an_operation_that_swaps_the_descriptor_waits_for_the_new_one() -> io::Result<()> {
    run(async {
        let (mut near, mut first_far) = Exclusive::pair()?;
        first_far.set_nonblocking(true)?;
        let (second, mut second_far) = nonblocking_pair()?;
        let mut second = Some(second);
        assert!(poll_once(near.read_with_mut(Exclusive::read_byte)).is_pending());
        let read = near.read_with_mut(|io| {
            if let Some(second) = second.take() {
                io.io = second;
            }
            io.read_byte()
        });
        let write = async {
            settle().await;
            // The first one was closed when it was replaced: nobody keeps it open in secret.
            assert_eq!(first_far.read(&mut [0])?, 0);
            second_far.write_all(b"2")
        };
        let (read, written) = future::zip(read, write).await;
        written?;
        assert_eq!(read?, b'2');
        Ok(())
    })
}

#[test]
fn swapping_at_every_attempt_confuses_nobody() -> io::Result<()> {
    run(async {
        let (mut left, mut left_far) = Exclusive::pair()?;
        let (mut right, mut right_far) = Exclusive::pair()?;
        for round in 0..20 {
            for object in [&mut left, &mut right] {
                assert!(poll_once(object.read_with_mut(Exclusive::read_byte)).is_pending());
            }
            // Each registered, they change places, and what they were stays open in the other.
            std::mem::swap(&mut left.get_mut().io, &mut right.get_mut().io);
            std::mem::swap(&mut left_far, &mut right_far);
            let reads = future::zip(
                left.read_with_mut(Exclusive::read_byte),
                right.read_with_mut(Exclusive::read_byte),
            );
            let writes = async {
                future::yield_now().await;
                left_far.write_all(&[round])?;
                right_far.write_all(&[round + 100])
            };
            let ((from_left, from_right), written) = future::zip(reads, writes).await;
            written?;
            assert_eq!((from_left?, from_right?), (round, round + 100));
        }
        Ok(())
    })
}

#[test]
fn get_mut_allows_closing_one_descriptor_and_opening_another_of_the_same_number() -> io::Result<()>
{
    /// The number of a descriptor that is closed is given out again; other tests of this process
    /// may take it first.
    const TRIES: usize = 50;
    run(async {
        let mut same = 0;
        for _ in 0..TRIES {
            let (near, _first_far) = UnixStream::pair()?;
            let mut near = Async::new(Replaceable(Some(Exclusive::new(near))))?;
            assert!(poll_once(near.readable()).is_pending());
            let number = near.get_ref().as_raw_fd();
            let (second, mut second_far) = nonblocking_pair()?;
            let second = second.try_clone()?;
            let place = near.get_mut();
            place.0 = None;
            let again = second.try_clone()?;
            same += usize::from(again.as_raw_fd() == number);
            place.0 = Some(Exclusive::new(again));
            drop(second);
            assert!(poll_once(near.readable()).is_pending());
            second_far.write_all(b"x")?;
            near.readable().await?;
        }
        assert!(same > 0, "no number was used again in {TRIES} tries");
        Ok(())
    })
}

/// An object with a descriptor, except for a moment within `get_mut`.
struct Replaceable(Option<Exclusive>);

impl AsFd for Replaceable {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_ref().expect("only `get_mut` empties it, and fills it again").as_fd()
    }
}

impl AsRawFd for Replaceable {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

#[test]
fn a_poll_that_was_pending_when_the_object_was_lent_out_is_woken() -> io::Result<()> {
    run(async {
        let (mut near, mut far) = Exclusive::pair()?;
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut cx = Context::from_waker(&waker);
        assert!(near.poll_readable(&mut cx).is_pending());
        near.get_mut().attempts = 0;
        assert_eq!(count.get(), 1);
        // It polls again, which is a wait for what the object is now.
        assert!(near.poll_readable(&mut cx).is_pending());
        far.write_all(b"x")?;
        settle().await;
        assert_eq!(count.get(), 2);
        assert!(matches!(near.poll_readable(&mut cx), Poll::Ready(Ok(()))));
        Ok(())
    })
}

#[test]
fn a_dropped_operation_through_mut_keeps_no_waker() -> io::Result<()> {
    run(async {
        let (mut near, _far) = Exclusive::pair()?;
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        {
            let mut read = pin!(near.read_with_mut(Exclusive::read_byte));
            assert!(read.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        drop(waker);
        assert_eq!(Arc::strong_count(&count), 1, "a waker was left behind");
        Ok(())
    })
}

#[test]
fn an_object_that_was_lent_out_is_given_back_alone() -> io::Result<()> {
    run(async {
        let (mut near, mut far) = Exclusive::pair()?;
        far.set_nonblocking(true)?;
        assert!(poll_once(near.read_with_mut(Exclusive::read_byte)).is_pending());
        drop(near.into_inner()?);
        // Had the duplicate stayed open, this would have to wait.
        assert_eq!(far.read(&mut [0])?, 0);
        Ok(())
    })
}

#[test]
fn a_panicking_operation_leaves_the_object_usable() -> io::Result<()> {
    run(async {
        let (mut near, mut far) = Exclusive::pair()?;
        assert!(poll_once(near.read_with_mut(Exclusive::read_byte)).is_pending());
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _ = poll_once(near.read_with_mut(|_| -> io::Result<()> { panic!("on purpose") }));
        }));
        assert!(panicked.is_err());
        far.write_all(b"x")?;
        assert_eq!(near.read_with_mut(Exclusive::read_byte).await?, b'x');
        Ok(())
    })
}

#[test]
fn the_pipes_of_a_child_are_streams() -> io::Result<()> {
    let mut child = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    run(async {
        let mut stdin = Async::new(child.stdin.take().expect("piped"))?;
        let mut stdout = Async::new(child.stdout.take().expect("piped"))?;
        let mut stderr = Async::new(child.stderr.take().expect("piped"))?;
        let sent = vec![b'm'; 1 << 20];
        let write = async {
            stdin.write_all(&sent).await?;
            stdin.close().await?;
            drop(stdin.into_inner()?);
            io::Result::Ok(())
        };
        let mut received = Vec::new();
        let (written, read) = future::zip(write, stdout.read_to_end(&mut received)).await;
        written?;
        assert_eq!(read?, sent.len());
        assert_eq!(stderr.read_to_end(&mut Vec::new()).await?, 0);
        io::Result::Ok(())
    })?;
    assert!(child.wait()?.success());
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn inotify_reports_through_mut() -> io::Result<()> {
    use rustix::fs::inotify::{CreateFlags, ReadFlags, Reader, WatchFlags, add_watch, init};
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;

    /// As most crates for it: events are read into a buffer of its own.
    struct Inotify {
        fd: OwnedFd,
        buf: [MaybeUninit<u8>; 1024],
    }
    impl Inotify {
        fn next_name(&mut self) -> io::Result<String> {
            let mut reader = Reader::new(&self.fd, &mut self.buf);
            let event = reader.next()?;
            assert!(event.events().contains(ReadFlags::CREATE));
            let name = event.file_name().expect("something in a folder has a name");
            Ok(name.to_string_lossy().into_owned())
        }
    }
    impl AsFd for Inotify {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.fd.as_fd()
        }
    }

    let folder = std::env::temp_dir().join(format!("mini-async-{}-inotify", std::process::id()));
    std::fs::create_dir(&folder)?;
    let fd = init(CreateFlags::CLOEXEC)?;
    add_watch(&fd, &folder, WatchFlags::CREATE)?;
    let watched = run(async {
        let mut inotify = Async::new(Inotify { fd, buf: [MaybeUninit::uninit(); 1024] })?;
        for name in ["first", "second"] {
            let create = async {
                future::yield_now().await;
                std::fs::write(folder.join(name), "")
            };
            let (seen, created) =
                future::zip(inotify.read_with_mut(Inotify::next_name), create).await;
            created?;
            assert_eq!(seen?, name);
        }
        Ok(())
    });
    std::fs::remove_dir_all(&folder)?;
    watched
}
