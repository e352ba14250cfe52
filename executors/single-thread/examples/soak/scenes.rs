//! What a task may do. Each scene ends by itself, in milliseconds, or with an error.

use std::future::{Future, pending};
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use futures_lite::{FutureExt, StreamExt, future};
use mini_async::{Async, Timer};
use mini_executor_single_thread::LocalExecutor;

use crate::census::{Counted, TASKS, WAKERS};
use crate::chance::Chance;
use crate::streams::{self, check};
use crate::world::{World, watched};

/// What a panic on purpose says; the hook keeps quiet about it.
pub(crate) const ON_PURPOSE: &str = "on purpose";

pub(crate) const NAMES: [&str; 13] = [
    "tcp",
    "unix",
    "pipe",
    "udp",
    "given up",
    "ended",
    "naps",
    "bell",
    "nested",
    "cancelled",
    "panicking task",
    "panicking waker",
    "dropping waker",
];

/// Plays the scene with that number.
pub(crate) async fn play(scene: usize, world: &World, mut chance: Chance) -> io::Result<()> {
    match NAMES[scene] {
        "tcp" => streams::tcp(chance).await,
        "unix" => streams::unix(chance).await,
        "pipe" => streams::pipe(chance).await,
        "udp" => streams::udp(chance).await,
        "given up" => streams::given_up(chance).await,
        "ended" => streams::ended(chance).await,
        "naps" => naps(chance).await,
        "bell" => {
            for _ in 0..chance.below(20) {
                world.hear_the_bell().await;
            }
            Ok(())
        }
        "nested" => {
            let nap = Duration::from_micros(chance.next() % 1000);
            mini_reactor::block_on(future::zip(Timer::after(nap), world.hear_the_bell()));
            Ok(())
        }
        "cancelled" => {
            let executor = LocalExecutor::new();
            executor.run(cancelled(&executor, chance)).await
        }
        "panicking task" => {
            let executor = LocalExecutor::new();
            executor.run(panicking_task(&executor, chance)).await
        }
        "panicking waker" => panicking_waker().await,
        _ => {
            let executor = LocalExecutor::new();
            executor.run(dropping_waker(&executor)).await
        }
    }
}

async fn naps(mut chance: Chance) -> io::Result<()> {
    let mut nap = || Duration::from_micros(chance.next() % 3000);
    let mut moved = Timer::after(Duration::from_secs(3600));
    check(future::poll_once(&mut moved).await.is_none(), "an hour is not over")?;
    let (first, second, never) = (Timer::after(nap()), Timer::after(nap()), Timer::never());
    moved.set_after(nap());
    future::zip(moved, future::or(never, future::or(first, second))).await;
    let mut ticks = Timer::interval(nap().max(Duration::from_micros(100)));
    for _ in 0..3 {
        check(ticks.next().await.is_some(), "an interval goes on")?;
    }
    Ok(())
}

async fn cancelled(executor: &LocalExecutor<'_>, mut chance: Chance) -> io::Result<()> {
    let (_here, there) = Async::<UnixStream>::pair()?;
    let there = watched(there);
    let alive = TASKS.one();
    let task = executor.spawn(async move {
        let _alive = alive;
        there.readable().await?;
        pending::<io::Result<()>>().await
    });
    for _ in 0..chance.below(3) {
        future::yield_now().await; // not begun, begun, or waiting
    }
    match chance.below(3) {
        0 => drop(task),
        1 => check(task.cancel().await.is_none(), "a task that waits for ever has no output")?,
        _ => {
            let patience = async {
                Timer::after(Duration::from_micros(300)).await;
                Ok(())
            };
            return task.or(patience).await;
        }
    }
    Ok(())
}

async fn panicking_task(executor: &LocalExecutor<'_>, mut chance: Chance) -> io::Result<()> {
    let alive = TASKS.one();
    let nap = Duration::from_micros(chance.next() % 500);
    let task = executor.spawn(async move {
        let _alive = alive;
        Timer::after(nap).await;
        panic!("{ON_PURPOSE}");
    });
    if chance.one_in(3) {
        task.detach();
        return Ok(());
    }
    let ended: Result<(), _> = AssertUnwindSafe(task).catch_unwind().await;
    check(ended.is_err(), "a panic resurfaces where the task is awaited")
}

/// One waiter's waker panics; the other waiter must hear of the event all the same.
async fn panicking_waker() -> io::Result<()> {
    let (here, there) = Async::<UnixStream>::pair()?;
    let (here, there) = (watched(here), watched(there));
    let waker = Waker::from(Arc::new(Panics { _alive: WAKERS.one() }));
    let polled = there.poll_readable(&mut Context::from_waker(&waker));
    check(polled.is_pending(), "nothing to read yet")?;
    let mut timer = Timer::after(Duration::from_micros(200));
    let _ = Pin::new(&mut timer).poll(&mut Context::from_waker(&waker)); // it may have come already
    let writing = here.write_with(|mut stream| stream.write(b"x"));
    let (written, read) = future::zip(writing, there.readable()).await;
    written.and(read)?;
    Timer::after(Duration::from_micros(300)).await;
    Ok(())
}

#[derive(Debug)]
struct Panics {
    _alive: Counted,
}

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("{ON_PURPOSE}");
    }
}

/// A waker that drops the very registration whose event it is told of, and a task with it.
async fn dropping_waker(executor: &LocalExecutor<'_>) -> io::Result<()> {
    let (here, there) = Async::<UnixStream>::pair()?;
    let (here, there) = (watched(here), Arc::new(watched(there)));
    let drops = Arc::new(Drops { what: Mutex::new(None), _alive: WAKERS.one() });
    let waker = Waker::from(Arc::clone(&drops));
    let polled = there.poll_readable(&mut Context::from_waker(&waker));
    check(polled.is_pending(), "nothing to read yet")?;
    let bystander = Arc::clone(&there);
    let alive = TASKS.one();
    let task = executor.spawn(async move {
        let _alive = alive;
        bystander.readable().await
    });
    future::yield_now().await;
    // Object, source, waker, object: a scene that is cancelled here must not leave the circle.
    let _circle = Break(Arc::clone(&drops));
    *drops.what.lock().unwrap_or_else(PoisonError::into_inner) = Some(there);
    here.write_with(|mut stream| stream.write(b"x")).await?;
    task.await
}

#[derive(Debug)]
struct Drops {
    what: Mutex<Option<Arc<Async<UnixStream>>>>,
    _alive: Counted,
}

impl Drops {
    fn act(&self) {
        let what = self.what.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(what); // without the lock
    }
}

impl Wake for Drops {
    fn wake(self: Arc<Self>) {
        self.act();
    }
}

struct Break(Arc<Drops>);

impl Drop for Break {
    fn drop(&mut self) {
        self.0.act();
    }
}
