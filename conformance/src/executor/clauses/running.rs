//! Spawning, ticking and running.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use crate::executor::trial::{Trial, local, work};
use crate::threads::start;
use crate::waiting::Flag;

pub(crate) fn a_new_executor_has_no_tasks(trial: &Trial) {
    let executor = trial.executor();
    assert!(executor.is_empty(), "it has a task");
    assert!(!executor.try_tick(), "it polled a task");
    assert_eq!(trial.run("a future that is ready", &*executor, async { 7 }), 7);
    assert!(executor.is_empty(), "it has a task");
}

pub(crate) fn a_task_is_polled_when_its_turn_comes(trial: &Trial) {
    let executor = trial.executor();
    let polls = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&polls);
    let task = executor.spawn(work(async move { count.fetch_add(1, Relaxed) }));
    assert!(!executor.is_empty(), "it has a task");
    assert_eq!(polls.load(Relaxed), 0, "whoever spawned it has polled it");
    assert!(executor.try_tick(), "there was a task to be polled");
    assert_eq!(polls.load(Relaxed), 1);
    assert!(!executor.try_tick(), "there was none");
    assert!(executor.is_empty(), "its task has ended");
    assert!(task.is_finished(), "it has ended");
    assert_eq!(trial.wait("the output of a task that has ended", task), 0);
}

pub(crate) fn run_runs_tasks_until_its_future_is_ready(trial: &Trial) {
    let executor = trial.executor();
    let task = executor.spawn(work(async { 1 }));
    let sum = trial.run("a future that awaits a task", &*executor, async { task.await + 2 });
    assert_eq!(sum, 3);
}

pub(crate) fn threads_run_tasks_side_by_side(trial: &Trial) {
    let executor = trial.shared();
    let (here, there) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (mine, other) = (Arc::clone(&here), Arc::clone(&there));
    // Each of the two keeps its thread until the other one runs.
    let meets = |mine: Arc<AtomicU64>, other: Arc<AtomicU64>| {
        work(async move {
            mine.store(1, Relaxed);
            while other.load(Relaxed) == 0 {
                thread::yield_now();
            }
            1
        })
    };
    let tasks = [executor.spawn(meets(mine, other)), executor.spawn(meets(there, here))];
    let runner = Arc::clone(&executor);
    let (done, patience) = (Flag::default(), trial.patience());
    let flag = done.clone();
    let context = trial.context().clone();
    let other = start("another thread that runs the executor", move || {
        let raised = local(async move {
            flag.raised().await;
            0
        });
        context.wait("the end of another thread's `run`", runner.run(raised));
    });
    let [first, second] = tasks;
    let both = async { first.await + second.await };
    assert_eq!(trial.run("two tasks that need a thread each", &*executor, both), 2);
    done.raise();
    other.join(patience);
}
