//! Tasks that come while every worker computes are polled by one of these.

use loom::sync::Arc;
use loom::sync::Mutex;
use loom::thread;

use crate::check;
use crate::demand::{Call, Demand, TASKS};

/// As `Worker::serve_tasks`, without the limit.
fn serve(demand: &Demand<u32, ()>, queue: &Mutex<Vec<u32>>) -> usize {
    let mut polls = 0;
    while queue.lock().expect("nothing panics under it").pop().is_some() {
        polls += 1;
    }
    if demand.word() & TASKS != 0 {
        demand.unset(TASKS);
        if !queue.lock().expect("nothing panics under it").is_empty() {
            demand.call(Call::Tasks, TASKS);
        }
    }
    polls
}

#[test]
fn a_computing_worker_polls_every_task() {
    check(Some(3), || {
        let shared = Arc::new((Demand::new(), Mutex::new(Vec::new())));
        let theirs = shared.clone();
        let other = thread::spawn(move || {
            let (demand, queue) = &*theirs;
            for task in 0..2 {
                queue.lock().expect("nothing panics under it").push(task);
                assert!(demand.call(Call::Tasks, TASKS).is_none(), "nobody sleeps");
            }
        });
        let (demand, queue) = &*shared;
        let mut polled = 0;
        // At each join, it looks at the word and at nothing else.
        while polled < 2 {
            if demand.word() & TASKS != 0 {
                polled += serve(demand, queue);
            } else {
                thread::yield_now();
            }
        }
        other.join().unwrap();
    });
}
