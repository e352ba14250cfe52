//! What waits behind a long poll is seen to by a thread that sleeps: `watch.rs` and the core's
//! teams. In each of these a poll does not end before what it would delay has come about.
//!
//! A sleeper with a limit lets the others go on each time, which is no preemption; so the bounds
//! are lower here than elsewhere, for as many interleavings.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::io_object::{Direction::Read, Directions};
use crate::local::Local;
use crate::support::{Rig, Signal, check, wait_for};
use crate::sync;
use crate::watch::{PERIOD, Watch};
use crate::world::Pipe;

/// Gives up its turn once.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[test]
fn a_task_that_a_long_poll_spawns() {
    check(2, || {
        let (rig, stop, done) = (Rig::new(2), Signal::new(), Signal::new());
        let lent = rig.lend(&stop);
        rig.block_on(async {
            rig.spawn_setting(&done);
            wait_for(done.wait());
        });
        stop.set();
        lent.join().unwrap();
    });
}

#[test]
fn a_task_that_a_long_poll_wakes() {
    check(2, || {
        let (rig, stop, done, event) = (Rig::new(2), Signal::new(), Signal::new(), Signal::new());
        rig.block_on(async {
            let (waits, sets) = (event.clone(), done.clone());
            let woken = async move {
                waits.wait().await;
                sets.set();
            };
            rig.executor.make_task(woken, None).detach();
            while !event.is_awaited() {
                yield_now().await;
            }
            let lent = rig.lend(&stop);
            event.set(); // runs next here
            wait_for(done.wait());
            stop.set();
            lent.join().unwrap();
        });
    });
}

#[test]
fn an_event_while_the_last_driver_is_in_a_long_poll() {
    check(0, || {
        let (rig, stop, done) = (Rig::new(2), Signal::new(), Signal::new());
        let (pipe, other) = (Pipe::registered(&rig.handle), Pipe::registered(&rig.handle));
        let (waits, sets) = (other.clone(), done.clone());
        let reads = async move {
            waits.ready(Read).await.unwrap();
            sets.set();
        };
        rig.executor.make_task(reads, None).detach();
        let lent = rig.lend(&stop);
        rig.reactor.backend().0.post(pipe.source(), Directions::READ);
        rig.block_on(async {
            pipe.ready(Read).await.unwrap();
            rig.reactor.backend().0.post(other.source(), Directions::READ);
            wait_for(done.wait());
        });
        stop.set();
        lent.join().unwrap();
    });
}

/// A worker that has looked for events in passing was the driver for a moment, too. There is one
/// order of things here: the sleeper parked in that moment, and does not watch.
#[test]
fn an_event_while_the_last_who_looked_in_passing_is_in_a_long_poll() {
    check(0, || {
        let rig = Rig::new(2);
        let shared = &rig.executor.home().shared;
        let sleeper = Local::new(rig.executor.home().clone());
        shared.crew.begin();
        assert!(!shared.crew.fall_asleep(sleeper.number));
        let pipe = Pipe::registered(&rig.handle);
        rig.block_on(async {
            let mut event = pin!(pipe.ready(Read));
            let waits = poll_fn(|cx| Poll::Ready(event.as_mut().poll(cx).is_pending())).await;
            assert!(waits);
            assert!(!shared.crew.is_told(&sleeper.slot));
            for _ in 0..crate::TURN {
                yield_now().await;
            }
            assert!(shared.crew.is_told(&sleeper.slot));
        });
        assert!(!shared.crew.wake_up(sleeper.number, true, false));
        shared.crew.end();
        sleeper.leave();
    });
}

/// There is one order of things here; what it shows is about time.
#[test]
fn a_task_behind_a_long_poll_though_the_sleeper_never_sleeps_for_a_period() {
    check(0, || {
        let rig = Rig::new(2);
        let shared = &rig.executor.home().shared;
        let busy = Local::new(rig.executor.home().clone());
        let sleeper = Local::new(rig.executor.home().clone());
        let task = rig.executor.make_task(async {}, None);
        busy.wake(shared.take_one().unwrap(), false, shared.crew.seen());
        let mut watch = Watch::new();
        let relieved = (0..9).any(|_| {
            sync::sleep(PERIOD / 2); // in which it runs something
            let relieved = watch.begin(shared, &sleeper);
            watch.off();
            relieved
        });
        assert!(relieved && sleeper.queued() == 1);
        sleeper.leave();
        busy.leave();
        task.detach();
    });
}

#[test]
fn tasks_of_a_run_that_is_not_polled_again() {
    check(0, || {
        let (rig, stop, done) = (Rig::new(2), Signal::new(), Signal::new());
        let lent = rig.lend(&stop);
        rig.until_asleep();
        let spawns = async {
            let sets = done.clone();
            let task = async move {
                for _ in 0..crate::TURN {
                    yield_now().await;
                }
                sets.set();
            };
            rig.executor.make_task(task, None).detach();
            std::future::pending::<()>().await;
        };
        let mut run = pin!(rig.executor.run_until(spawns));
        assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        wait_for(done.wait());
        stop.set();
        lent.join().unwrap();
    });
}
