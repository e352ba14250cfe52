//! Threads that are started.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use mini_executor_work_stealing::StartThreads;

use crate::support::{until, watch};

#[test]
fn they_run_the_tasks_and_have_names() {
    let _watch = watch();
    let numbers = Arc::new(Mutex::new(BTreeSet::new()));
    let noted = numbers.clone();
    let threads = StartThreads::new(3)
        .name("worker")
        .stack_size(256 << 10)
        .reactor(mini_reactor::global())
        .on_start(move |number| _ = noted.lock().unwrap().insert(number))
        .start()
        .unwrap();
    let barrier = Arc::new(Barrier::new(3));
    let spawn = |_| {
        let barrier = barrier.clone();
        threads.spawn(async move {
            barrier.wait();
            thread::current().name().map(str::to_owned)
        })
    };
    let tasks: Vec<_> = (0..3).map(spawn).collect();
    let names: BTreeSet<_> = tasks.into_iter().map(mini_reactor::block_on).collect();
    let expected = [0, 1, 2].map(|number| Some(format!("worker-{number}")));
    assert_eq!(names, expected.into());
    assert_eq!(*numbers.lock().unwrap(), [0, 1, 2].into());
}

#[test]
fn they_end_when_they_are_dropped_and_the_executor_may_stay() {
    let _watch = watch();
    let threads = StartThreads::new(2).start().unwrap();
    let executor = threads.executor().clone();
    drop(threads);
    assert_eq!(Arc::strong_count(&executor), 1, "no thread has it any more");
    let task = executor.spawn(async { 5 });
    assert!(executor.try_tick());
    assert_eq!(mini_reactor::block_on(task), 5);
}

#[test]
fn one_of_them_may_drop_them() {
    let _watch = watch();
    let threads = StartThreads::new(2).start().unwrap();
    let executor = threads.executor().clone();
    let owner = Arc::new(Mutex::new(Some(threads)));
    let task = executor.spawn({
        let owner = owner.clone();
        async move { drop(owner.lock().unwrap().take()) }
    });
    mini_reactor::block_on(task);
    until(|| Arc::strong_count(&executor) == 1);
}
