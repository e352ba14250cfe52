//! What happens when the process has no descriptor left. In a process of its own: the limit
//! concerns all threads.
#![cfg(unix)]

mod common;

use std::io;
use std::net::{TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::Command;

use common::{run, tcp_listener};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use mini_async::Async;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const INNER: &str = "MINI_ASYNC_TEST_WITHOUT_DESCRIPTORS";

#[test]
fn a_lack_of_descriptors_is_reported_and_passes() -> io::Result<()> {
    if std::env::var_os(INNER).is_some() {
        return without_descriptors();
    }
    let status = Command::new(std::env::current_exe()?)
        .args(["--exact", "a_lack_of_descriptors_is_reported_and_passes"])
        .args(["--test-threads", "1", "--nocapture"])
        .env(INNER, "1")
        .status()?;
    assert!(status.success());
    Ok(())
}

/// A socket that is received from through `&mut self`.
struct Exclusive(UdpSocket);

impl AsFd for Exclusive {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn without_descriptors() -> io::Result<()> {
    run(async {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        let own_address = socket.local_addr()?;
        let mut exclusive = Async::new(Exclusive(socket))?;
        let listener = tcp_listener()?;
        let address = listener.get_ref().local_addr()?;
        // One connection first, so that all the reactor needs is open.
        let warm_up = Async::<TcpStream>::connect(address).await?;
        drop(listener.accept().await?);
        assert!(common::poll_once(listener.accept()).is_pending());
        drop(warm_up);

        let mut clients = vec![TcpStream::connect(address)?, TcpStream::connect(address)?];
        let spare = std::fs::File::open("/dev/null")?;
        let limit = getrlimit(Resource::Nofile);
        // Descriptors below the limit are all in use: those above it do not count.
        let highest = std::os::fd::AsRawFd::as_raw_fd(&spare) as u64;
        let fill: Vec<_> = std::iter::from_fn(|| spare.try_clone().ok()).take(64).collect();
        let used = fill.iter().map(|f| std::os::fd::AsRawFd::as_raw_fd(f) as u64).max();
        let low = used.unwrap_or(highest) + 1;
        setrlimit(Resource::Nofile, Rlimit { current: Some(low), maximum: limit.maximum })?;

        for _ in 0..3 {
            let error = listener.accept().await.expect_err("no descriptor is left");
            assert_eq!(error.raw_os_error(), Some(rustix::io::Errno::MFILE.raw_os_error()));
        }
        let error = Async::<TcpStream>::connect(address).await.expect_err("nor here");
        assert_eq!(error.raw_os_error(), Some(rustix::io::Errno::MFILE.raw_os_error()));

        // The wait needs a duplicate, and there is no place for one.
        let receive = |io: &mut Exclusive| io.0.recv(&mut [0; 8]);
        let error = exclusive.read_with_mut(receive).await.expect_err("nor here");
        assert_eq!(error.raw_os_error(), Some(rustix::io::Errno::MFILE.raw_os_error()));

        drop(fill);
        assert!(common::poll_once(exclusive.read_with_mut(receive)).is_pending());
        exclusive.get_ref().0.send_to(b"note", own_address)?;
        assert_eq!(exclusive.read_with_mut(receive).await?, 4);
        for client in &mut clients {
            let (mut accepted, _) = listener.accept().await?;
            io::Write::write_all(client, b"still here")?;
            let mut buf = [0; 10];
            accepted.read_exact(&mut buf).await?;
            accepted.write_all(&buf).await?;
            io::Read::read_exact(client, &mut buf)?;
            assert_eq!(&buf, b"still here");
        }
        assert!(common::poll_once(listener.accept()).is_pending());
        Ok(())
    })
}
