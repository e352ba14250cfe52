//! What a task may do. Each scene ends by itself, in milliseconds, or with an error.

use std::future::{Future, pending};
use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use async_channel::bounded;
use futures_lite::{FutureExt, future};
use mini_async::Timer;
use mini_executor_work_stealing::Task;

use crate::census::TASKS;
use crate::chance::Chance;
use crate::ground;
use crate::streams::{self, check};
use crate::world::Place;

/// What a panic on purpose says; the hook keeps quiet about it.
pub(crate) const ON_PURPOSE: &str = "on purpose";

pub(crate) const NAMES: [&str; 16] = [
    "tcp",
    "unix",
    "pipe",
    "udp",
    "given up",
    "ended",
    "naps",
    "nested",
    "bell",
    "yields",
    "long polls",
    "tree",
    "chain",
    "cancelled",
    "panicking task",
    "panicking drop",
];

/// From here on they need no reactor.
pub(crate) const QUIET: usize = 8;

/// Where a scene is played. The tasks of an executor must not keep it from ending.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub(crate) ground: Arc<ground::World>,
    pub(crate) place: Weak<Place>,
}

impl Stage {
    /// While a task is polled, its executor is there.
    fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        let place = self.place.upgrade().expect("somebody runs this");
        let alive = TASKS.one();
        place.executor.spawn(async move {
            let _alive = alive;
            future.await
        })
    }
}

/// Plays the scene with that number.
pub(crate) async fn play(scene: usize, stage: Stage, mut chance: Chance) -> io::Result<()> {
    match NAMES[scene] {
        "tcp" => streams::tcp(chance).await,
        "unix" => streams::unix(chance).await,
        "pipe" => streams::pipe(chance).await,
        "udp" => streams::udp(chance).await,
        "given up" => streams::given_up(chance).await,
        "ended" => streams::ended(chance).await,
        "naps" => {
            for _ in 0..chance.below(5) {
                Timer::after(Duration::from_micros(chance.next() % 2000)).await;
            }
            Ok(())
        }
        "nested" => nested(&stage, chance),
        "bell" => {
            for _ in 0..chance.below(20) {
                stage.ground.hear_the_bell().await;
            }
            Ok(())
        }
        "yields" => {
            for _ in 0..chance.below(300) {
                future::yield_now().await;
            }
            Ok(())
        }
        "long polls" => {
            for _ in 0..chance.below(4) {
                let long = Duration::from_micros(chance.next() % 3000);
                match chance.one_in(2) {
                    true => thread::sleep(long),
                    false => spin(long),
                }
                stage.spawn(future::yield_now()).detach();
                future::yield_now().await;
            }
            Ok(())
        }
        "tree" => {
            let leaves = tree(stage, 1 + chance.below(5) as u32).await;
            check(leaves > 0, "a tree has leaves")
        }
        "chain" => chain(&stage, chance).await,
        "cancelled" => cancelled(&stage, chance).await,
        "panicking task" => panicking_task(&stage, chance).await,
        _ => panicking_drop(&stage, chance).await,
    }
}

fn spin(long: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < long {
        std::hint::spin_loop();
    }
}

/// A `block_on` in a poll: of the same executor, or of the reactor alone.
fn nested(stage: &Stage, mut chance: Chance) -> io::Result<()> {
    let place = stage.place.upgrade().expect("somebody runs this");
    let nap = Timer::after(Duration::from_micros(chance.next() % 1000));
    match chance.one_in(2) {
        true => place.reactor.block_on(future::zip(nap, stage.ground.hear_the_bell())),
        false => place.executor.block_on(future::zip(nap, stage.ground.hear_the_bell())),
    };
    Ok(())
}

/// The number of leaves, counted by a task for each branch.
fn tree(stage: Stage, depth: u32) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    Box::pin(async move {
        if depth == 0 {
            return 1;
        }
        let branch = || stage.spawn(tree(stage.clone(), depth - 1));
        let branches = [branch(), branch()];
        let mut leaves = 0;
        for branch in branches {
            leaves += branch.await;
        }
        leaves
    })
}

/// Messages through a row of tasks, the end of which is awaited.
async fn chain(stage: &Stage, mut chance: Chance) -> io::Result<()> {
    let (first, mut last) = bounded(1 + chance.below(3));
    for _ in 0..1 + chance.below(5) {
        let (next, receiver) = bounded(1 + chance.below(3));
        let link = async move {
            while let Ok(message) = last.recv().await {
                if next.send(message).await.is_err() {
                    break;
                }
            }
        };
        stage.spawn(link).detach();
        last = receiver;
    }
    let count = chance.below(50);
    let sending = stage.spawn(async move {
        for message in 0..count {
            first.send(message).await.map_err(io::Error::other)?;
        }
        Ok(())
    });
    for message in 0..count {
        check(last.recv().await == Ok(message), "messages arrive in their order")?;
    }
    sending.await
}

async fn cancelled(stage: &Stage, mut chance: Chance) -> io::Result<()> {
    let ground = stage.ground.clone();
    let mut task = stage.spawn(async move {
        ground.hear_the_bell().await;
        pending::<()>().await;
    });
    for _ in 0..chance.below(4) {
        future::yield_now().await; // not begun, begun, being woken, or waiting
    }
    match chance.below(4) {
        0 => drop(task),
        1 => check(task.cancel().await.is_none(), "a task that waits for ever has no output")?,
        2 => {
            let patience = stage.ground.hear_the_bell();
            future::or(async { (&mut task).await }, patience).await;
        }
        _ => stage.spawn(async move { drop(task) }).await, // elsewhere, perhaps
    }
    Ok(())
}

async fn panicking_task(stage: &Stage, mut chance: Chance) -> io::Result<()> {
    let ground = stage.ground.clone();
    let task = stage.spawn(async move {
        ground.hear_the_bell().await;
        panic!("{ON_PURPOSE}");
    });
    if chance.one_in(3) {
        task.detach();
        return Ok(());
    }
    let ended: Result<(), _> = AssertUnwindSafe(task).catch_unwind().await;
    check(ended.is_err(), "a panic resurfaces where the task is awaited")
}

/// A task that is dropped while it waits, and does not like it.
async fn panicking_drop(stage: &Stage, mut chance: Chance) -> io::Result<()> {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("{ON_PURPOSE}");
        }
    }
    let panics = Panics;
    let task = stage.spawn(async move {
        let _panics = panics;
        pending::<()>().await;
    });
    for _ in 0..chance.below(3) {
        future::yield_now().await;
    }
    check(task.cancel().await.is_none(), "a task that waits for ever has no output")
}
