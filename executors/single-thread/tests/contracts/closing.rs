//! What dropping an executor promises.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::panic::panic_any;
use std::rc::{Rc, Weak};
use std::task::{Poll, Waker};
use std::{mem, thread};

use futures_lite::future::{block_on, poll_once, yield_now};
use mini_executor_single_thread::LocalExecutor;

use crate::support::{Event, Signal, run_all};

/// Calls a closure when dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn counter(drops: &Rc<Cell<usize>>) -> OnDrop<impl FnMut() + use<>> {
    let drops = drops.clone();
    OnDrop(move || drops.set(drops.get() + 1))
}

#[test]
fn drops_every_unfinished_task() {
    let drops = Rc::new(Cell::new(0));
    let executor = LocalExecutor::new();
    let signal = Signal::default();
    let spawn = |future: crate::support::LocalBoxed<'static, ()>| {
        let guard = counter(&drops);
        let task = executor.spawn(async move {
            let _guard = guard;
            future.await;
        });
        task.detach();
    };
    spawn(Box::pin(pending()));
    spawn(Box::pin(signal.clone().wait()));
    spawn(Box::pin(async {
        loop {
            yield_now().await;
        }
    }));
    for _ in 0..3 {
        assert!(executor.try_tick()); // wait, wait, queue again
    }
    thread::spawn(move || signal.set()).join().unwrap(); // in the inbox
    spawn(Box::pin(pending())); // never polled
    assert_eq!(drops.get(), 0);
    drop(executor);
    assert_eq!(drops.get(), 4);
}

#[test]
fn an_executor_that_never_ran_or_never_spawned_may_be_dropped() {
    drop(LocalExecutor::new());
    let executor = LocalExecutor::new();
    let task = executor.spawn(async {});
    drop(executor);
    assert_eq!(block_on(task.fallible()), None);
}

#[test]
fn awaiting_a_task_whose_executor_is_gone_panics() {
    let executor = LocalExecutor::new();
    let task = executor.spawn(pending::<()>());
    run_all(&executor);
    drop(executor);
    let joined = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| block_on(task)));
    joined.unwrap_err();
}

#[test]
fn the_output_of_a_finished_task_survives() {
    let executor = LocalExecutor::new();
    let task = executor.spawn(async { 5 });
    run_all(&executor);
    drop(executor);
    assert_eq!(block_on(task), 5);
}

#[test]
fn destructors_may_wake_cancel_and_panic() {
    let drops = Rc::new(Cell::new(0));
    let executor = LocalExecutor::new();
    let event = Rc::new(Event::default());
    for n in 0..30 {
        let (count, event) = (counter(&drops), event.clone());
        let wake = event.clone();
        let on_drop = OnDrop(move || match n % 3 {
            0 => wake.set(),
            1 => panic_any("expected, does not keep the others from being dropped"),
            _ => {}
        });
        let child = executor.spawn(pending::<()>()); // dropping the handle cancels
        executor
            .spawn(async move {
                let _guards = (count, on_drop, child);
                event.wait().await;
            })
            .detach();
    }
    run_all(&executor);
    drop(executor);
    assert_eq!(drops.get(), 30);
}

#[test]
fn destructors_may_spawn_on_another_executor_and_run_it() {
    let done = Rc::new(Cell::new(false));
    let other = Rc::new(LocalExecutor::new());
    let executor = LocalExecutor::new();
    let (within, runs) = (done.clone(), other.clone());
    let guard = OnDrop(move || {
        let done = within.clone();
        runs.block_on(runs.spawn(async move {
            yield_now().await;
            done.set(true);
        }));
    });
    executor
        .spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        })
        .detach();
    run_all(&executor);
    drop(executor);
    assert!(done.get());
    assert!(other.is_empty());
}

#[test]
fn wakers_outlive_the_executor_here_and_elsewhere() {
    let drops = Rc::new(Cell::new(0));
    let wakers: Rc<RefCell<Vec<Waker>>> = Rc::default();
    let executor = LocalExecutor::new();
    for _ in 0..4 {
        let (guard, wakers) = (counter(&drops), wakers.clone());
        executor
            .spawn(poll_fn(move |cx| {
                let _guard = &guard;
                wakers.borrow_mut().push(cx.waker().clone());
                Poll::<()>::Pending
            }))
            .detach();
    }
    run_all(&executor);
    drop(executor);
    assert_eq!(drops.get(), 4);
    let mut wakers = wakers.take();
    let elsewhere = wakers.split_off(2);
    wakers.iter().for_each(Waker::wake_by_ref);
    drop(wakers);
    thread::spawn(move || elsewhere.into_iter().for_each(Waker::wake)).join().unwrap();
}

#[test]
fn a_task_that_owns_its_executor_keeps_it_and_weak_does_not() {
    let drops = Rc::new(Cell::new(0));
    let executor = Rc::new(LocalExecutor::new());
    let (itself, guard) = (Rc::downgrade(&executor), counter(&drops));
    executor
        .spawn(async move {
            let _guard = guard;
            loop {
                let itself: Weak<LocalExecutor<'static>> = itself.clone();
                assert!(itself.upgrade().is_some());
                yield_now().await;
            }
        })
        .detach();
    assert!(executor.try_tick());
    drop(executor);
    assert_eq!(drops.get(), 1);
}

#[test]
fn a_forgotten_executor_forgets_its_tasks() {
    let drops = Rc::new(Cell::new(0));
    let executor = LocalExecutor::new();
    let signal = Signal::default();
    let (guard, wait) = (counter(&drops), signal.clone().wait());
    let task = executor.spawn(async move {
        let _guard = guard;
        wait.await;
    });
    run_all(&executor);
    #[expect(clippy::mem_forget, reason = "this is the test")]
    mem::forget(executor);
    thread::spawn(move || signal.set()).join().unwrap();
    assert!(block_on(poll_once(task)).is_none());
    assert_eq!(drops.get(), 0);
}

#[test]
fn a_forgotten_run_harms_nobody() {
    let executor = LocalExecutor::new();
    let mut run = Box::pin(executor.run(pending::<()>()));
    assert!(block_on(poll_once(run.as_mut())).is_none());
    #[expect(clippy::mem_forget, reason = "this is the test")]
    mem::forget(run);
    let task = executor.spawn(crate::support::sleep(std::time::Duration::from_millis(1)));
    block_on(executor.run(task));
}

#[test]
fn an_executor_in_a_thread_local_closes_with_its_thread() {
    struct Late;
    impl Drop for Late {
        fn drop(&mut self) {
            DROPS.with(|drops| drops.set(drops.get() + 1));
        }
    }
    thread_local! {
        static DROPS: Cell<usize> = const { Cell::new(0) }; // no destructor: always there
        static EXECUTOR: LocalExecutor<'static> = const { LocalExecutor::new() };
    }
    /// Looks at the count when the thread-locals registered before it are gone.
    struct Check(std::sync::mpsc::Sender<usize>);
    impl Drop for Check {
        fn drop(&mut self) {
            self.0.send(DROPS.get()).unwrap();
        }
    }
    thread_local! {
        static CHECK: RefCell<Option<Check>> = const { RefCell::new(None) };
    }
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = thread::spawn(move || {
        CHECK.set(Some(Check(sender)));
        EXECUTOR.with(|executor| {
            for _ in 0..3 {
                let late = Late;
                let task = executor.spawn(async move {
                    let _late = late;
                    pending::<()>().await;
                });
                task.detach();
            }
            assert!(executor.try_tick());
            assert!(executor.try_tick());
        });
    });
    thread.join().unwrap();
    let before_or_after = receiver.recv().unwrap(); // the order of thread-locals is not promised
    assert!([0, 3].contains(&before_or_after), "{before_or_after}");
}
