//! Virtual time: it jumps when nothing can run, by exactly as much as is waited for.

use std::cell::Cell;
use std::time::{Duration, Instant};

use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use futures_lite::{StreamExt, future};
use mini_async::{Async, Timer};
use mini_executor_single_thread::LocalExecutor;
use mini_reactor::{GlobalReactor, ReadyList};
use mini_reactor_sim::{Faults, Settings, Sim, explore};

use crate::common::{calm, connected};

#[test]
fn a_year_takes_no_time() {
    let sim = Sim::new(Settings::new().time_limit(Duration::MAX));
    let begin = Instant::now();
    sim.block_on(async {
        for _ in 0..365 {
            Timer::after(Duration::from_secs(24 * 3600)).await;
        }
    });
    assert_eq!(sim.elapsed(), Duration::from_secs(365 * 24 * 3600));
    assert!(begin.elapsed() < Duration::from_secs(3600), "not even an hour");
}

#[test]
fn a_turn_with_a_finite_timeout_and_nothing_ready_advances_the_clock_by_exactly_that() {
    let sim = calm();
    let simulator = sim.reactor().backend();
    let begin = simulator.now();
    let mut expected = Duration::ZERO;
    for timeout in [Duration::from_nanos(1), Duration::from_millis(3), Duration::from_secs(7)] {
        let mut ready = ReadyList::new();
        simulator.turn(Some(timeout), &mut ready).unwrap();
        expected += timeout;
        assert_eq!(simulator.now() - begin, expected);
        assert_eq!(sim.elapsed(), expected);
        assert!(ready.events().is_empty());
    }
    simulator.turn(Some(Duration::ZERO), &mut ReadyList::new()).unwrap();
    assert_eq!(sim.elapsed(), expected);
}

#[test]
fn a_turn_that_was_notified_does_not_advance_the_clock() {
    let sim = calm();
    let simulator = sim.reactor().backend();
    simulator.notify();
    simulator.notify();
    simulator.turn(Some(Duration::from_secs(1)), &mut ReadyList::new()).unwrap();
    assert_eq!(sim.elapsed(), Duration::ZERO);
    simulator.turn(Some(Duration::from_secs(1)), &mut ReadyList::new()).unwrap();
    assert_eq!(sim.elapsed(), Duration::from_secs(1), "the notifications were one");
}

#[test]
fn the_clock_does_not_jump_while_anything_can_run() {
    let sim = calm();
    let polls = Cell::new(0);
    let executor = LocalExecutor::new_in(&sim);
    executor.block_on(async {
        let busy = async {
            while polls.get() < 10_000 {
                polls.set(polls.get() + 1);
                future::yield_now().await;
            }
            sim.elapsed()
        };
        let timer = executor.spawn(async {
            Timer::after(Duration::from_nanos(1)).await;
            polls.get()
        });
        assert_eq!(busy.await, Duration::ZERO);
        assert_eq!(timer.await, 10_000, "the timer fired when the other task was done");
    });
    assert_eq!(sim.elapsed(), Duration::from_nanos(1));
}

#[test]
fn timers_fire_in_their_order_and_at_their_time() {
    let sim = calm();
    let executor = LocalExecutor::new_in(&sim);
    executor.block_on(async {
        let tasks: Vec<_> = [50, 10, 40, 20, 30]
            .map(|millis| {
                let sim = &sim;
                executor.spawn(async move {
                    Timer::after(Duration::from_millis(millis)).await;
                    assert_eq!(sim.elapsed(), Duration::from_millis(millis));
                })
            })
            .into();
        for task in tasks {
            task.await;
        }
    });
    assert_eq!(sim.elapsed(), Duration::from_millis(50));
}

#[test]
fn an_interval_keeps_its_steps() {
    let sim = calm();
    sim.block_on(async {
        let begin = sim.now();
        let period = Duration::from_millis(7);
        let ticks: Vec<_> = Timer::interval(period).take(5).collect().await;
        let expected: Vec<_> = (1..=5).map(|n| begin + n * period).collect();
        assert_eq!(ticks, expected);
    });
}

#[test]
fn the_clock_never_goes_back() {
    explore(0..60, |sim| async move {
        let (here, there) = connected(&sim).await?;
        let last = Cell::new(sim.now());
        let look = || {
            let now = sim.now();
            assert!(last.replace(now) <= now);
        };
        let send = async {
            for _ in 0..20 {
                (&here).write_all(b"some bytes").await?;
                look();
                Timer::after(Duration::from_micros(sim.random(0..2000))).await;
                look();
            }
            (&here).close().await
        };
        let receive = async {
            let mut buffer = [0; 7];
            while (&there).read(&mut buffer).await? > 0 {
                look();
            }
            Ok(())
        };
        future::try_zip(send, receive).await.map(drop)
    });
}

#[test]
fn what_is_under_way_arrives_before_a_later_timer() {
    let settings = Settings::new().faults(Faults::NONE);
    let ms = Duration::from_millis;
    let sim = Sim::new(settings.latency(ms(5), ms(5)));
    sim.block_on(async {
        let (here, there) = connected(&sim).await.unwrap();
        let begin = sim.elapsed();
        (&here).write_all(b"x").await.unwrap();
        let read = async {
            (&there).read(&mut [0; 8]).await.unwrap();
            sim.elapsed() - begin
        };
        let timer = async {
            Timer::after(ms(6)).await;
            sim.elapsed() - begin
        };
        assert_eq!(future::zip(read, timer).await, (ms(5), ms(6)));
    });
}

#[test]
fn an_object_is_made_of_its_own_clock() {
    // Two simulations on one thread: each has a time of its own.
    let (slow, fast) = (calm(), calm());
    slow.block_on(async { Timer::after(Duration::from_secs(5)).await });
    fast.block_on(async {
        let timer = Timer::after(Duration::from_secs(1));
        let _ = Async::new(fast.pair().0).unwrap();
        timer.await;
    });
    assert_eq!(slow.elapsed(), Duration::from_secs(5));
    assert_eq!(fast.elapsed(), Duration::from_secs(1));
}
