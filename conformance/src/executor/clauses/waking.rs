//! Wakers: from other threads, at any time, and from the reactor.

use std::future::poll_fn;
use std::thread;
use std::time::Duration;

use mini_reactor::Deadline;

use crate::executor::trial::{Trial, local, work};
use crate::threads::start;
use crate::waiting::Flag;

pub(crate) fn a_wake_from_another_thread_reaches_a_sleeping_run(trial: &Trial) {
    let executor = trial.executor();
    for round in 0..trial.times(20) {
        let flag = Flag::default();
        let raised = flag.clone();
        let task = executor.spawn(work(async move {
            raised.raised().await;
            1
        }));
        let waker = start("a thread that wakes a task", move || {
            thread::sleep(Duration::from_micros(100 * (round as u64 % 4)));
            flag.raise();
        });
        assert_eq!(trial.run("a task that another thread has woken", &*executor, task), 1);
        waker.join(trial.patience());
    }
}

pub(crate) fn block_on_drives_the_reactor(trial: &Trial) {
    let executor = trial.executor();
    let task = executor.spawn(work(async {
        let mut deadline = Deadline::after(Duration::from_millis(2));
        poll_fn(|cx| deadline.poll(cx)).await;
        3
    }));
    trial.note("a timer, in `block_on`");
    assert_eq!(executor.block_on(local(task)), 3);
}
