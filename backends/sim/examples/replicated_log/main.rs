//! A small replicated log, explored: a leader, four followers, two clients, and all that can
//! happen to them.
//!
//! ```sh
//! cargo run --release -p mini-reactor-sim --example replicated_log            # 10,000 seeds
//! cargo run --release -p mini-reactor-sim --example replicated_log -- --mistake
//! ```
//!
//! Each seed is another order of events, with other delays, short transfers, broken connections,
//! descriptors that run out, links that are cut, and machines that crash. The log is right in all
//! of them. With `--mistake` the leader has a mistake, which is found, made small, and replayed;
//! and the line that is printed replays it in a process of its own. A number says how many seeds.
//!
//! The log itself (`leader.rs`, `follower.rs`, `client.rs`, on `wire.rs` and `disk.rs`) does not
//! know of the simulator; `cluster.rs` puts it into one and says what has to be true of it.

mod client;
mod cluster;
mod disk;
mod follower;
mod leader;
mod wire;

use std::env;
use std::time::Instant;

use mini_reactor_sim::{VARIABLE, explore_with, try_explore};

use crate::leader::Mistake;

fn main() {
    let mut mistake = None;
    let mut seeds = 10_000;
    for argument in env::args().skip(1) {
        match argument.as_str() {
            "--mistake" => mistake = Some(Mistake::CountsTwice),
            number => seeds = number.parse().expect("`--mistake`, or a number of seeds"),
        }
    }
    let begin = Instant::now();
    let is_replay = env::var_os(VARIABLE).is_some();
    if mistake.is_none() || is_replay {
        let explored =
            explore_with(cluster::settings(), 0..seeds, |sim| cluster::test(sim, mistake));
        println!("{explored}, in {:.1?}", begin.elapsed());
        return;
    }
    let found = try_explore(cluster::settings(), 0..seeds, |sim| cluster::test(sim, mistake));
    let failure = found.expect_err("the mistake is found");
    println!("{failure}\nfound in {:.1?}", begin.elapsed());
    cluster::fails_again(&failure, mistake);
    println!("replayed: the same failure, with the same trace");
}
