//! `block_on`: the thread works for the pool while it waits, and drives the reactor.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use mini_async::{Async, Timer};
use mini_executor_fork_join::{Signal, ThreadPool};

use crate::support::{Flag, pool};

#[test]
fn a_future_that_waits_lets_the_thread_run_closures() {
    let pool = ThreadPool::new();
    let signal = Arc::new(Signal::new());
    let theirs = signal.clone();
    pool.spawn(move || theirs.give());
    pool.block_on(signal.given());
}

#[test]
fn a_future_is_woken_from_another_thread() {
    let pool = ThreadPool::new();
    let signal = Arc::new(Signal::new());
    let theirs = signal.clone();
    let other = thread::spawn(move || {
        thread::sleep(Duration::from_millis(10));
        theirs.give();
    });
    pool.block_on(signal.given());
    other.join().unwrap();
}

#[test]
fn timers_fire() {
    let pool = pool(1);
    let began = Instant::now();
    pool.block_on(async {
        let task = pool.spawn_future(async {
            Timer::after(Duration::from_millis(10)).await;
        });
        Timer::after(Duration::from_millis(5)).await;
        task.await;
    });
    assert!(began.elapsed() >= Duration::from_millis(10));
}

#[test]
fn sockets_are_served() {
    let pool = pool(1);
    let echo = pool.block_on(async {
        let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.get_ref().local_addr().unwrap();
        let server = pool.spawn_future(async move {
            let (mut peer, _) = listener.accept().await.unwrap();
            let mut text = [0; 5];
            peer.read_exact(&mut text).await.unwrap();
            peer.write_all(&text).await.unwrap();
        });
        let client = pool.run(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(b"hello").unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            text
        });
        let text = client.await;
        server.await;
        text
    });
    assert_eq!(echo, "hello");
}

#[test]
fn many_threads_block_at_once() {
    let pool = Arc::new(ThreadPool::new());
    let threads: Vec<_> = (0..4_u64)
        .map(|number| {
            let pool = pool.clone();
            thread::spawn(move || {
                for round in 0..50 {
                    let task = pool.spawn_future(async move { number + round });
                    assert_eq!(pool.block_on(task), number + round);
                    pool.block_on(Timer::after(Duration::from_micros(50)));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(pool.executor().is_empty());
}

#[test]
fn a_pool_drives_the_reactor_it_was_given() {
    let reactor = Arc::new(mini_reactor::Reactor::new(mini_reactor::System::new()));
    let handle = mini_reactor::Handle::from(&reactor);
    let pool = ThreadPool::new_in(&reactor);
    let done = Flag::new();
    pool.block_on(async {
        let same = std::ptr::addr_eq(&*mini_reactor::Handle::current(), &*handle);
        assert!(same, "it is the current one meanwhile");
        Timer::after(Duration::from_millis(1)).await;
        done.set();
    });
    assert!(done.is_set());
    let same = pool.lend(|_| std::ptr::addr_eq(&*mini_reactor::Handle::current(), &*handle));
    assert!(same, "and for a thread that is lent");
}

#[test]
fn a_computation_may_block_on_a_future() {
    let pool = pool(2);
    let sum = pool.install(|| {
        let (a, b) = pool.join(
            || {
                pool.block_on(async {
                    Timer::after(Duration::from_millis(2)).await;
                    1
                })
            },
            || pool.block_on(pool.spawn_future(async { 2 })),
        );
        a + b
    });
    assert_eq!(sum, 3);
}
