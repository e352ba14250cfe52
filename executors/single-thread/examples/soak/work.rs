//! What a thread of the run does: it enters reactors, and plays scenes there.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use mini_executor_single_thread::LocalExecutor;

use crate::census::TASKS;
use crate::chance::Chance;
use crate::scenes::{NAMES, play};
use crate::soak::said;
use crate::world::World;

/// What may be allocated at the end, beyond what was at the beginning.
pub(crate) const KEPT_MAX: usize = 64 << 10;

pub(crate) fn work(world: &World, number: usize, seed: u64, stop: &AtomicBool) -> io::Result<()> {
    let mut chance =
        Chance::new(seed.wrapping_add(u64::try_from(number).unwrap_or_default() << 32));
    while !stop.load(Relaxed) {
        visit(world, number, &mut chance)?;
        if chance.one_in(50) {
            // A thread that lives for one visit.
            let mut chance = chance.fork();
            thread::scope(|scope| scope.spawn(|| visit(world, number, &mut chance)).join())
                .unwrap_or_else(|payload| Err(io::Error::other(said(&*payload))))?;
        }
    }
    Ok(())
}

/// Enters a reactor, plays some scenes at once, and leaves, sometimes while some still play.
fn visit(world: &World, number: usize, chance: &mut Chance) -> io::Result<()> {
    let executor = LocalExecutor::new_in(world.reactor(chance));
    let progress = &world.progress[number];
    let begin = |mut chance: Chance| async move {
        let _alive = TASKS.one();
        let scene = chance.below(NAMES.len());
        progress.begin(scene);
        let played = play(scene, world, chance).await;
        played.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", NAMES[scene])))
    };
    let own = begin(chance.fork());
    let others: Vec<_> = (0..chance.below(6)).map(|_| begin(chance.fork())).collect();
    let leave_early = chance.one_in(4);
    executor.block_on(async {
        let tasks: Vec<_> = others.into_iter().map(|other| executor.spawn(other)).collect();
        own.await?;
        for task in tasks {
            match leave_early {
                true => task.detach(),
                false => task.await?,
            }
        }
        Ok(())
    })
}
