//! What is watched: files, terminals, streams with marks in them.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::task::{Context, Poll, Waker};

use mini_reactor::{Direction, Handle, Registration};
use mini_reactor_uring::{ThreadUring, Uring};
use rustix::net::{SendFlags, send};

use crate::tools::{Count, on, until, watch};

fn both() -> [Handle; 2] {
    [on(Uring::new().unwrap()), on(ThreadUring::new().unwrap())]
}

fn tcp(reactor: &Handle) -> (TcpStream, Registration<TcpStream>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let here = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (there, _) = listener.accept().unwrap();
    there.set_nonblocking(true).unwrap();
    (here, Registration::new_in(there, reactor))
}

#[test]
fn what_never_blocks_is_always_ready() {
    let program = std::env::current_exe().unwrap();
    for reactor in both() {
        for path in ["/", "/dev/null", program.to_str().unwrap()] {
            let file = Registration::new_in(File::open(path).unwrap(), &reactor);
            for direction in [Direction::Read, Direction::Write] {
                reactor.block_on(file.ready(direction)).unwrap();
            }
            let blocks = file.io(Direction::Read, |_| Err::<(), _>(ErrorKind::WouldBlock.into()));
            let error = reactor.block_on(blocks).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{path}");
            file.into_inner().unwrap();
        }
    }
}

#[test]
fn a_terminal_is_watched_though_it_is_a_device_as_well() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    for reactor in both() {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let path = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let terminal = File::options().read(true).write(true).open(path).unwrap();
        rustix::io::ioctl_fionbio(&terminal, true).unwrap();
        let terminal = Registration::new_in(terminal, &reactor);
        let mut cx = Context::from_waker(Waker::noop());
        let mut line = [0; 16];
        let mut read = || terminal.poll_io(Direction::Read, &mut cx, |mut io| io.read(&mut line));
        assert!(read().is_pending());
        rustix::io::write(&master, b"hello\n").unwrap();
        until(|| {
            reactor.poll_once().unwrap();
            matches!(read(), Poll::Ready(Ok(6)))
        });
    }
}

#[test]
fn what_the_kernel_refuses_to_poll_ends_the_wait_with_its_error() {
    use std::os::unix::fs::OpenOptionsExt;
    let path = std::env::temp_dir().join(format!("mini-reactor-uring-{}", std::process::id()));
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    // A socket's file, opened for nothing.
    let file = File::options().read(true).custom_flags(libc::O_PATH).open(&path);
    std::fs::remove_file(&path).unwrap();
    drop(listener);
    let file = std::sync::Arc::new(file.unwrap());
    for reactor in both() {
        let file = Registration::new_in(std::sync::Arc::clone(&file), &reactor);
        for _ in 0..2 {
            let blocks = file.io(Direction::Read, |_| Err::<(), _>(ErrorKind::WouldBlock.into()));
            let error = reactor.block_on(blocks).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EBADF));
        }
    }
}

#[test]
fn what_lies_behind_an_urgent_mark_is_read() {
    let _watch = watch();
    for reactor in both() {
        let (here, there) = tcp(&reactor);
        let (mut text, mut buffer) = (Vec::new(), [0; 64]);
        let mut read = async || {
            let next = |cx: &mut Context<'_>| {
                // A short read is believed, where the backend says so.
                there.poll_stream(Direction::Read, cx, 64, |mut io| io.read(&mut buffer))
            };
            let length = std::future::poll_fn(next).await.unwrap();
            text.extend_from_slice(&buffer[..length]);
            text.len()
        };
        for round in 1..4 {
            send(&here, b"abc!", SendFlags::OOB).unwrap();
            (&here).write_all(b"def").unwrap();
            reactor.block_on(async { while read().await < 6 * round {} });
        }
        assert_eq!(text, b"abcdefabcdefabcdef");
    }
}

#[test]
fn priority_data_that_is_left_there_is_not_reported_for_ever() {
    for reactor in both() {
        let (here, there) = tcp(&reactor);
        let (count, waker) = Count::new();
        // Reads nothing, so what is there stays, and waits again.
        let decline = || {
            let mut cx = Context::from_waker(&waker);
            let declined = |_: &TcpStream| Err::<(), _>(ErrorKind::WouldBlock.into());
            assert!(there.poll_io(Direction::Read, &mut cx, declined).is_pending());
        };
        decline();
        send(&here, b"!", SendFlags::OOB).unwrap();
        until(|| {
            reactor.poll_once().unwrap();
            count.wakes() > 0
        });
        for _ in 0..100 {
            decline();
            reactor.poll_once().unwrap();
        }
        // One by the arrival, one by a look at what lies there; and whoever waits again at once.
        assert!(count.wakes() < 5, "reported {} times", count.wakes());
    }
}
