//! Spawning, ticking and running, on one thread.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Context;

use crate::executor::trial::{Trial, local, work, yield_now};
use crate::waiting::{Flag, both};
use crate::waking::Count;

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

pub(crate) fn an_executor_whose_tasks_wait_is_not_empty(trial: &Trial) {
    let executor = trial.executor();
    let flag = Flag::default();
    let raised = flag.clone();
    let task = executor.spawn(work(async move {
        raised.raised().await;
        0
    }));
    trial.run_all(&*executor);
    assert!(!executor.is_empty(), "a task waits");
    flag.raise();
    trial.run("a task that waited", &*executor, task);
    assert!(executor.is_empty(), "no task is left");
}

pub(crate) fn a_tick_polls_one_task(trial: &Trial) {
    let executor = trial.executor();
    let polls = Arc::new(AtomicU64::new(0));
    for _ in 0..6 {
        let polls = Arc::clone(&polls);
        executor.spawn(work(async move { polls.fetch_add(1, Relaxed) })).detach();
    }
    for tick in 1..=6 {
        match tick % 2 {
            0 => assert!(executor.try_tick(), "there were tasks"),
            _ => trial.wait("a tick of an executor that has tasks", executor.tick()),
        }
        assert_eq!(polls.load(Relaxed), tick, "polls after so many ticks");
    }
}

pub(crate) fn a_tick_waits_for_a_task(trial: &Trial) {
    let executor = trial.executor();
    for _ in 0..3 {
        let (count, waker) = Count::new();
        let mut cx = Context::from_waker(&waker);
        let mut tick = executor.tick();
        assert!(tick.as_mut().poll(&mut cx).is_pending(), "there is no task");
        let task = executor.spawn(work(async { 4 }));
        assert!(count.wakes() > 0, "a tick that waits is not told of a task");
        assert!(tick.as_mut().poll(&mut cx).is_ready(), "there was a task");
        assert!(task.is_finished(), "the tick has polled it");
    }
}

pub(crate) fn run_runs_tasks_until_its_future_is_ready(trial: &Trial) {
    let executor = trial.executor();
    let task = executor.spawn(work(async { 1 }));
    let sum = trial.run("a future that awaits a task", &*executor, async { task.await + 2 });
    assert_eq!(sum, 3);
}

pub(crate) fn what_is_left_when_run_returns_is_run_later(trial: &Trial) {
    let executor = trial.executor();
    let tasks: Vec<_> = (0..10)
        .map(|n| {
            executor.spawn(work(async move {
                yield_now().await;
                n
            }))
        })
        .collect();
    trial.run("a future that is ready", &*executor, async { 0 });
    trial.run("a future that yields once", &*executor, async {
        yield_now().await;
        0
    });
    let sum = async {
        let mut sum = 0;
        for task in tasks {
            sum += task.await;
        }
        sum
    };
    assert_eq!(trial.run("what other runs have left over", &*executor, sum), 45);
    assert!(executor.is_empty(), "a task is left");
}

pub(crate) fn spawn_many_spawns_each(trial: &Trial) {
    let executor = trial.executor();
    assert_eq!(executor.spawn_many(Vec::new()).len(), 0);
    assert!(executor.is_empty(), "nothing was spawned");
    let futures: Vec<_> = (0..100).map(|n| work(async move { n })).collect();
    let tasks = executor.spawn_many(futures);
    let outputs = async {
        for (n, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await, n as u64, "the outputs come in the order of the futures");
        }
        1
    };
    assert_eq!(trial.run("a hundred tasks", &*executor, outputs), 1);
}

pub(crate) fn a_task_may_spawn_tasks(trial: &Trial) {
    let executor: Rc<dyn crate::executor::Executes> = Rc::from(trial.executor());
    let inner = Rc::downgrade(&executor);
    let task = executor.spawn_local(local(async move {
        let mut sum = 0;
        for n in 0..10 {
            let Some(executor) = inner.upgrade() else { break };
            let task = executor.spawn(work(async move { n }));
            drop(executor);
            sum += task.await;
        }
        sum
    }));
    assert_eq!(trial.run("a task that spawns and awaits ten others", &*executor, task), 45);
}

pub(crate) fn several_runs_share_the_tasks(trial: &Trial) {
    let executor = trial.executor();
    let (first, second) = (Flag::default(), Flag::default());
    let (to_first, to_second) = (first.clone(), second.clone());
    let tasks = [
        executor.spawn(work(async move {
            first.raised().await;
            to_second.raise();
            1
        })),
        executor.spawn(work(async move {
            yield_now().await;
            to_first.raise();
            second.raised().await;
            1
        })),
    ];
    let [one, other] = tasks;
    let runs = both(
        async {
            executor.run(local(one)).await;
        },
        async {
            executor.run(local(other)).await;
        },
    );
    trial.wait("two runs of one executor, side by side", runs);
}

pub(crate) fn a_run_that_goes_away_passes_its_duty_on(trial: &Trial) {
    let executor = trial.executor();
    for waits in [Waits::Run, Waits::Tick] {
        let flag = Flag::default();
        let raised = flag.clone();
        let task = executor.spawn(work(async move {
            raised.raised().await;
            1
        }));
        trial.run_all(&*executor);
        let waiting = || match waits {
            Waits::Run => executor.run(local(std::future::pending())),
            Waits::Tick => local(async {
                executor.tick().await;
                0
            }),
        };
        let mut runs: Vec<_> = (0..3)
            .map(|_| {
                let ((count, waker), mut run) = (Count::new(), waiting());
                let mut cx = Context::from_waker(&waker);
                assert!(run.as_mut().poll(&mut cx).is_pending(), "there is nothing to do");
                (run, count)
            })
            .collect();
        flag.raise();
        while !runs.is_empty() {
            // Whoever is told goes away instead, and so somebody else has to be.
            let told = runs.iter().position(|(_, count)| count.wakes() > 0);
            let told = told.expect("of those who wait, one is told of the task that was woken");
            drop(runs.swap_remove(told));
        }
        assert_eq!(trial.run("the task that was woken", &*executor, task), 1);
    }
}

#[derive(Clone, Copy)]
enum Waits {
    Run,
    Tick,
}

pub(crate) fn executors_nest(trial: &Trial) {
    let (outer, inner) = (trial.executor(), trial.executor());
    let (here, there) = (Flag::default(), Flag::default());
    let (to_here, to_there) = (here.clone(), there.clone());
    let of_outer = outer.spawn(work(async move {
        to_there.raise();
        here.raised().await;
        1
    }));
    let of_inner = inner.spawn(work(async move {
        there.raised().await;
        to_here.raise();
        2
    }));
    let sum = inner.run(local(async { of_inner.await + of_outer.await }));
    assert_eq!(trial.run("two executors, one inside the other", &*outer, sum), 3);
}

pub(crate) fn a_task_may_block_on_its_own_executor(trial: &Trial) {
    let executor: Rc<dyn crate::executor::Executes> = Rc::from(trial.executor());
    let inner = Rc::downgrade(&executor);
    let context = trial.context().clone();
    let outer = executor.spawn_local(local(async move {
        let executor = inner.upgrade().expect("it is being run");
        let task = executor.spawn(work(async {
            yield_now().await;
            5
        }));
        let nested = executor.run(local(task));
        context.wait("a run inside a task of the same executor", nested)
    }));
    let beside = executor.spawn(work(async { 2 }));
    let both = async { outer.await + beside.await };
    assert_eq!(trial.run("a task that contains a run", &*executor, both), 7);
}
