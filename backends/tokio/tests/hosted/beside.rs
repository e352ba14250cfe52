//! `block_on` of ours beside the runtime, and on its threads.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use mini_async::Timer;

use crate::tools::{echo, hosts, pair, round_trips, timer, watch};

#[test]
fn on_a_thread_of_its_own() {
    let _watch = watch();
    for (runtime, reactor) in hosts() {
        let [mut here, there] = pair(&reactor);
        let ours = thread::spawn({
            let reactor = reactor.clone();
            move || reactor.block_on(round_trips(&mut here, 200)).unwrap()
        });
        runtime.block_on(echo(there)).unwrap();
        ours.join().unwrap();
    }
}

#[test]
fn on_a_thread_of_the_runtime_for_what_is_ours() {
    let _watch = watch();
    for (runtime, reactor) in hosts() {
        let [mut here, there] = pair(&reactor);
        let ours = async move {
            let echo = thread::spawn(move || futures_lite::future::block_on(echo(there)));
            let entered = reactor.enter();
            reactor.block_on(async {
                Timer::after(Duration::from_millis(2)).await;
                round_trips(&mut here, 20).await.unwrap();
            });
            drop((here, entered));
            tokio::task::spawn_blocking(|| echo.join().unwrap()).await.unwrap().unwrap();
        };
        runtime.block_on(ours);
    }
}

#[test]
fn in_spawn_blocking_for_what_is_tokios_too() {
    let _watch = watch();
    for (runtime, reactor) in hosts() {
        runtime.block_on(async {
            let blocking = tokio::task::spawn_blocking(move || {
                reactor.block_on(async {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                    tokio::spawn(async { 7 }).await.unwrap()
                })
            });
            assert_eq!(blocking.await.unwrap(), 7);
        });
    }
}

/// A thread that drives eats what was to tell the task in the runtime; what it leaves, that task
/// has to hear of. Threads come and go here all the time, while tasks go on.
#[test]
fn nothing_is_lost_when_threads_that_drive_come_and_go() {
    let _watch = watch();
    for (runtime, reactor) in hosts() {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !over.load(SeqCst) {
                        let nap = timer(Duration::from_micros(50), &reactor);
                        reactor.block_on(nap);
                    }
                });
            }
            runtime.block_on(async {
                let trips = (0..4).map(|_| {
                    let [mut here, there] = pair(&reactor);
                    tokio::spawn(echo(there));
                    let reactor = reactor.clone();
                    tokio::spawn(async move {
                        for _ in 0..20 {
                            round_trips(&mut here, 25).await.unwrap();
                            timer(Duration::from_micros(500), &reactor).await;
                        }
                    })
                });
                for trip in trips.collect::<Vec<_>>() {
                    trip.await.unwrap();
                }
            });
            over.store(true, SeqCst);
        });
    }
}
