//! When the runtime is shut down, all waits end; in whichever order things go.

use std::io::ErrorKind;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use futures_lite::AsyncReadExt;
use futures_lite::future::{block_on, poll_once};

use crate::tools::{
    current_thread, echo, hosts, pair, reactor, round_trips, runtimes, timer, watch,
};

/// Ends within the test's minute, and with that error.
#[test]
fn waits_of_foreign_threads_end_with_an_error() {
    let _watch = watch();
    for (runtime, reactor) in hosts() {
        let [_here, mut there] = pair(&reactor);
        let (waits, is_waiting) = mpsc::channel();
        let foreign = thread::spawn(move || {
            block_on(async {
                let mut byte = [0];
                let mut read = there.read(&mut byte);
                assert!(poll_once(&mut read).await.is_none());
                waits.send(()).unwrap();
                (read.await, there)
            })
        });
        is_waiting.recv().unwrap();
        drop(runtime);
        let (read, mut there) = foreign.join().unwrap();
        let error = read.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
        assert!(error.to_string().contains("tokio runtime"), "{error}");

        // Waits that begin later, on what was registered before or was not.
        let [mut one, _other] = pair(&reactor);
        for stream in [&mut there, &mut one] {
            let error = reactor.block_on(stream.read(&mut [0])).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotConnected);
        }
    }
}

#[test]
fn a_block_on_of_ours_that_drives_ends_too() {
    let _watch = watch();
    for (runtime, reactor) in hosts() {
        let [mut here, _there] = pair(&reactor);
        let (waits, is_waiting) = mpsc::channel();
        let ours = thread::spawn(move || {
            reactor.block_on(async {
                let mut byte = [0];
                let mut read = here.read(&mut byte);
                assert!(poll_once(&mut read).await.is_none());
                waits.send(()).unwrap();
                read.await
            })
        });
        is_waiting.recv().unwrap();
        drop(runtime);
        assert_eq!(ours.join().unwrap().unwrap_err().kind(), ErrorKind::NotConnected);
    }
}

#[test]
fn tasks_of_the_runtime_that_wait_are_dropped_with_it() {
    let _watch = watch();
    for (runtime, reactor) in hosts() {
        let [here, there] = pair(&reactor);
        runtime.block_on(async {
            let task = tokio::spawn(echo(there));
            tokio::task::yield_now().await;
            drop(task);
        });
        runtime.shutdown_timeout(Duration::from_secs(30));
        drop(here);
    }
}

#[test]
fn the_task_that_drives_may_never_have_run() {
    let (typed, reactor) = reactor();
    let runtime = current_thread();
    typed.backend().attach(&reactor, runtime.handle()).unwrap();
    drop(runtime);
    let [mut here, _there] = pair(&reactor);
    let error = reactor.block_on(here.read(&mut [0])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected);
}

#[test]
fn after_it_there_can_be_another_runtime() {
    let _watch = watch();
    let (typed, reactor) = reactor();
    for runtime in runtimes() {
        typed.backend().attach(&reactor, runtime.handle()).unwrap();
        let [mut here, there] = pair(&reactor);
        runtime.block_on(async {
            tokio::spawn(echo(there));
            round_trips(&mut here, 10).await.unwrap();
            timer(Duration::from_millis(1), &reactor).await;
        });
    }
}

#[test]
fn a_thread_still_drives_timers_after_it() {
    let _watch = watch();
    for (runtime, reactor) in hosts() {
        drop(runtime);
        reactor.block_on(timer(Duration::from_millis(1), &reactor));
    }
}

#[test]
fn everything_is_freed_in_whichever_order_it_goes() {
    for runtime_first in [false, true] {
        for runtime in runtimes() {
            let (typed, reactor) = reactor();
            typed.backend().attach(&reactor, runtime.handle()).unwrap();
            let [mut here, mut there] = pair(&reactor);
            runtime.block_on(async {
                assert!(poll_once(here.read(&mut [0])).await.is_none());
                assert!(poll_once(there.read(&mut [0])).await.is_none());
            });
            let weak = Arc::downgrade(&typed);
            drop((typed, reactor));
            let sockets = [here, there];
            if runtime_first {
                drop(runtime);
                drop(sockets);
            } else {
                drop(sockets);
                drop(runtime);
            }
            assert!(weak.upgrade().is_none(), "{runtime_first}");
        }
    }
}
