//! What the system sees: threads that sleep as long as there is nothing to do, and one that wakes
//! up for one task.

#![cfg(target_os = "linux")]

use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures_lite::future::yield_now;
use mini_async::Timer;
use mini_executor_work_stealing::Executor;
use mini_reactor::{Reactor, System};

use crate::support::{until, with_named};

/// How often the threads of these names have gone to sleep.
fn sleeps(name: &str) -> u64 {
    let mut sum = 0;
    for task in fs::read_dir("/proc/self/task").expect("procfs") {
        let status = task.expect("procfs").path().join("status");
        let Ok(status) = fs::read_to_string(status) else { continue }; // it has just ended
        let value = |key: &str| {
            let line = status.lines().find(|line| line.starts_with(key))?;
            Some(line[key.len()..].trim().to_owned())
        };
        if value("Name:").as_deref() == Some(name) {
            let switches = value("voluntary_ctxt_switches:").expect("every thread has it");
            sum += switches.parse::<u64>().expect("it is a number");
        }
    }
    sum
}

/// Waits until the threads sleep, and have for a while.
fn settle(name: &str, count: u64) {
    let mut before = 0;
    until(|| {
        thread::sleep(Duration::from_millis(50));
        let now = sleeps(name);
        std::mem::replace(&mut before, now) == now && now >= count
    });
}

#[test]
fn an_idle_program_makes_no_system_call() {
    let executor = Executor::new_in(Arc::new(Reactor::new(System::new()))); // no other test's
    with_named("idle", 3, &executor, || {
        // There has been work, I/O and a watch.
        for _ in 0..50 {
            let task = executor.spawn(async {
                Timer::after(Duration::from_micros(200)).await;
                for _ in 0..100 {
                    yield_now().await;
                }
            });
            until(|| task.is_finished());
        }
        settle("idle", 3);
        // A call that ends is followed by another before the thread sleeps again.
        let before = sleeps("idle");
        thread::sleep(Duration::from_secs(3));
        assert_eq!(sleeps("idle"), before);
    });
}

#[test]
fn one_task_from_outside_wakes_one_thread() {
    const ROUNDS: u64 = 50;
    let executor = Executor::new_in(Arc::new(Reactor::new(System::new()))); // no other test's
    with_named("herd", 4, &executor, || {
        settle("herd", 4);
        let before = sleeps("herd");
        for _ in 0..ROUNDS {
            let task = executor.spawn(async {});
            until(|| task.is_finished());
            thread::sleep(Duration::from_millis(1)); // it sleeps again
        }
        let woken = sleeps("herd") - before;
        // A lock may be taken just then; a herd would be four times as many.
        assert!(woken < 2 * ROUNDS, "{woken} threads were woken for {ROUNDS} tasks");
    });
}

#[test]
fn a_thread_that_sleeps_beside_a_long_poll_makes_no_system_call() {
    let executor = Executor::new_in(Arc::new(Reactor::new(System::new()))); // no other test's
    with_named("beside", 2, &executor, || {
        executor.block_on(async {
            settle("beside", 2); // all that others could be waiting for is looked after
            let before = sleeps("beside");
            thread::sleep(Duration::from_secs(2));
            assert_eq!(sleeps("beside"), before);
        });
    });
}
