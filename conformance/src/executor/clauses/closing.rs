//! Dropping an executor, with tasks of all kinds and wakers all over.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread::{self, ThreadId};

use crate::executor::trial::{Drops, Trial, local, work, yield_now};
use crate::threads::start;

/// A future that waits for ever, and gives its waker away.
fn gives_its_waker(to: &Arc<Mutex<Vec<Waker>>>, drops: &Drops) -> crate::executor::Work {
    let (to, guard) = (Arc::clone(to), drops.guard());
    work(poll_fn(move |cx| {
        let _guard = &guard;
        to.lock().expect("nobody panics under it").push(cx.waker().clone());
        Poll::Pending
    }))
}

pub(crate) fn dropping_the_executor_drops_its_tasks(trial: &Trial) {
    let executor = trial.executor();
    let (drops, wakers) = (Drops::default(), Arc::default());
    executor.spawn(gives_its_waker(&wakers, &drops)).detach();
    let handle = executor.spawn(gives_its_waker(&wakers, &drops));
    trial.run_all(&*executor);
    let woken = executor.spawn(gives_its_waker(&wakers, &drops));
    trial.run_all(&*executor);
    wakers.lock().expect("nobody panics under it").drain(..).next_back().expect("three").wake();
    executor.spawn(gives_its_waker(&wakers, &drops)).detach(); // never polled
    let never_polled = executor.spawn(gives_its_waker(&wakers, &drops));
    assert_eq!(drops.take(), 0);
    drop(executor);
    assert_eq!(drops.take(), 5, "futures that were dropped, of five");
    drop((handle, woken, never_polled));
    assert_eq!(drops.take(), 0, "futures that were dropped a second time");
}

pub(crate) fn a_task_of_a_dropped_executor_is_cancelled(trial: &Trial) {
    let executor = trial.executor();
    let finished = executor.spawn(work(async { 4 }));
    let waits = executor.spawn(work(pending()));
    trial.run_all(&*executor);
    let queued = executor.spawn(work(async { 5 }));
    drop(executor);
    assert_eq!(trial.wait("a task that had finished", finished), 4);
    let [waits, queued] =
        [waits, queued].map(|task| trial.wait("a task whose executor is gone", task.fallible()));
    assert_eq!((waits, queued), (None, None), "tasks whose executor is gone");
}

pub(crate) fn wakers_outlive_the_executor(trial: &Trial) {
    let (drops, wakers) = (Drops::default(), Arc::<Mutex<Vec<Waker>>>::default());
    let executor = trial.executor();
    let tasks: Vec<_> = (0..8).map(|_| executor.spawn(gives_its_waker(&wakers, &drops))).collect();
    trial.run_all(&*executor);
    drop(executor);
    assert_eq!(drops.take(), 8, "futures that were dropped, of eight");
    let left = std::mem::take(&mut *wakers.lock().expect("nobody panics under it"));
    let others = left.clone();
    let elsewhere = start("a thread that wakes tasks that are no more", move || {
        others.iter().for_each(Waker::wake_by_ref);
        others.into_iter().for_each(Waker::wake);
    });
    left.iter().for_each(Waker::wake_by_ref);
    drop(tasks);
    left.into_iter().for_each(Waker::wake);
    elsewhere.join(trial.patience());
    assert_eq!(drops.take(), 0, "futures that were dropped a second time");
}

pub(crate) fn destructors_may_wake_and_cancel_while_the_executor_is_dropped(trial: &Trial) {
    /// Wakes all others and cancels one, when it is dropped.
    struct Meddles(Arc<Mutex<Vec<Waker>>>, Option<crate::executor::Task<u64>>);
    impl Drop for Meddles {
        fn drop(&mut self) {
            let wakers = self.0.lock().expect("nobody panics under it").clone();
            wakers.into_iter().for_each(Waker::wake);
            drop(self.1.take());
        }
    }
    let (drops, wakers) = (Drops::default(), Arc::default());
    let executor = trial.executor();
    for round in 0..10 {
        let other = executor.spawn(gives_its_waker(&wakers, &drops));
        let (meddles, guard) = (Meddles(Arc::clone(&wakers), Some(other)), drops.guard());
        let task = executor.spawn(work(async move {
            let (_meddles, _guard) = (meddles, guard);
            if round % 2 == 0 {
                yield_now().await;
            }
            pending().await
        }));
        task.detach();
    }
    trial.run_all(&*executor);
    drop(executor);
    assert_eq!(drops.take(), 20, "futures that were dropped, of twenty");
}

/// Drops executors of sixteen tasks each while two threads wake those; says how many futures were
/// dropped, each time.
fn drop_while_others_wake(trial: &Trial, mut check: impl FnMut(u64)) {
    for _ in 0..trial.times(30) {
        let (drops, wakers) = (Drops::default(), Arc::<Mutex<Vec<Waker>>>::default());
        let executor = trial.executor();
        for _ in 0..16 {
            executor.spawn(gives_its_waker(&wakers, &drops)).detach();
        }
        trial.run_all(&*executor);
        let stop = Arc::new(AtomicBool::new(false));
        let (begun, begins) = std::sync::mpsc::channel();
        let threads = [(); 2].map(|()| {
            let wakers = wakers.lock().expect("nobody panics under it").clone();
            let (stop, begun) = (Arc::clone(&stop), begun.clone());
            start("a thread that wakes in a loop", move || {
                let _ = begun.send(());
                while !stop.load(Relaxed) {
                    wakers.iter().for_each(Waker::wake_by_ref);
                    thread::yield_now();
                }
            })
        });
        for _ in 0..2 {
            begins.recv_timeout(trial.patience()).expect("they begin");
        }
        executor.try_tick();
        drop(executor);
        stop.store(true, Relaxed);
        threads.into_iter().for_each(|thread| thread.join(trial.patience()));
        check(drops.take());
    }
}

pub(crate) fn an_executor_may_be_dropped_while_others_wake(trial: &Trial) {
    drop_while_others_wake(trial, |dropped| {
        assert!(dropped <= 16, "{dropped} futures were dropped, of sixteen");
    });
}

pub(crate) fn an_executor_that_is_dropped_while_others_wake_leaves_nothing(trial: &Trial) {
    drop_while_others_wake(trial, |dropped| {
        assert_eq!(dropped, 16, "futures that were dropped, of sixteen");
    });
}

/// Panics when it is touched on another thread than the one that made it.
struct Resident(ThreadId, Rc<Cell<u64>>);

impl Resident {
    fn new(drops: &Rc<Cell<u64>>) -> Resident {
        Resident(thread::current().id(), Rc::clone(drops))
    }

    fn is_at_home(&self) -> bool {
        self.0 == thread::current().id()
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        // A panic in a destructor may end the process; the count tells enough.
        if self.is_at_home() {
            self.1.set(self.1.get() + 1);
        }
    }
}

pub(crate) fn a_future_never_leaves_its_thread(trial: &Trial) {
    let executor = trial.executor();
    let drops = Rc::new(Cell::new(0));
    let wakers = Arc::<Mutex<Vec<Waker>>>::default();
    let spawn = || {
        let (resident, wakers) = (Resident::new(&drops), Arc::clone(&wakers));
        executor.spawn_local(local(poll_fn(move |cx| {
            assert!(resident.is_at_home(), "a future is polled on another thread");
            wakers.lock().expect("nobody panics under it").push(cx.waker().clone());
            Poll::Pending
        })))
    };
    let (cancelled, detached, kept) = (spawn(), spawn(), spawn());
    trial.run_all(&*executor);
    detached.detach();
    let elsewhere = std::mem::take(&mut *wakers.lock().expect("nobody panics under it"));
    let other = start("a thread that wakes and cancels", move || {
        elsewhere.iter().for_each(Waker::wake_by_ref);
        drop(cancelled);
        drop(elsewhere); // the last ones, perhaps
    });
    other.join(trial.patience());
    assert_eq!(drops.get(), 0, "futures were dropped before their executor came to it");
    trial.run_all(&*executor);
    assert_eq!(drops.get(), 1, "futures that were dropped at home, of one that was cancelled");
    drop(executor);
    assert_eq!(drops.get(), 3, "futures that were dropped at home, of three");
    drop(kept);
}
