//! Threads that leave, and executors that end: `worker.rs`, `slots.rs` and `close.rs`.

use std::mem::ManuallyDrop;
use std::sync::Arc;

use loom::thread;

use crate::current;
use crate::support::{Count, Rig, Signal, check, wait_for};

/// Counts its drop.
struct Counted(Arc<Count>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.one_more();
    }
}

#[test]
fn the_tasks_of_a_thread_that_leaves_are_run_by_another() {
    check(1, || {
        let (rig, stop, done) = (Rig::new(2), Signal::new(), Signal::new());
        let lent = rig.lend(&stop);
        rig.block_on(async { rig.spawn_setting(&done) });
        wait_for(done.wait());
        stop.set();
        lent.join().unwrap();
    });
}

/// The thread may be woken for the task just as it leaves.
#[test]
fn a_thread_that_leaves_and_one_that_comes() {
    check(1, || {
        let (rig, stop, done) = (Rig::new(2), Signal::new(), Signal::new());
        let leave = Signal::new();
        let leaves = rig.lend(&leave);
        leave.set();
        rig.spawn_setting(&done);
        let lent = rig.lend(&stop);
        wait_for(done.wait());
        stop.set();
        leaves.join().unwrap();
        lent.join().unwrap();
    });
}

#[test]
fn a_task_that_is_woken_while_its_executor_ends_is_dropped_once() {
    check(3, || {
        let (rig, event, drops) = (Rig::new(1), Signal::new(), Count::new());
        let (waits, counted) = (event.clone(), Counted(drops.clone()));
        let task = async move {
            let _counted = counted;
            waits.wait().await;
            std::future::pending::<()>().await;
        };
        rig.executor.make_task(task, None).detach();
        assert!(rig.executor.run_one());
        let wakes = thread::spawn({
            let event = event.clone();
            move || event.set()
        });
        event.is_set(); // loom does not see who of the two wakes it; now it tries either
        drop(rig);
        wakes.join().unwrap();
        assert_eq!(drops.get(), 1);
    });
}

/// The last steps of its destructor, once it has waited for too long.
#[test]
fn a_task_that_is_woken_after_that_is_dropped_or_leaked_but_not_left() {
    check(3, || {
        let (event, drops) = (Signal::new(), Count::new());
        let rig = ManuallyDrop::new(Rig::new(1)); // these are the last steps; there are no more
        let (waits, counted) = (event.clone(), Counted(drops.clone()));
        let task = async move {
            let _counted = counted;
            waits.wait().await;
        };
        rig.executor.make_task(task, None).detach();
        assert!(rig.executor.run_one());
        let wakes = thread::spawn({
            let event = event.clone();
            move || event.set()
        });
        event.is_set(); // as above
        let shared = &rig.executor.home().shared;
        let current = current::visit(shared);
        shared.crew.close();
        while let Some(job) = shared.take_one() {
            drop(job);
        }
        drop(current);
        wakes.join().unwrap();
        assert!(shared.is_injector_empty());
        assert_eq!(drops.get() == 1, shared.is_empty());
    });
}

#[test]
fn an_executor_ends_after_its_threads_and_their_tasks() {
    check(2, || {
        let (rig, event, drops, leave) = (Rig::new(2), Signal::new(), Count::new(), Signal::new());
        let (waits, counted) = (event.clone(), Counted(drops.clone()));
        let task = async move {
            let _counted = counted;
            waits.wait().await;
            std::future::pending::<()>().await;
        };
        rig.executor.make_task(task, None).detach();
        let lent = rig.lend(&leave);
        event.set();
        leave.set();
        drop(rig); // whoever is last ends it
        lent.join().unwrap();
        assert_eq!(drops.get(), 1);
    });
}
