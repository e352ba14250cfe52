//! Sockets and timers while every thread computes.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use mini_async::{Async, Timer};
use mini_executor_fork_join::{ThreadPool, Worker};

use crate::support::{Flag, pool, wait_until};

/// Joins until `done`.
fn compute(worker: &Worker, done: &dyn Fn() -> bool) {
    wait_until("what was to happen while all compute", || {
        fn fib(worker: &Worker, n: u32) -> u64 {
            if n < 2 {
                return n.into();
            }
            let (a, b) = worker.join(|worker| fib(worker, n - 1), |worker| fib(worker, n - 2));
            a + b
        }
        std::hint::black_box(fib(worker, 15));
        done()
    });
}

#[test]
fn a_timer_fires_while_the_only_thread_computes() {
    let pool = ThreadPool::new();
    let fired = Arc::new(Flag::new());
    let flag = fired.clone();
    let task = pool.spawn_future(async move {
        Timer::after(Duration::from_millis(1)).await;
        flag.set();
    });
    pool.lend(|worker| compute(worker, &|| fired.is_set()));
    pool.block_on(task);
}

#[test]
fn a_socket_is_served_while_the_only_thread_computes() {
    let pool = ThreadPool::new();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let server = pool.spawn_future(async move {
        let listener = Async::new(listener).unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        let mut text = [0; 5];
        for _ in 0..20 {
            peer.read_exact(&mut text).await.unwrap();
            peer.write_all(&text).await.unwrap();
        }
    });
    let client = thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let mut text = [0; 5];
        for _ in 0..20 {
            stream.write_all(b"hello").unwrap();
            stream.read_exact(&mut text).unwrap();
            assert_eq!(&text, b"hello");
        }
    });
    pool.lend(|worker| compute(worker, &|| client.is_finished()));
    client.join().unwrap();
    pool.block_on(server);
}

#[test]
fn a_socket_is_served_when_the_thread_that_looked_stops_looking() {
    const ROUNDS: usize = 10;
    let pool = pool(1);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let server = pool.spawn_future(async move {
        let listener = Async::new(listener).unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        let mut byte = [0];
        while peer.read_exact(&mut byte).await.is_ok() {
            peer.write_all(&byte).await.unwrap();
        }
    });
    let answers = AtomicUsize::new(0);
    let over = Flag::new();
    thread::scope(|threads| {
        threads.spawn(|| {
            let mut stream = TcpStream::connect(address).unwrap();
            let mut byte = [0];
            while !over.is_set() {
                stream.write_all(b"x").unwrap();
                stream.read_exact(&mut byte).unwrap();
                answers.fetch_add(1, Relaxed);
            }
        });
        pool.lend(|worker| {
            for _ in 0..ROUNDS {
                let began = Instant::now();
                // The other sleeps beside the reactor, and this one looks.
                compute(worker, &|| began.elapsed() > Duration::from_millis(5));
                let before = answers.load(Relaxed);
                wait_until("the other takes over", || answers.load(Relaxed) > before + 1);
            }
        });
        over.set();
    });
    pool.block_on(server);
}

#[test]
fn a_task_that_is_woken_from_outside_is_polled_while_all_compute() {
    let pool = pool(1);
    let (begun, polled) = (Arc::new(Flag::new()), Arc::new(Flag::new()));
    thread::scope(|threads| {
        threads.spawn(|| {
            wait_until("both compute", || begun.is_set());
            let flag = polled.clone();
            pool.spawn_future(async move { flag.set() }).detach();
        });
        pool.lend(|worker| {
            worker.join(
                |worker| {
                    begun.set();
                    compute(worker, &|| polled.is_set());
                },
                |worker| compute(worker, &|| polled.is_set()),
            )
        });
    });
}

#[test]
fn tasks_served_on_top_of_a_computation_do_not_nest() {
    let pool = Arc::new(ThreadPool::new());
    let (depth, greatest, done) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
    );
    for _ in 0..50 {
        let (depth, greatest, done) = (depth.clone(), greatest.clone(), done.clone());
        pool.spawn_future(async move {
            use std::sync::atomic::Ordering::SeqCst;
            greatest.fetch_max(depth.fetch_add(1, SeqCst) + 1, SeqCst);
            for _ in 0..100 {
                mini_executor_fork_join::join(|| {}, || {});
            }
            depth.fetch_sub(1, SeqCst);
            done.fetch_add(1, SeqCst);
        })
        .detach();
    }
    use std::sync::atomic::Ordering::SeqCst;
    pool.lend(|worker| compute(worker, &|| done.load(SeqCst) == 50));
    assert_eq!(greatest.load(SeqCst), 1);
}

#[test]
fn a_pool_that_does_not_serve_leaves_tasks_to_free_workers() {
    let pool = ThreadPool::new().without_serving();
    let polled = Arc::new(Flag::new());
    let flag = polled.clone();
    let task = pool.spawn_future(async move { flag.set() });
    pool.lend(|worker| {
        for _ in 0..1000 {
            worker.join(|_| {}, |_| {});
        }
    });
    assert!(!polled.is_set());
    pool.block_on(task);
}
