//! No poll delays other tasks, events or timers for long while a thread sleeps in `block_on`.
//!
//! In each of these a poll does not end before what it would delay has come about.

use std::future::{Future, pending};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use futures_lite::AsyncReadExt;
use futures_lite::future::yield_now;
use mini_async::{Async, Timer};
use mini_executor_work_stealing::Executor;
use mini_reactor::{Handle, Reactor, System};

use crate::support::{Signal, until, watch, with_lent};

/// A poll that ends when the signal is set.
fn long_poll(signal: &Signal) {
    until(|| signal.is_set());
}

fn pair() -> (TcpStream, Async<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let here = TcpStream::connect(address).expect("a listener");
    let there = listener.accept().expect("a connection").0;
    (here, Async::new(there).expect("a reactor"))
}

#[test]
fn a_task_woken_by_a_long_poll_does_not_wait_for_its_end() {
    let executor = Executor::new();
    with_lent(&executor, 1, || {
        for _ in 0..5 {
            let (signal, done) = (Signal::default(), Signal::default());
            executor.block_on(async {
                let (wait, sets) = (signal.clone().wait(), done.clone());
                let woken = executor.spawn(async move {
                    wait.await;
                    sets.set();
                });
                // Until it waits, wherever.
                let mut waits = 0;
                while waits < 1 {
                    waits = 0;
                    executor.for_each_task(|_| waits += 1);
                    yield_now().await;
                }
                let task = executor.spawn(async move {
                    signal.set(); // runs next here, as soon as this poll ends
                    long_poll(&done);
                });
                task.await;
                woken.await;
            });
        }
    });
}

#[test]
fn a_task_spawned_by_a_long_poll_does_not_wait_for_its_end() {
    let executor: &'static Executor<'static> = Box::leak(Box::new(Executor::new()));
    with_lent(executor, 1, || {
        for _ in 0..5 {
            let task = executor.spawn(async move {
                let (done, sets) = (Signal::default(), Signal::default());
                let both = (done.clone(), sets.clone());
                executor.spawn(async move { both.0.set() }).detach();
                long_poll(&done);
                executor.spawn(async move { both.1.set() }).detach(); // and once more
                long_poll(&sets);
            });
            executor.block_on(task);
        }
    });
}

#[test]
fn a_task_queued_behind_the_future_of_block_on_does_not_wait_for_its_end() {
    let executor = Executor::new();
    with_lent(&executor, 1, || {
        executor.block_on(async {
            for _ in 0..5 {
                let done = Signal::default();
                let sets = done.clone();
                let task = executor.spawn(async move { sets.set() });
                long_poll(&done);
                task.await;
            }
        });
    });
}

#[test]
fn events_are_seen_while_the_last_driver_is_in_a_long_poll() {
    let executor = Executor::new();
    with_lent(&executor, 1, || {
        executor.block_on(async {
            for _ in 0..5 {
                let ((mut here, mut there), (mut beyond, mut afar)) = (pair(), pair());
                let done = Signal::default();
                let sets = done.clone();
                let other = executor.spawn(async move {
                    afar.read_exact(&mut [0]).await.unwrap();
                    sets.set();
                });
                let task = executor.spawn(async move {
                    there.read_exact(&mut [0]).await.unwrap();
                    // Whoever polls this has just been the driver, or was sent by it.
                    beyond.write_all(b"x").unwrap();
                    long_poll(&done);
                });
                Timer::after(Duration::from_millis(3)).await; // both wait
                here.write_all(b"x").unwrap();
                task.await;
                other.await;
            }
        });
    });
}

#[test]
fn timers_fire_while_the_last_driver_is_in_a_long_poll() {
    let executor = Executor::new();
    with_lent(&executor, 1, || {
        executor.block_on(async {
            for _ in 0..5 {
                let done = Signal::default();
                let sets = done.clone();
                let other = executor.spawn(async move {
                    Timer::after(Duration::from_millis(20)).await;
                    sets.set();
                });
                let task = executor.spawn(async move {
                    Timer::after(Duration::from_millis(2)).await;
                    long_poll(&done);
                });
                task.await;
                other.await;
            }
        });
    });
}

#[test]
fn many_short_polls_in_a_row_do_not_keep_events_waiting() {
    let executor = Executor::new();
    with_lent(&executor, 1, || {
        executor.block_on(async {
            let (mut here, mut there) = pair();
            let done = Signal::default();
            let sets = done.clone();
            let reader = executor.spawn(async move {
                there.read_exact(&mut [0]).await.unwrap();
                sets.set();
            });
            let busy = executor.spawn(async move {
                while !done.is_set() {
                    thread::sleep(Duration::from_micros(300)); // 61 of these are 18 ms
                    yield_now().await;
                }
            });
            here.write_all(b"x").unwrap();
            reader.await;
            busy.await;
        });
    });
}

#[test]
fn another_block_on_of_the_reactor_is_served_while_the_executor_is_in_a_long_poll() {
    let executor = Executor::new();
    let _watch = watch();
    for _ in 0..5 {
        let ((mut here, mut there), (mut beyond, mut afar)) = (pair(), pair());
        let done = Signal::default();
        let sets = done.clone();
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                mini_reactor::block_on(async {
                    afar.read_exact(&mut [0]).await.unwrap();
                    sets.set();
                });
            });
            executor.block_on(async {
                Timer::after(Duration::from_millis(3)).await; // both wait
                here.write_all(b"x").unwrap();
                there.read_exact(&mut [0]).await.unwrap();
                beyond.write_all(b"x").unwrap();
                long_poll(&done); // there is nobody to watch, nor need there be
            });
            other.join().unwrap();
        });
    }
}

#[test]
fn who_leaves_block_on_sends_another_to_drive() {
    let executor = Executor::new();
    with_lent(&executor, 1, || {
        for _ in 0..20 {
            let (mut here, mut there) = pair();
            let task = executor.spawn(async move { there.read_exact(&mut [0]).await });
            // This thread may be the driver, and leaves.
            executor.block_on(async { _ = Timer::after(Duration::from_micros(100)).await });
            here.write_all(b"x").unwrap();
            until(|| task.is_finished());
        }
    });
}

#[test]
fn two_executors_on_one_reactor_do_not_keep_each_other_waiting() {
    let (one, two) = (Executor::new(), Executor::new());
    with_lent(&one, 1, || {
        with_lent(&two, 1, || {
            for _ in 0..5 {
                let ((mut here, mut there), (mut beyond, mut afar)) = (pair(), pair());
                let done = Signal::default();
                let sets = done.clone();
                let other = two.spawn(async move {
                    afar.read_exact(&mut [0]).await.unwrap();
                    sets.set();
                });
                let task = one.spawn(async move {
                    there.read_exact(&mut [0]).await.unwrap();
                    beyond.write_all(b"x").unwrap();
                    long_poll(&done);
                });
                here.write_all(b"x").unwrap();
                until(|| task.is_finished() && other.is_finished());
            }
        });
    });
}

#[test]
fn a_task_woken_by_a_long_poll_does_not_wait_though_the_sleeper_is_woken_again_and_again() {
    let (signal, done) = (Signal::default(), Signal::default());
    let executor = Executor::new();
    with_lent(&executor, 1, || {
        thread::scope(|scope| {
            let others = scope.spawn(|| {
                while !done.is_set() {
                    executor.spawn(async {}).detach();
                    let begin = Instant::now();
                    until(|| begin.elapsed() > Duration::from_micros(200));
                }
            });
            executor.block_on(async {
                let (wait, sets) = (signal.clone().wait(), done.clone());
                let woken = executor.spawn(async move {
                    wait.await;
                    sets.set();
                });
                let mut waits = 0;
                while waits < 1 {
                    waits = 0;
                    executor.for_each_task(|_| waits += 1);
                    yield_now().await;
                }
                let task = executor.spawn(async {
                    signal.set(); // runs next here, as soon as this poll ends
                    long_poll(&done);
                });
                task.await;
                woken.await;
            });
            others.join().unwrap();
        });
    });
}

#[test]
fn tasks_do_not_wait_for_a_run_that_is_not_polled_again() {
    let executor = Executor::new();
    with_lent(&executor, 1, || {
        for _ in 0..5 {
            let done = Signal::default();
            let sets = done.clone();
            let mut run = pin!(executor.run(async {
                let task = executor.spawn(async move {
                    for _ in 0..100 {
                        yield_now().await; // `run` gives the thread back before that
                    }
                    sets.set();
                });
                task.detach();
                pending::<()>().await
            }));
            assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            long_poll(&done);
        }
    });
}

#[test]
fn events_of_one_reactor_are_seen_though_other_threads_of_the_executor_have_another() {
    let executor = Executor::new();
    let reactors = [(); 2].map(|()| Handle::from(Arc::new(Reactor::new(System::new()))));
    let stop = Signal::default();
    let _watch = watch();
    thread::scope(|scope| {
        for reactor in [1, 1, 0] {
            let (reactor, stop, executor) = (reactors[reactor].clone(), stop.clone(), &executor);
            scope.spawn(move || {
                let _entered = reactor.enter();
                executor.block_on(stop.wait());
            });
            thread::sleep(Duration::from_millis(20)); // it has its slot, and sleeps
        }
        let _entered = reactors[0].enter();
        executor.block_on(async {
            for _ in 0..20 {
                let ((mut here, mut there), (mut beyond, mut afar)) = (pair(), pair());
                let done = Signal::default();
                let sets = done.clone();
                let other = executor.spawn(async move {
                    afar.read_exact(&mut [0]).await.unwrap();
                    sets.set();
                });
                let task = executor.spawn(async move {
                    there.read_exact(&mut [0]).await.unwrap();
                    beyond.write_all(b"x").unwrap();
                    long_poll(&done);
                });
                thread::sleep(Duration::from_millis(3)); // both wait
                here.write_all(b"x").unwrap();
                task.await;
                other.await;
            }
        });
        stop.set();
    });
}
