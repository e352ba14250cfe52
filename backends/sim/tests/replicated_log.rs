//! The example: the log is right, and its planted mistake is found, made small and replayed.

#[path = "../examples/replicated_log/client.rs"]
mod client;
#[path = "../examples/replicated_log/cluster.rs"]
mod cluster;
#[path = "../examples/replicated_log/disk.rs"]
mod disk;
#[path = "../examples/replicated_log/follower.rs"]
mod follower;
#[path = "../examples/replicated_log/leader.rs"]
mod leader;
#[path = "../examples/replicated_log/wire.rs"]
mod wire;

use mini_reactor_sim::{Fault, explore_with, try_explore};

use crate::leader::Mistake;

/// Without optimisation, a run takes seven times as long.
const SEEDS: u64 = if cfg!(debug_assertions) { 300 } else { 10_000 };

#[test]
fn the_log_is_right_whatever_happens() {
    let explored = explore_with(cluster::settings(), 0..SEEDS, |sim| cluster::test(sim, None));
    assert_eq!(explored.runs, SEEDS);
    assert!(explored.faults > 50 * SEEDS, "{explored}");
}

#[test]
fn a_mistake_is_found_and_made_small_and_replayed() {
    let mistake = Some(Mistake::CountsTwice);
    let found = try_explore(cluster::settings(), 0..SEEDS, |sim| cluster::test(sim, mistake));
    let failure = found.expect_err("some seed has it");
    assert!(failure.message().contains(" was answered with 2 copies"), "{failure}");
    let line = failure.settings().to_string();
    let (_, only) = line.split_once(" only=").expect("it was made smaller");
    assert!(only.split(',').count() < 40, "{line}");
    assert!(only.contains(Fault::Reset.name()), "without a broken connection it would be right");
    cluster::fails_again(&failure, mistake);
}

#[test]
fn without_the_mistake_the_run_that_shows_it_is_right() {
    let mistake = Some(Mistake::CountsTwice);
    let found = try_explore(cluster::settings(), 0..SEEDS, |sim| cluster::test(sim, mistake));
    let settings = found.expect_err("some seed has it").settings().clone();
    mini_reactor_sim::replay(settings, |sim| cluster::test(sim, None)).expect("it is right");
}
