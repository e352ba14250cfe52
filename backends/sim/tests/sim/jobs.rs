//! Work of threads that are not simulated: the clock stands still, and the turn really waits.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use futures_lite::future;
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use mini_async::{Async, Timer};
use mini_reactor_sim::{Faults, Settings, Sim};

use crate::common::{calm, connected};

/// A job on a thread of its own that ends when it is told to.
fn job<T: Send + 'static>(
    sim: &Sim,
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = T> {
    let job = sim.job();
    let (sender, result) = async_channel::bounded(1);
    thread::spawn(move || sender.send_blocking(work()));
    async move {
        let result = result.recv().await.expect("the thread sends it");
        drop(job);
        result
    }
}

#[test]
fn the_clock_stands_still_while_a_job_is_outstanding() {
    let sim = calm();
    sim.block_on(async {
        let (release, released) = mpsc::channel();
        let mut timer = Timer::after(Duration::from_nanos(1));
        assert!(crate::common::now(&mut timer).await.is_none()); // and is set now
        let slow = job(&sim, move || released.recv().unwrap());
        // The main task sleeps in a turn that really waits; another thread ends the job.
        let simulation = sim.clone();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            release.send(simulation.elapsed()).unwrap();
        });
        assert_eq!(slow.await, Duration::ZERO);
        assert_eq!(sim.elapsed(), Duration::ZERO);
        timer.await;
        assert_eq!(sim.elapsed(), Duration::from_nanos(1));
    });
}

#[test]
fn messages_do_not_arrive_while_a_job_is_outstanding() {
    let sim = calm();
    sim.block_on(async {
        let (here, there) = connected(&sim).await.unwrap();
        let begin = sim.elapsed();
        (&here).write_all(b"x").await.unwrap();
        let read = async { (&there).read(&mut [0; 8]).await.map(|_| sim.elapsed()).unwrap() };
        let work = async {
            job(&sim, || thread::sleep(Duration::from_millis(5))).await;
            sim.elapsed()
        };
        let (read, work) = future::zip(read, work).await;
        assert_eq!(work, begin);
        assert!(read > begin);
    });
}

#[test]
fn a_program_that_waits_for_a_job_is_not_deadlocked() {
    let sim = calm();
    let result = sim.block_on(async {
        let first = job(&sim, || 1).await;
        let second = job(&sim, || 2).await;
        first + second
    });
    assert_eq!(result, 3);
    assert_eq!(sim.elapsed(), Duration::ZERO);
}

#[test]
fn a_job_that_is_given_up_lets_the_clock_go_on() {
    let sim = calm();
    sim.block_on(async {
        let (_release, released) = mpsc::channel::<()>();
        let never = job(&sim, move || {
            let _ = released.recv();
        });
        assert!(crate::common::now(never).await.is_none());
        Timer::after(Duration::from_secs(1)).await;
    });
    assert_eq!(sim.elapsed(), Duration::from_secs(1));
}

#[test]
fn the_guard_may_be_dropped_by_another_thread() {
    let sim = calm();
    let job = sim.job();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(5));
        drop(job);
    });
    sim.block_on(async { Timer::after(Duration::from_secs(1)).await });
    assert_eq!(sim.elapsed(), Duration::from_secs(1));
}

#[test]
fn threads_that_may_act_are_waited_for_and_time_jumps_all_the_same() {
    let settings = Settings::new().faults(Faults::NONE).foreign_threads(true);
    let sim = Sim::new(settings);
    sim.block_on(async {
        Timer::after(Duration::from_secs(1)).await;
        let (mut here, there) = sim.pair();
        let writer = thread::spawn(move || {
            thread::sleep(Duration::from_millis(5));
            std::io::Write::write_all(&mut here, b"hello").unwrap();
            thread::sleep(Duration::from_millis(5));
        });
        let mut text = String::new();
        Async::new(there).unwrap().read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "hello");
        writer.join().unwrap();
    });
    assert_eq!(sim.elapsed(), Duration::from_secs(1));
}
