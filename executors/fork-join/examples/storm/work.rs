//! What the threads do: a number is split into parts, in every way there is, and comes out whole.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use futures_lite::future;
use mini_async::Timer;
use mini_executor_fork_join::{Signal, ThreadPool, ThreadPoolBuilder, Worker};

use crate::chance::Chance;

/// The pools, to which threads are lent and withdrawn.
pub(crate) static POOLS: [ThreadPool; 2] = [ThreadPool::new(), ThreadPool::new()];

/// What is panicked with.
pub(crate) struct OnPurpose;

/// Closures and futures that were given away, and are not dropped yet.
static ALIVE: AtomicUsize = AtomicUsize::new(0);

/// How many there are.
pub(crate) fn alive() -> usize {
    ALIVE.load(Relaxed)
}

/// One of them; or one of those of a scope.
struct Alive<'a>(&'a AtomicUsize);

impl Alive<'_> {
    fn new() -> Alive<'static> {
        Alive::within(&ALIVE)
    }

    fn within(count: &AtomicUsize) -> Alive<'_> {
        count.fetch_add(1, Relaxed);
        Alive(count)
    }
}

impl Drop for Alive<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// Where something is computed: in which pool, and under how many that wait.
#[derive(Clone, Copy)]
struct Place {
    pool: &'static ThreadPool,
    depth: u32,
}

impl Place {
    fn deeper(self) -> Place {
        Place { depth: self.depth + 1, ..self }
    }
}

/// Something that a thread does from outside of the pools.
pub(crate) fn visit(chance: &mut Chance) {
    let pool = &POOLS[chance.below(POOLS.len())];
    let (place, size, forked) = (Place { pool, depth: 0 }, 1 + chance.next() % 200, chance.fork());
    let compute = move || pool.lend(|worker| caught(place, worker, forked, size));
    match chance.below(10) {
        0..4 => assert_eq!(compute(), size),
        4 => assert_eq!(pool.install(compute), size),
        5 => {
            let alive = Alive::new();
            let run = pool.run(move || (compute(), drop(alive)).0);
            assert_eq!(pool.block_on(run), size);
        }
        6 => until_a_signal(pool, chance),
        7 => thread::sleep(short(chance)),
        8 => drop(pool.broadcast(|cx| assert!(cx.index() < cx.num_threads()))),
        _ => a_pool_that_is_dropped(chance),
    }
}

fn short(chance: &mut Chance) -> Duration {
    Duration::from_micros(chance.next() % 1000)
}

/// Lends this thread until a timer gives the signal.
fn until_a_signal(pool: &'static ThreadPool, chance: &mut Chance) {
    let (signal, after) = (Arc::new(Signal::new()), short(chance));
    let (given, alive) = (signal.clone(), Alive::new());
    let giving = async move {
        Timer::after(after).await;
        given.give();
        drop(alive);
    };
    pool.spawn_future(giving).detach();
    pool.run_until(&signal);
}

/// A pool of which nobody takes everything that it is given.
fn a_pool_that_is_dropped(chance: &mut Chance) {
    let pool = match chance.below(3) {
        0 => {
            let builder = ThreadPoolBuilder::new().num_threads(2).stack_size(1 << 20);
            builder.start_threads().expect("threads can be started")
        }
        _ => ThreadPool::new(),
    };
    for _ in 0..chance.below(4) {
        let (alive, other) = (Alive::new(), Alive::new());
        pool.spawn(move || drop(alive));
        let waits = async move {
            let _alive = other;
            future::pending::<()>().await;
        };
        pool.spawn_future(waits).detach();
    }
    let (a, b) = pool.join(|| chance.next() % 9, || 1);
    assert!(a + b < 10);
}

/// As `compute`, a panic counted as what would have come out.
fn caught(place: Place, worker: &Worker, chance: Chance, size: u64) -> u64 {
    let computing = AssertUnwindSafe(|| compute(place, worker, chance, size));
    catch_unwind(computing).unwrap_or_else(|payload| {
        if !payload.is::<OnPurpose>() {
            resume_unwind(payload);
        }
        size
    })
}

/// Returns `size`, which it splits until it is one.
fn compute(place: Place, worker: &Worker, mut chance: Chance, size: u64) -> u64 {
    if size <= 1 {
        if chance.one_in(1000) {
            panic_any(OnPurpose);
        }
        return size;
    }
    let way = if place.depth > 2 { 0 } else { chance.below(32) };
    match way {
        0..16 => join(place, worker, chance, size),
        16..22 => scope(place, worker, chance, size),
        22..24 => caught(place, worker, chance, size),
        24 => elsewhere(place, chance, size),
        25 => awaited(place, chance, size),
        26 => socket(place, size),
        27..30 => {
            worker.share();
            worker.yield_local();
            compute(place, worker, chance, size)
        }
        _ => {
            worker.yield_now();
            compute(place.deeper(), worker, chance, size)
        }
    }
}

fn join(place: Place, worker: &Worker, mut chance: Chance, size: u64) -> u64 {
    let (one, other) = (chance.fork(), chance);
    let (a, b) = worker.join(
        |worker| compute(place, worker, one, size / 2),
        |worker| compute(place, worker, other, size - size / 2),
    );
    a + b
}

/// Parts as closures and futures of a scope, some futures of which are cancelled.
fn scope(place: Place, worker: &Worker, mut chance: Chance, size: u64) -> u64 {
    let (sum, alive) = (&AtomicU64::new(0), &AtomicUsize::new(0));
    let scoped = AssertUnwindSafe(|| {
        worker.scope(|scope| {
            let mut left = size;
            while left > 0 {
                let part = 1 + chance.next() % left;
                left -= part;
                let (counted, forked) = (Alive::within(alive), chance.fork());
                if chance.one_in(2) {
                    scope.spawn(move |_| {
                        let _counted = counted;
                        let part = place.pool.lend(|worker| compute(place, worker, forked, part));
                        sum.fetch_add(part, Relaxed);
                    });
                    continue;
                }
                let pause = chance.one_in(8).then(|| short(&mut chance));
                let task = scope.spawn_future(async move {
                    let _counted = counted;
                    future::yield_now().await;
                    if let Some(pause) = pause {
                        Timer::after(pause).await;
                    }
                    part
                });
                match chance.below(3) {
                    0 => drop(task),
                    1 => task.detach(),
                    _ => assert_eq!(place.pool.block_on(task), part),
                }
                sum.fetch_add(part, Relaxed);
            }
        });
    });
    let scoped = catch_unwind(scoped);
    assert_eq!(alive.load(Relaxed), 0, "something has outlived its scope");
    scoped.unwrap_or_else(|payload| resume_unwind(payload));
    sum.load(Relaxed)
}

/// In the second pool, or again in this one. Never in the first: pools of which all threads wait
/// for each other wait for ever.
fn elsewhere(place: Place, chance: Chance, size: u64) -> u64 {
    let place = Place { pool: &POOLS[1], ..place.deeper() };
    let lend = |worker: &Worker| compute(place, worker, chance, size);
    place.pool.install(|| place.pool.lend(lend))
}

/// By a task that has a closure run, and is awaited or cancelled.
fn awaited(place: Place, mut chance: Chance, size: u64) -> u64 {
    let (alive, cancelled, pool) = (Alive::new(), chance.one_in(3), place.pool);
    let task = pool.spawn_future(async move {
        let _alive = alive;
        future::yield_now().await;
        let alive = Alive::new();
        let run = pool.run(move || {
            let _alive = alive;
            pool.lend(|worker| compute(place.deeper(), worker, chance, size))
        });
        run.await
    });
    if cancelled {
        return size;
    }
    pool.block_on(task)
}

/// To a task over a socket and back, where there are pairs of them.
#[cfg(unix)]
fn socket(place: Place, size: u64) -> u64 {
    use futures_lite::{AsyncReadExt, AsyncWriteExt};
    use mini_async::Async;
    use std::os::unix::net::UnixStream;

    let (mut near, mut far) = Async::<UnixStream>::pair().expect("there are descriptors");
    let alive = Alive::new();
    let echo = place.pool.spawn_future(async move {
        let (_alive, mut bytes) = (alive, [0; 8]);
        far.read_exact(&mut bytes).await?;
        far.write_all(&bytes).await
    });
    let there_and_back = async {
        let mut bytes = size.to_le_bytes();
        near.write_all(&bytes).await?;
        near.read_exact(&mut bytes).await?;
        echo.await?;
        std::io::Result::Ok(u64::from_le_bytes(bytes))
    };
    place.pool.block_on(there_and_back).expect("both ends are open")
}

#[cfg(not(unix))]
fn socket(_: Place, size: u64) -> u64 {
    size
}
