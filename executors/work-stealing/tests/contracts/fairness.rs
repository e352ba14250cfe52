//! Who runs when. Each of these has one worker, so the order is certain.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use futures_lite::future::yield_now;
use mini_async::Timer;
use mini_executor_work_stealing::Executor;

use crate::support::{Signal, watch};
use mailbox::Mailbox;

/// Messages from one task to another.
mod mailbox {
    use std::future::poll_fn;
    use std::sync::{Arc, Mutex};
    use std::task::{Poll, Waker};

    #[derive(Clone, Default)]
    pub(super) struct Mailbox(Arc<Mutex<(usize, Option<Waker>)>>);

    impl Mailbox {
        pub(super) fn send(&self) {
            let mut state = self.0.lock().expect("nobody panics under it");
            state.0 += 1;
            let waker = state.1.take();
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
        }

        pub(super) async fn receive(&self) {
            poll_fn(|cx| {
                let mut state = self.0.lock().expect("nobody panics under it");
                if state.0 > 0 {
                    state.0 -= 1;
                    return Poll::Ready(());
                }
                state.1 = Some(cx.waker().clone());
                Poll::Pending
            })
            .await;
        }
    }
}

/// What happened, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    fn say(&self, what: &'static str) {
        self.0.lock().expect("nobody panics under it").push(what);
    }

    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().expect("nobody panics under it"))
    }
}

#[test]
fn a_task_that_another_one_wakes_runs_next() {
    let (executor, log, signal) = (Executor::new(), Log::default(), Signal::default());
    executor.block_on(async {
        let (wait, says) = (signal.clone().wait(), log.clone());
        let woken = executor.spawn(async move {
            wait.await;
            says.say("woken");
        });
        yield_now().await; // it waits
        let says = log.clone();
        let wakes = executor.spawn(async move {
            signal.set();
            says.say("wakes");
        });
        let says = log.clone();
        let queued = executor.spawn(async move { says.say("queued") });
        wakes.await;
        woken.await;
        queued.await;
    });
    assert_eq!(log.take(), ["wakes", "woken", "queued"]);
}

#[test]
fn of_those_three_in_a_row_run_at_most_while_others_are_queued() {
    let (executor, log) = (Executor::new(), Log::default());
    executor.block_on(async {
        let (to_one, to_two) = (Mailbox::default(), Mailbox::default());
        let says = log.clone();
        let other = executor.spawn(async move {
            for _ in 0..20 {
                says.say("other");
                yield_now().await;
            }
        });
        let says = log.clone();
        let (one, two) = (to_one.clone(), to_two.clone());
        let ping = executor.spawn(async move {
            for _ in 0..100 {
                says.say("message");
                two.send();
                one.receive().await;
            }
        });
        let says = log.clone();
        let pong = executor.spawn(async move {
            for _ in 0..100 {
                to_two.receive().await;
                says.say("message");
                to_one.send();
            }
        });
        other.await;
        ping.await;
        pong.await;
    });
    let log = log.take();
    let rows: Vec<usize> =
        log.split(|what| *what == "other").map(<[_]>::len).skip(2).take(18).collect();
    assert_eq!(rows, [3; 18]);
}

#[test]
fn a_task_that_yields_does_not_run_next() {
    let (executor, log) = (Executor::new(), Log::default());
    executor.block_on(async {
        let spawn = |name: &'static str| {
            let says = log.clone();
            executor.spawn(async move {
                for _ in 0..3 {
                    says.say(name);
                    yield_now().await;
                }
            })
        };
        let (one, two) = (spawn("one"), spawn("two"));
        one.await;
        two.await;
    });
    assert_eq!(log.take(), ["one", "two", "one", "two", "one", "two"]);
}

/// Spawns tasks that never stop to yield, and counts their polls.
fn keep_busy(executor: &Executor<'_>, tasks: usize) -> Arc<AtomicUsize> {
    let polls = Arc::new(AtomicUsize::new(0));
    for _ in 0..tasks {
        let polls = polls.clone();
        let task = executor.spawn(async move {
            loop {
                polls.fetch_add(1, SeqCst);
                yield_now().await;
            }
        });
        task.detach();
    }
    polls
}

#[test]
fn what_comes_from_outside_is_fetched_after_at_most_61_polls() {
    let outside = AtomicUsize::new(0);
    let outside = &outside;
    let executor = Executor::new();
    executor.block_on(async {
        let polls = keep_busy(&executor, 10);
        for round in 1..=20 {
            thread::scope(|scope| {
                let count = async { _ = outside.fetch_add(1, SeqCst) };
                scope.spawn(|| executor.spawn(count).detach()).join().expect("it spawns");
            });
            // The next look at what is outside, and then the ten, twice, as they are queued.
            let begin = polls.load(SeqCst);
            while polls.load(SeqCst) - begin <= 61 + 20 {
                yield_now().await;
            }
            assert_eq!(outside.load(SeqCst), round);
        }
    });
}

#[test]
fn a_flood_inside_does_not_keep_tasks_from_outside_waiting() {
    let executor = Executor::new();
    let _watch = watch();
    executor.block_on(async {
        let polls = keep_busy(&executor, 100);
        let tasks: Vec<_> = thread::scope(|scope| {
            let spawn = || (0..1000).map(|n| executor.spawn(async move { n })).collect();
            scope.spawn(spawn).join().expect("it spawns")
        });
        let begin = polls.load(SeqCst);
        for (n, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await, n);
        }
        // They are fetched in batches: a few hundred polls of each of the others, not a thousand.
        let passed = polls.load(SeqCst) - begin;
        assert!(passed < 100 * 1000, "{passed} polls");
    });
}

#[test]
fn events_and_timers_are_served_while_tasks_yield_for_ever() {
    let executor = Executor::new();
    let _watch = watch();
    executor.block_on(async {
        let _polls = keep_busy(&executor, 10);
        executor.spawn(async { Timer::after(Duration::from_millis(2)).await }).await;
        let (mut here, mut there) = socket_pair();
        std::io::Write::write_all(&mut here, b"x").unwrap();
        let task = executor.spawn(async move {
            let mut byte = [0];
            futures_lite::AsyncReadExt::read_exact(&mut there, &mut byte).await.unwrap();
            byte
        });
        assert_eq!(task.await, *b"x");
    });
}

fn socket_pair() -> (std::net::TcpStream, mini_async::Async<std::net::TcpStream>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let here = std::net::TcpStream::connect(address).expect("a listener");
    let there = listener.accept().expect("a connection").0;
    (here, mini_async::Async::new(there).expect("a reactor"))
}
