//! What `run`, `tick` and `try_tick` promise: they work under any `block_on`, in any number at
//! once, nested or joined, and none of them loses a wake-up.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use futures_lite::future::{block_on, or, poll_once, yield_now, zip};
use mini_executor_work_stealing::Executor;

use crate::support::{Apart, Flag, LocalBoxed, Signal, run_all, sleep, watch};

#[test]
fn run_gives_the_output_and_leaves_unfinished_tasks() {
    let executor = Executor::new();
    let task = executor.spawn(pending::<()>());
    assert_eq!(block_on(executor.run(async { 3 })), 3);
    assert!(!executor.is_empty());
    drop(task);
}

#[test]
fn the_future_of_run_is_send_if_its_own_future_is() {
    fn is_send(_: impl Send) {}
    let executor = Executor::new();
    is_send(executor.run(async {}));
    is_send(executor.tick());
}

#[test]
fn a_run_may_move_between_threads_from_poll_to_poll() {
    let executor: &Executor<'_> = Box::leak(Box::new(Executor::new()));
    let task = executor.spawn(async {
        for _ in 0..10 {
            yield_now().await;
            sleep(Duration::from_micros(50)).await;
        }
        7
    });
    let mut run = Box::pin(executor.run(task));
    let flag = Arc::new(Flag::default());
    let output = loop {
        let (back, poll) = thread::scope(|scope| {
            let flag = &flag;
            scope
                .spawn(move || {
                    let poll = flag.poll(run.as_mut());
                    (run, poll)
                })
                .join()
                .unwrap()
        });
        run = back;
        match poll {
            Poll::Ready(output) => break output,
            Poll::Pending => {
                while !flag.take() {
                    thread::yield_now();
                }
            }
        }
    };
    assert_eq!(output, 7);
}

#[test]
fn try_tick_says_whether_there_was_a_task() {
    let executor = Executor::new();
    assert!(!executor.try_tick());
    let task = executor.spawn(yield_now());
    assert!(executor.try_tick());
    assert!(!task.is_finished());
    assert!(executor.try_tick());
    assert!(task.is_finished());
    assert!(!executor.try_tick());
}

#[test]
fn try_tick_finds_what_a_run_that_is_not_polled_has_left_in_its_queue() {
    let done = Arc::new(AtomicUsize::new(0));
    let executor = Arc::new(Executor::new());
    // More than one poll of `run` runs; they are spawned by a task, and so are in its queue.
    let (inner, count) = (executor.clone(), done.clone());
    let spawn_many = executor.spawn(async move {
        for _ in 0..200 {
            let count = count.clone();
            let counts = async move { _ = count.fetch_add(1, SeqCst) };
            inner.spawn(counts).detach();
        }
    });
    let mut run = pin!(executor.run(pending::<()>()));
    let _ = run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let before = done.load(SeqCst);
    assert!(before < 200, "one poll ran them all");
    run_all(&executor);
    assert_eq!(done.load(SeqCst), 200);
    assert!(spawn_many.is_finished());
}

#[test]
fn try_tick_finds_what_a_task_in_the_middle_of_its_poll_has_woken_and_spawned() {
    let executor: &Executor<'_> = Box::leak(Box::new(Executor::new()));
    let signal = Signal::default();
    let woken = executor.spawn(signal.clone().wait());
    assert!(executor.try_tick()); // waits
    let (busy, finished) = (Signal::default(), Signal::default());
    let (inside, over) = (busy.clone(), finished.clone());
    let task = executor.spawn(async move {
        let spawned = executor.spawn(async {});
        signal.set(); // run next by the worker that polls this
        inside.set();
        while !over.is_set() {
            thread::yield_now(); // a long poll
        }
        assert!(spawned.is_finished() && woken.is_finished());
    });
    let worker = thread::spawn(move || block_on(executor.run(task)));
    let _watch = watch();
    block_on(busy.wait());
    while !executor.try_tick() {}
    while !executor.try_tick() {}
    finished.set();
    worker.join().unwrap();
}

#[test]
fn try_tick_inside_a_task_runs_what_is_queued_there() {
    let executor = Arc::new(Executor::new());
    let inner = executor.clone();
    let task = executor.spawn(async move {
        let spawned = inner.spawn(async { 5 });
        assert!(inner.try_tick());
        assert!(spawned.is_finished());
        assert!(!inner.try_tick());
        spawned.await
    });
    assert_eq!(executor.block_on(task), 5);
}

#[test]
fn tick_waits_for_a_task() {
    let executor = Executor::new();
    let task = executor.spawn(sleep(Duration::from_millis(10)));
    block_on(async {
        executor.tick().await; // starts to wait
        assert!(!task.is_finished());
        executor.tick().await;
        assert!(task.is_finished());
    });
}

#[test]
fn tick_wakes_for_a_task_spawned_beside_it() {
    let executor = Executor::new();
    let spawn = async {
        yield_now().await;
        executor.spawn(async {}).detach();
    };
    block_on(zip(executor.tick(), spawn));
    assert!(executor.is_empty());
}

#[test]
fn a_dropped_tick_polled_nothing() {
    let executor = Executor::new();
    assert!(block_on(poll_once(executor.tick())).is_none());
    let task = executor.spawn(async {});
    assert!(executor.try_tick());
    assert!(task.is_finished());
}

#[test]
fn run_sleeps_until_another_thread_wakes_a_task() {
    let executor = Executor::new();
    let task = executor.spawn(async {
        for _ in 0..20 {
            sleep(Duration::from_millis(1)).await;
        }
    });
    block_on(executor.run(task));
}

#[test]
fn many_runs_joined_all_finish() {
    const RUNS: usize = 50;
    let executor = Executor::new();
    let events: Vec<Signal> = (0..RUNS).map(|_| Signal::default()).collect();
    let run = |n: usize| {
        let (executor, events) = (&executor, &events);
        let run = executor.run(async move {
            // Each waits for a task of its own, which waits for another thread, and for a
            // neighbour.
            executor.spawn(sleep(Duration::from_micros(100 * (n as u64 % 7)))).await;
            events[n].set();
            events[(n + 1) % RUNS].clone().wait().await;
        });
        Box::pin(run) as LocalBoxed<'_, ()>
    };
    block_on(Apart::new((0..RUNS).map(run)));
    assert!(executor.is_empty());
}

#[test]
fn runs_that_are_polled_only_when_woken_all_finish() {
    let executor = Executor::new();
    for _ in 0..20 {
        let mut runs: Vec<LocalBoxed<'_, ()>> = Vec::new();
        for n in 0..10 {
            let executor = &executor;
            runs.push(Box::pin(executor.run(async move {
                for m in 0..5 {
                    let delay = Duration::from_micros((n * m) % 40);
                    executor.spawn(sleep(delay)).await;
                }
            })));
        }
        block_on(Apart::new(runs));
    }
    assert!(executor.is_empty());
}

#[test]
fn ticks_alone_lose_nothing() {
    const TICKERS: usize = 3;
    let executor = Executor::new();
    let done = Cell::new(false);
    let (executor, done) = (&executor, &done);
    let ticker = |_| {
        let ticker = async move {
            while !done.get() {
                executor.tick().await;
            }
        };
        Box::pin(ticker) as LocalBoxed<'_, ()>
    };
    let spawner = async {
        let spawn = |n: u64| executor.spawn(sleep(Duration::from_micros(n * 10 % 70)));
        let tasks: Vec<_> = (0..60).map(spawn).collect();
        for task in tasks {
            task.await;
        }
        done.set(true);
        (0..TICKERS).for_each(|_| executor.spawn(async {}).detach()); // something to tick
    };
    let spawner = Box::pin(spawner) as LocalBoxed<'_, ()>;
    block_on(Apart::new((0..TICKERS).map(ticker).chain([spawner])));
    assert!(executor.is_empty());
}

#[test]
fn a_run_that_is_dropped_after_it_was_woken_wakes_another() {
    let executor = Executor::new();
    let [first, second] = [(); 2].map(|()| Arc::new(Flag::default()));
    // By a task spawned beside them, and by a task woken on another thread.
    for foreign in [false, true] {
        let signal = Signal::default();
        let task = executor.spawn(signal.clone().wait());
        assert!(executor.try_tick());

        let mut one = pin!(executor.run(pending::<()>()));
        let mut two = Box::pin(executor.run(pending::<()>()));
        assert!(first.poll(one.as_mut()).is_pending());
        assert!(second.poll(two.as_mut()).is_pending());
        assert!(!first.is_woken() && !second.is_woken());
        if foreign {
            thread::spawn(move || signal.set()).join().unwrap();
        } else {
            executor.spawn(async {}).detach();
        }
        assert!(second.take() && !first.is_woken()); // the newest
        drop(two);
        assert!(first.take());
        assert!(first.poll(one.as_mut()).is_pending());
        assert_eq!(task.is_finished(), foreign);
    }
}

#[test]
fn a_run_kept_but_never_polled_again_takes_nothing_from_the_others() {
    let executor = Executor::new();
    let mut stale = pin!(executor.run(pending::<()>()));
    assert!(stale.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    for _ in 0..20 {
        let task = executor.spawn(sleep(Duration::from_micros(200)));
        block_on(executor.run(task));
        let task = executor.spawn(sleep(Duration::from_micros(200)));
        executor.block_on(task);
    }
}

#[test]
fn try_tick_beside_a_sleeping_run_wakes_it_for_the_rest() {
    let done = Signal::default();
    let executor = Arc::new(Executor::new());
    let ticker = async {
        yield_now().await; // let the other go to sleep
        let (inner, done) = (executor.clone(), done.clone());
        executor
            .spawn(async move {
                inner.spawn(async move { done.set() }).detach();
            })
            .detach();
        assert!(executor.try_tick());
        pending::<()>().await;
    };
    block_on(or(executor.run(done.clone().wait()), ticker));
}

#[test]
fn the_future_of_run_is_polled_after_at_most_61_tasks() {
    let executor = Executor::new();
    let polls = Arc::new(AtomicUsize::new(0));
    for _ in 0..500 {
        let polls = polls.clone();
        executor
            .spawn(async move {
                loop {
                    polls.fetch_add(1, SeqCst);
                    yield_now().await;
                }
            })
            .detach();
    }
    block_on(executor.run(async {
        for n in 1..=100 {
            yield_now().await;
            let polls = polls.load(SeqCst);
            assert!(polls <= 61 * n, "{polls} polls in {n} turns");
        }
    }));
    assert!(polls.load(SeqCst) >= 100, "the tasks ran as well");
}

#[test]
fn executors_nest() {
    let signal = Signal::default();
    let inner = Executor::new();
    let outer = Arc::new(Executor::new());
    let waiting = outer.spawn(signal.clone().wait());
    let (itself, inner, signal) = (Arc::downgrade(&outer), &inner, &signal);
    let task = outer.spawn(async move {
        // A foreign `block_on` inside a task; it wakes a task of the outer executor meanwhile.
        let inner_sum = block_on(inner.run(async {
            let task = inner.spawn(async {
                signal.set();
                yield_now().await;
                1
            });
            task.await + 1
        }));
        // And the outer executor once more, inside its own task.
        let outer = itself.upgrade().unwrap();
        inner_sum + block_on(outer.run(outer.spawn(async { 40 })))
    });
    assert_eq!(block_on(outer.run(zip(task, waiting))).0, 42);
}

/// A `block_on` that, as one with an event loop does, calls wakers itself when it has nothing to
/// poll.
fn block_on_calling_wakers<T>(wakers: &Mutex<Vec<Waker>>, future: impl Future<Output = T>) -> T {
    let mut future = Box::pin(future);
    let flag = Arc::new(Flag::default());
    loop {
        if let Poll::Ready(output) = flag.poll(future.as_mut()) {
            return output;
        }
        while !flag.take() {
            let waker = wakers.lock().expect("nobody panics").pop();
            waker.expect("a wake-up was lost").wake();
        }
    }
}

#[test]
fn a_run_that_sleeps_inside_a_task_of_its_own_executor_is_woken() {
    /// Waits until its waker is called from the list.
    fn wait(wakers: &Mutex<Vec<Waker>>) -> impl Future<Output = ()> {
        let mut polled = false;
        poll_fn(move |cx| {
            if mem::replace(&mut polled, true) {
                return Poll::Ready(());
            }
            wakers.lock().expect("nobody panics").push(cx.waker().clone());
            Poll::Pending
        })
    }
    let wakers = Mutex::new(Vec::new());
    let executor = Arc::new(Executor::new());
    let (itself, wakers) = (Arc::downgrade(&executor), &wakers);
    let task = executor.spawn(async move {
        let executor = itself.upgrade().unwrap();
        // By a wake-up on this thread,
        block_on_calling_wakers(wakers, executor.run(executor.spawn(wait(wakers))));
        // by a task that somebody beside it spawns,
        let signal = Signal::default();
        let spawn = async {
            yield_now().await;
            let signal = signal.clone();
            executor.spawn(async move { signal.set() }).detach();
            pending::<()>().await;
        };
        block_on_calling_wakers(wakers, or(executor.run(signal.clone().wait()), spawn));
        // and by one that a tick beside it leaves.
        let signal = Signal::default();
        let tick = async {
            yield_now().await;
            let (executor, signal) = (executor.clone(), signal.clone());
            let inner = executor.clone();
            let spawn = async move { inner.spawn(async move { signal.set() }).detach() };
            executor.spawn(spawn).detach();
            assert!(executor.try_tick());
            pending::<()>().await;
        };
        block_on_calling_wakers(wakers, or(executor.run(signal.clone().wait()), tick));
    });
    block_on(executor.run(task));
    assert!(executor.is_empty());
}

#[test]
fn a_task_of_one_executor_may_await_a_task_of_another() {
    let two = Executor::new();
    let one = Executor::new();
    let back_and_forth = one.spawn(async {
        let mut sum = 0;
        for n in 0..100 {
            let task = two.spawn(async move {
                yield_now().await;
                n
            });
            sum += task.await;
        }
        sum
    });
    assert_eq!(block_on(one.run(or(two.run(pending()), back_and_forth))), 4950);
}

#[test]
fn a_panicking_future_leaves_the_executor_usable() {
    let executor = Executor::new();
    let task = executor.spawn(async {
        yield_now().await;
        1
    });
    let run = || block_on(executor.run(async { panic!("expected") }));
    let block_on_ = || executor.block_on(async { panic!("expected") });
    let (run, block_on_): (Result<(), _>, Result<(), _>) =
        (catch_unwind(AssertUnwindSafe(run)), catch_unwind(AssertUnwindSafe(block_on_)));
    assert!(run.is_err() && block_on_.is_err());
    assert_eq!(block_on(executor.run(task)), 1);
}

#[test]
fn run_works_under_other_peoples_block_on() {
    let executor = Executor::new();
    let work = || async {
        executor.spawn(sleep(Duration::from_micros(300))).await;
        executor.spawn(async { 5 }).await
    };
    assert_eq!(mini_reactor::block_on(executor.run(work())), 5);
    assert_eq!(block_on(executor.run(work())), 5);
    let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(tokio.block_on(executor.run(work())), 5);
    let other = async_executor::LocalExecutor::new();
    assert_eq!(block_on(other.run(executor.run(work()))), 5);
}
