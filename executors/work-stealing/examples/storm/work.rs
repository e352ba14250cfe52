//! What a thread of the run does: it comes to the executor in one of several ways, and leaves.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use futures_lite::future;
use mini_executor_work_stealing::Task;

use crate::census::TASKS;
use crate::chance::Chance;
use crate::scenes::{NAMES, QUIET, Stage, play};
use crate::soak::said;
use crate::world::{Place, World};

/// What may be allocated at the end, beyond what was at the beginning. Memory of queues that have
/// grown or ended is freed a while later, when no thread can be looking at it any more.
pub(crate) const KEPT_MAX: usize = 1 << 20;

pub(crate) fn work(world: &World, number: usize, seed: u64, stop: &AtomicBool) -> io::Result<()> {
    let mut chance =
        Chance::new(seed.wrapping_add(u64::try_from(number).unwrap_or_default() << 32));
    while !stop.load(Relaxed) {
        visit(world, number, &mut chance)?;
        if chance.one_in(20) {
            // A thread that lives for one visit.
            let mut chance = chance.fork();
            thread::scope(|scope| scope.spawn(|| visit(world, number, &mut chance)).join())
                .unwrap_or_else(|payload| Err(io::Error::other(said(&*payload))))?;
        }
    }
    Ok(())
}

fn visit(world: &World, number: usize, chance: &mut Chance) -> io::Result<()> {
    let place = world.place(chance);
    match chance.below(8) {
        0 => foreign(world, number, &place, chance),
        1 => ticks(world, number, &place, chance),
        2 => {
            // A visitor that spawns, and waits elsewhere.
            let _entered = place.reactor.enter();
            let task = place.executor.spawn(begin(world, number, &place, QUIET, chance.fork()));
            let ticks_then_runs = async {
                place.executor.tick().await;
                place.executor.run(future::pending()).await
            };
            place.reactor.block_on(future::or(task, ticks_then_runs))
        }
        _ => lent(world, number, &place, chance),
    }
}

/// Comes by `block_on`, and leaves, sometimes while some of its tasks still play.
fn lent(world: &World, number: usize, place: &Arc<Place>, chance: &mut Chance) -> io::Result<()> {
    let own = begin(world, number, place, 0, chance.fork());
    let others: Vec<_> =
        (0..chance.below(8)).map(|_| begin(world, number, place, 0, chance.fork())).collect();
    let leave_early = chance.one_in(4);
    place.executor.block_on(async {
        let mut tasks = Vec::new();
        place.executor.spawn_many(others, &mut tasks);
        own.await?;
        end(tasks, leave_early).await
    })
}

/// Comes by `run`, under a `block_on` that does not drive. So it waits only for what needs no
/// reactor.
fn foreign(
    world: &World,
    number: usize,
    place: &Arc<Place>,
    chance: &mut Chance,
) -> io::Result<()> {
    let _entered = place.reactor.enter(); // it runs the tasks of others, too
    let others: Vec<_> =
        (0..chance.below(8)).map(|_| begin(world, number, place, QUIET, chance.fork())).collect();
    let leave_early = chance.one_in(4);
    future::block_on(place.executor.run(async {
        let tasks = others.into_iter().map(|other| place.executor.spawn(other)).collect();
        end(tasks, leave_early).await
    }))
}

/// Polls a few tasks, whosever they are, until its own is done.
fn ticks(world: &World, number: usize, place: &Arc<Place>, chance: &mut Chance) -> io::Result<()> {
    let _entered = place.reactor.enter();
    let mut task = place.executor.spawn(begin(world, number, place, QUIET, chance.fork()));
    for _ in 0..chance.below(4) {
        place.executor.try_tick();
    }
    future::block_on(async {
        loop {
            let ticked = async {
                place.executor.tick().await;
                None
            };
            if let Some(ended) = future::or(async { Some((&mut task).await) }, ticked).await {
                return ended;
            }
        }
    })
}

async fn end(tasks: Vec<Task<io::Result<()>>>, leave_early: bool) -> io::Result<()> {
    for task in tasks {
        match leave_early {
            true => task.detach(),
            false => task.await?,
        }
    }
    Ok(())
}

/// One scene, from that number on.
fn begin(
    world: &World,
    number: usize,
    place: &Arc<Place>,
    first: usize,
    mut chance: Chance,
) -> impl Future<Output = io::Result<()>> + Send + 'static {
    let ground = world.ground.clone();
    let stage = Stage { ground: ground.clone(), place: Arc::downgrade(place) };
    let alive = TASKS.one();
    async move {
        let _alive = alive;
        let scene = first + chance.below(NAMES.len() - first);
        ground.progress[number].begin(scene);
        let played = play(scene, stage, chance).await;
        played.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", NAMES[scene])))
    }
}
