//! No thread is started, and other threads may register and wait.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use futures_lite::AsyncReadExt;
use futures_lite::future::block_on;
use mini_async::Async;

use crate::tools::{hosts, timer, watch};

#[cfg(target_os = "linux")]
#[test]
fn there_is_no_second_thread() {
    use crate::tools::{current_thread, echo, in_a_process, pair, reactor, round_trips};
    let name = "threads::there_is_no_second_thread";
    let output = in_a_process(name, || {
        let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
        let before = threads();
        let (typed, reactor) = reactor();
        let runtime = current_thread();
        typed.backend().attach(&reactor, runtime.handle()).unwrap();
        let [mut here, there] = pair(&reactor);
        runtime.block_on(async {
            tokio::spawn(echo(there));
            for _ in 0..10 {
                round_trips(&mut here, 10).await.unwrap();
                timer(Duration::from_millis(1), &reactor).await;
                assert_eq!(threads(), before);
            }
        });
    });
    assert!(output.is_none_or(|output| output.status.success()));
}

/// `futures_lite::block_on` drives nothing: what wakes these threads is the runtime.
#[test]
fn registering_and_waiting_work_on_foreign_threads() {
    let _watch = watch();
    for (runtime, reactor) in hosts() {
        let (mut here, there) = UnixStream::pair().unwrap();
        let foreign = thread::spawn(move || {
            let mut there = Async::new_in(there, &reactor).unwrap();
            let mut bytes = [0; 3];
            block_on(there.read_exact(&mut bytes)).unwrap();
            block_on(timer(Duration::from_millis(2), &reactor));
            block_on(futures_lite::AsyncWriteExt::write_all(&mut there, &bytes)).unwrap();
        });
        runtime.block_on(async move {
            let echo = tokio::task::spawn_blocking(move || {
                for byte in b"abc" {
                    here.write_all(&[*byte]).unwrap();
                    thread::yield_now();
                }
                let mut bytes = [0; 3];
                here.read_exact(&mut bytes).unwrap();
                bytes
            });
            assert_eq!(&echo.await.unwrap(), b"abc");
        });
        foreign.join().unwrap();
    }
}
