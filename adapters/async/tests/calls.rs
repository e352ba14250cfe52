//! System calls that are not made. The kernel counts the reads of a thread, vectored ones on
//! sockets among them (plain ones there are another call, which it does not count).
//!
//! Only with a backend that reports the end of streams can a short read be believed: epoll.
#![cfg(all(
    target_os = "linux",
    not(any(mini_reactor_poller = "edge", mini_reactor_poller = "oneshot"))
))]

mod common;

use std::io::{self, IoSliceMut, Write};

use common::{half_async_pair, poll_once, run};
use futures_lite::AsyncReadExt;

/// The calls that `op` makes on this thread.
fn reads_of<T>(op: impl FnOnce() -> T) -> io::Result<(u64, T)> {
    fn counter() -> io::Result<u64> {
        let counters = std::fs::read_to_string("/proc/thread-self/io")?;
        let line = counters.lines().find_map(|line| line.strip_prefix("syscr: "));
        Ok(line.and_then(|number| number.parse().ok()).expect("the kernel counts"))
    }
    let (start, own) = (counter()?, counter()?);
    let result = op();
    // Asking makes calls too, each time as many.
    Ok((counter()? - own - (own - start), result))
}

#[test]
fn a_short_read_is_followed_by_no_attempt_until_there_is_more() -> io::Result<()> {
    if std::fs::metadata("/proc/thread-self/io").is_err() {
        eprintln!("skipped: this kernel does not count");
        return Ok(());
    }
    run(async {
        let (mut near, mut far) = half_async_pair()?;
        let mut read = || {
            let (mut head, mut tail) = ([0; 2], [0; 62]);
            let mut bufs = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut tail)];
            poll_once(near.read_vectored(&mut bufs)).map(Result::unwrap)
        };
        // The first attempt has to be made: nothing is known yet.
        let (calls, polled) = reads_of(&mut read)?;
        assert!(polled.is_pending());
        assert_eq!(calls, 1);
        for length in [5, 1, 63] {
            far.write_all(&[0; 64][..length])?;
            let mut polled = read();
            while polled.is_pending() {
                futures_lite::future::yield_now().await;
                polled = read();
            }
            assert!(matches!(polled, std::task::Poll::Ready(n) if n == length));
            let (calls, polled) = reads_of(&mut read)?;
            assert!(polled.is_pending());
            assert_eq!(calls, 0, "after a read of {length} of 64 bytes");
        }
        // A full buffer says nothing about what is left.
        far.write_all(&[0; 64])?;
        let mut polled = read();
        while polled.is_pending() {
            futures_lite::future::yield_now().await;
            polled = read();
        }
        let (calls, polled) = reads_of(&mut read)?;
        assert!(polled.is_pending());
        assert_eq!(calls, 1);
        Ok(())
    })
}
