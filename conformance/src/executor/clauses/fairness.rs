//! Nobody starves: not a task, not the future of `run`, not the reactor.

use std::future::poll_fn;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use mini_reactor::{Deadline, Direction, Registration};

use crate::executor::trial::{Trial, local, work, yield_now};
use crate::executor::{Executes, Task};
use crate::waiting::Flag;

/// Polls of others that somebody may have to wait for, at the very most.
const SHARE_MAX: u64 = 10_000;

/// A task that yields until it is told to end, and how often it was polled.
fn spawn_busy(executor: &dyn Executes, end: &Arc<AtomicBool>) -> (Task<u64>, Arc<AtomicU64>) {
    let polls = Arc::new(AtomicU64::new(0));
    let (count, end) = (Arc::clone(&polls), Arc::clone(end));
    let task = executor.spawn(work(async move {
        while !end.load(Relaxed) {
            let polls = count.fetch_add(1, Relaxed);
            assert!(polls < 20 * SHARE_MAX, "{polls} polls, and nobody else had a turn");
            yield_now().await;
        }
        1
    }));
    (task, polls)
}

pub(crate) fn a_task_that_yields_starves_no_other(trial: &Trial) {
    let executor = trial.executor();
    let end = Arc::new(AtomicBool::new(false));
    let (busy, polls) = spawn_busy(&*executor, &end);
    for _ in 0..10 {
        let before = polls.load(Relaxed);
        let task = executor.spawn(work(async { 2 }));
        trial.run("a task beside one that yields for ever", &*executor, task);
        let waited = polls.load(Relaxed) - before;
        assert!(waited < SHARE_MAX, "it had to wait for {waited} polls of the other");
    }
    end.store(true, Relaxed);
    trial.run("the task that yielded", &*executor, busy);
}

pub(crate) fn tasks_do_not_starve_the_future_of_run(trial: &Trial) {
    let executor = trial.executor();
    let end = Arc::new(AtomicBool::new(false));
    let busy: Vec<_> = (0..4).map(|_| spawn_busy(&*executor, &end)).collect();
    trial.run("a future beside four tasks that yield for ever", &*executor, async {
        for _ in 0..20 {
            let before: u64 = busy.iter().map(|(_, polls)| polls.load(Relaxed)).sum();
            yield_now().await;
            let after: u64 = busy.iter().map(|(_, polls)| polls.load(Relaxed)).sum();
            assert!(after - before < SHARE_MAX, "it had to wait for {} polls", after - before);
        }
        end.store(true, Relaxed);
        0
    });
    let sum = async {
        let mut sum = 0;
        for (task, _) in busy {
            sum += task.await;
        }
        sum
    };
    assert_eq!(trial.run("the tasks that yielded", &*executor, sum), 4);
}

pub(crate) fn tasks_that_wake_each_other_starve_no_third(trial: &Trial) {
    let executor = trial.executor();
    let end = Arc::new(AtomicBool::new(false));
    let (ball, turns) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let wakers = Arc::new([const { std::sync::Mutex::new(None) }; 2]);
    let players: Vec<_> = [0, 1]
        .into_iter()
        .map(|me: usize| {
            let (ball, turns, end) = (Arc::clone(&ball), Arc::clone(&turns), Arc::clone(&end));
            let wakers: Arc<[std::sync::Mutex<Option<std::task::Waker>>; 2]> = Arc::clone(&wakers);
            executor.spawn(work(poll_fn(move |cx| {
                *wakers[me].lock().expect("nobody panics under it") = Some(cx.waker().clone());
                if ball.load(Relaxed) % 2 == me as u64 {
                    ball.fetch_add(1, Relaxed);
                    let played = turns.fetch_add(1, Relaxed);
                    assert!(played < 20 * SHARE_MAX, "{played} turns, and no third had one");
                    let other = wakers[1 - me].lock().expect("nobody panics under it").clone();
                    if let Some(other) = other {
                        other.wake();
                    }
                }
                match end.load(Relaxed) {
                    true => std::task::Poll::Ready(1),
                    false => std::task::Poll::Pending,
                }
            })))
        })
        .collect();
    for _ in 0..5 {
        let before = turns.load(Relaxed);
        let third = executor.spawn(work(async { 2 }));
        trial.run("a third task beside two that wake each other", &*executor, third);
        let waited = turns.load(Relaxed) - before;
        assert!(waited < SHARE_MAX, "it had to wait for {waited} turns of the other two");
    }
    end.store(true, Relaxed);
    drop(players);
    trial.run_all(&*executor);
}

pub(crate) fn tasks_that_yield_get_like_shares(trial: &Trial) {
    let executor = trial.executor();
    let end = Arc::new(AtomicBool::new(false));
    let busy: Vec<_> = (0..10).map(|_| spawn_busy(&*executor, &end)).collect();
    let polls = || busy.iter().map(|(_, polls)| polls.load(Relaxed));
    trial.run("ten tasks that yield", &*executor, async {
        while polls().max().expect("ten tasks") < 1_000 {
            yield_now().await;
        }
        0
    });
    let (least, most) = (polls().min().expect("ten tasks"), polls().max().expect("ten tasks"));
    end.store(true, Relaxed);
    trial.run_all(&*executor);
    assert!(least * 8 >= most, "one task had {most} polls, another {least}");
}

pub(crate) fn busy_tasks_do_not_starve_the_reactor(trial: &Trial) {
    let executor = trial.executor();
    let end = Arc::new(AtomicBool::new(false));
    let (ended, patience, begin) = (Arc::clone(&end), trial.patience(), Instant::now());
    let busy = executor.spawn(work(async move {
        while !ended.load(Relaxed) {
            assert!(begin.elapsed() < patience, "for {patience:?} the reactor had no turn");
            yield_now().await;
        }
        1
    }));
    let (here, there) = crate::os::tcp_pair().expect("a pair of sockets");
    trial.note("a timer and a read beside a task that yields for ever, in `block_on`");
    let read = executor.block_on(local(async {
        let mut nap = Deadline::after(Duration::from_millis(1));
        poll_fn(|cx| nap.poll(cx)).await;
        (&there).write_all(b"xyz").expect("there is room");
        let here = Registration::new(here);
        let reading = here.io(Direction::Read, |mut io| io.read(&mut [0; 8]));
        let read = reading.await.expect("reading does not fail");
        end.store(true, Relaxed);
        read as u64 + busy.await
    }));
    assert_eq!(read, 4);
}

pub(crate) fn block_on_runs_its_future_and_the_tasks(trial: &Trial) {
    let executor = trial.executor();
    let flag = Flag::default();
    let raised = flag.clone();
    let task = executor.spawn(work(async move {
        raised.raised().await;
        5
    }));
    trial.note("a future and a task that need each other, in `block_on`");
    let sum = executor.block_on(local(async {
        for _ in 0..100 {
            yield_now().await;
        }
        flag.raise();
        task.await + 1
    }));
    assert_eq!(sum, 6);
}
