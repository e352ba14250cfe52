//! Random sequences of what can be done with tasks, against a model that counts polls and drops.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use crate::executor::trial::{Drops, Trial, work};
use crate::executor::{Executes, Task};
use crate::random::{Random, seeds};
use crate::threads::{panic_quietly, start};

const STEPS: usize = 120;

pub(crate) fn random_sequences_agree_with_a_model(trial: &Trial) {
    seeds(trial.times(40), |random| {
        let mut world = World {
            trial,
            random,
            executor: trial.executor(),
            drops: Drops::default(),
            spawned: 0,
            dropped: 0,
            tasks: Vec::new(),
            steps: Vec::new(),
        };
        for _ in 0..STEPS {
            world.step();
        }
        world.finish();
    });
}

/// What a task does when it is polled next, and what it has done.
#[derive(Default)]
struct Script {
    polls: u64,
    /// Whether it has been woken, or spawned, since its last poll.
    woken: bool,
    /// Set: the next poll is the last one.
    ends: Option<End>,
    ended: bool,
    cancelled: bool,
    waker: Option<Waker>,
}

#[derive(Clone, Copy)]
enum End {
    Ready,
    Panics,
}

type Shared = Arc<Mutex<Script>>;

fn lock(script: &Shared) -> MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

struct World<'t> {
    trial: &'t Trial,
    random: Random,
    executor: Box<dyn Executes>,
    drops: Drops,
    spawned: u64,
    dropped: u64,
    /// Without a handle, if it is detached.
    tasks: Vec<(Shared, Option<Task<u64>>)>,
    /// What was done, for the message of a failure.
    steps: Vec<String>,
}

impl World<'_> {
    fn step(&mut self) {
        let choice = self.random.below(12);
        let at = self.random.below(self.tasks.len().max(1));
        let what = match choice {
            0 | 1 => self.spawn(),
            2 | 3 => {
                self.executor.try_tick();
                "a tick"
            }
            4 => {
                self.run_all();
                "all that can be run"
            }
            _ if self.tasks.is_empty() => return,
            5 | 6 => {
                self.wake(at, false);
                "a wake"
            }
            7 => {
                self.wake(at, true);
                "a wake from another thread"
            }
            8 => {
                let ends = if self.random.below(3) == 0 { End::Panics } else { End::Ready };
                lock(&self.tasks[at].0).ends.get_or_insert(ends);
                self.wake(at, false);
                "the end of a task"
            }
            9 => {
                let (script, handle) = &mut self.tasks[at];
                if let Some(handle) = handle.take() {
                    lock(script).cancelled = true;
                    drop(handle);
                }
                "a cancellation"
            }
            10 => {
                if let Some(handle) = self.tasks[at].1.take() {
                    handle.detach();
                }
                "a detaching"
            }
            _ => {
                self.trial.wait(
                    "a run of a future that is ready",
                    self.executor.run(Box::pin(std::future::ready(0))),
                );
                "a run that ends at once"
            }
        };
        self.steps.push(format!("{what} ({at})"));
    }

    fn spawn(&mut self) -> &'static str {
        let script = Shared::default();
        lock(&script).woken = true;
        let (mine, guard) = (Arc::clone(&script), self.drops.guard());
        let task = self.executor.spawn(work(poll_fn(move |cx| {
            let _guard = &guard;
            let mut script = lock(&mine);
            assert!(!script.cancelled, "a task is polled after it was cancelled");
            assert!(!script.ended, "a task is polled after it has ended");
            script.polls += 1;
            script.woken = false;
            script.waker = Some(cx.waker().clone());
            let ends = script.ends;
            script.ended = ends.is_some();
            drop(script);
            match ends {
                None => Poll::Pending,
                Some(End::Ready) => Poll::Ready(1),
                Some(End::Panics) => panic_quietly("a task that panics, as a clause demands"),
            }
        })));
        self.spawned += 1;
        self.tasks.push((script, Some(task)));
        "a new task"
    }

    fn wake(&mut self, at: usize, elsewhere: bool) {
        let mut script = lock(&self.tasks[at].0);
        let Some(waker) = script.waker.clone() else { return };
        script.woken = true;
        drop(script);
        match elsewhere {
            true => {
                start("a thread that wakes a task", || waker.wake()).join(self.trial.patience());
            }
            false => waker.wake(),
        }
    }

    /// Runs everything, and compares with what should have come of it.
    fn run_all(&mut self) {
        self.trial.run_all(&*self.executor);
        let mut alive = 0;
        for (at, (script, handle)) in self.tasks.iter().enumerate() {
            let script = lock(script);
            let over = script.ended || script.cancelled;
            alive += u64::from(!over);
            let missed = script.woken && !over;
            assert!(!missed, "task {at} was woken and not polled, after {:#?}", self.steps);
            if let Some(handle) = handle {
                assert_eq!(handle.is_finished(), script.ended, "task {at} has ended");
            }
        }
        self.dropped += self.drops.take();
        let steps = &self.steps;
        assert_eq!(self.spawned - self.dropped, alive, "futures that are left, after {steps:#?}");
        assert_eq!(self.executor.is_empty(), alive == 0, "it is empty, after {steps:#?}");
    }

    fn finish(mut self) {
        self.run_all();
        drop(self.executor);
        self.dropped += self.drops.take();
        assert_eq!(
            self.dropped, self.spawned,
            "futures that were dropped, after {:#?}",
            self.steps
        );
        for (script, handle) in self.tasks {
            let (Some(handle), script) = (handle, lock(&script)) else { continue };
            if let (true, Some(End::Ready)) = (script.ended, script.ends) {
                assert_eq!(self.trial.wait("a task that has ended", handle), 1);
            }
        }
    }
}
