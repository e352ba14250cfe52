//! Tasks that come from outside find a thread, however many of those are about to sleep, asleep, or
//! on their way: `crew.rs` and `block_on.rs`.

use std::future::{Future, poll_fn};
use std::pin::pin;

use loom::thread;

use crate::support::{Count, Rig, Signal, check, wait_for};

#[test]
fn a_task_from_outside_is_run_by_a_thread_that_falls_asleep() {
    check(3, || {
        let (rig, stop, done) = (Rig::new(1), Signal::new(), Signal::new());
        let lent = rig.lend(&stop);
        rig.spawn_setting(&done);
        wait_for(done.wait());
        stop.set();
        lent.join().unwrap();
    });
}

#[test]
fn tasks_from_two_threads_outside_are_run_once_each() {
    check(1, || {
        let (rig, stop, done, count) = (Rig::new(1), Signal::new(), Signal::new(), Count::new());
        let lent = rig.lend(&stop);
        let spawn = || {
            let (rig, done, count) = (rig.clone(), done.clone(), count.clone());
            let task = async move {
                if count.one_more() == 2 {
                    done.set();
                }
            };
            move || rig.executor.make_task(task, None).detach()
        };
        let other = thread::spawn(spawn());
        spawn()();
        other.join().unwrap();
        wait_for(done.wait());
        stop.set();
        lent.join().unwrap();
        assert_eq!(count.get(), 2);
    });
}

/// One searches, and the other task comes meanwhile; each task needs a thread of its own. This one
/// is woken only as somebody who waits.
#[test]
fn who_searches_passes_on_what_it_leaves() {
    check(2, || {
        let (rig, stop) = (Rig::new(1), Signal::new());
        let lent = rig.lend(&stop);
        let (one, other) = (Signal::new(), Signal::new());
        let mut tick = pin!(rig.executor.wait_and_run_one());
        let mut pushed = false;
        wait_for(poll_fn(|cx| {
            let poll = tick.as_mut().poll(cx);
            if !std::mem::replace(&mut pushed, true) {
                for (sets, waits) in [(&one, &other), (&other, &one)] {
                    let (sets, waits) = (sets.clone(), waits.clone());
                    let task = async move {
                        sets.set();
                        wait_for(waits.wait()); // a long poll
                    };
                    rig.executor.make_task(task, None).detach();
                }
            }
            poll
        }));
        stop.set();
        lent.join().unwrap();
    });
}

#[test]
fn a_task_that_another_thread_wakes_is_run() {
    check(2, || {
        let (rig, stop, done, event) = (Rig::new(1), Signal::new(), Signal::new(), Signal::new());
        let (waits, sets) = (event.clone(), done.clone());
        let task = async move {
            waits.wait().await;
            sets.set();
        };
        rig.executor.make_task(task, None).detach();
        let lent = rig.lend(&stop);
        event.set();
        wait_for(done.wait());
        stop.set();
        lent.join().unwrap();
    });
}

#[test]
fn a_task_from_outside_is_run_by_a_run_without_a_place_to_sleep() {
    check(2, || {
        let (rig, stop, done) = (Rig::new(1), Signal::new(), Signal::new());
        let runs = thread::spawn({
            let (rig, stop) = (rig.clone(), stop.clone());
            move || wait_for(rig.executor.run_until(stop.wait()))
        });
        rig.spawn_setting(&done);
        wait_for(done.wait());
        stop.set();
        runs.join().unwrap();
    });
}

#[test]
fn a_task_from_outside_is_run_by_a_tick() {
    check(3, || {
        let (rig, done) = (Rig::new(1), Signal::new());
        let ticks = thread::spawn({
            let rig = rig.clone();
            move || wait_for(rig.executor.wait_and_run_one())
        });
        rig.spawn_setting(&done);
        ticks.join().unwrap();
        assert!(done.is_set());
    });
}
