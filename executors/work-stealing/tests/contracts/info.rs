//! Names of tasks, and the list of what waits.

use std::future::pending;

use futures_lite::future::yield_now;
use mini_executor_work_stealing::{Executor, TaskInfo};

use crate::support::{Signal, run_all};

fn listed(executor: &Executor<'_>) -> Vec<TaskInfo> {
    let mut tasks = Vec::new();
    executor.for_each_task(|task| tasks.push(task.clone()));
    tasks
}

async fn waits_for_ever() {
    pending::<()>().await;
}

#[test]
fn a_task_that_waits_is_listed_by_the_type_of_its_future() {
    let executor = Executor::new();
    assert!(listed(&executor).is_empty());
    let _task = executor.spawn(waits_for_ever());
    assert!(listed(&executor).is_empty(), "it has not been polled");
    run_all(&executor);
    let tasks = listed(&executor);
    assert_eq!(tasks.len(), 1);
    assert!(tasks[0].future().contains("waits_for_ever"), "{}", tasks[0].future());
    assert_eq!((tasks[0].name(), tasks[0].polls(), tasks[0].is_polled()), (None, None, None));
    assert!(tasks[0].spawned_at().is_none());
    assert_eq!(tasks[0].to_string(), tasks[0].future());
}

#[test]
fn a_task_with_a_name_is_listed_from_its_spawn_to_its_end_and_knows_more() {
    let executor = Executor::new();
    let signal = Signal::default();
    let wait = signal.clone().wait();
    let line = line!() + 1;
    let task = executor.spawn_named(format!("number {}", 7), async {
        yield_now().await;
        wait.await;
    });
    let info = listed(&executor).remove(0);
    assert_eq!((info.name(), info.polls()), (Some("number 7"), Some(0)));
    run_all(&executor);
    assert_eq!(listed(&executor).len(), 1);
    assert_eq!((info.polls(), info.is_polled()), (Some(2), Some(false)));
    let place = info.spawned_at().expect("it has a name");
    assert_eq!((place.file(), place.line()), (file!(), line));
    let text = info.to_string();
    assert!(text.starts_with("number 7: ") && text.contains("2 polls"), "{text}");
    signal.set();
    run_all(&executor);
    assert!(task.is_finished());
    assert!(listed(&executor).is_empty());
}

#[test]
fn a_task_may_list_itself_and_the_closure_may_do_everything() {
    let executor = std::sync::Arc::new(Executor::new());
    let inner = executor.clone();
    let task = executor.spawn_named("itself", async move {
        let mut polled = Vec::new();
        inner.for_each_task(|task| {
            polled.push(task.is_polled());
            inner.spawn(async {}).detach();
            inner.for_each_task(|_| ());
        });
        polled
    });
    assert_eq!(executor.block_on(task), [Some(true)]);
}

#[test]
fn tasks_with_names_are_listed_wherever_they_were_spawned_and_dropped_with_the_executor() {
    let executor = Executor::new();
    let _outside = executor.spawn_named("outside", pending::<()>());
    executor.block_on(async {
        executor.spawn_named("inside", pending::<()>()).detach();
        yield_now().await;
    });
    let mut names: Vec<_> =
        listed(&executor).iter().map(|task| task.name().map(str::to_owned)).collect();
    names.sort();
    assert_eq!(names, [Some("inside".to_owned()), Some("outside".to_owned())]);
}
