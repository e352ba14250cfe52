//! Numbers that look random and are the same everywhere, from a seed that is printed.

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::threads::message;

/// The variable that has one seed run, and no other.
pub(crate) const SEED: &str = "MINI_REACTOR_SEED";

/// SplitMix64: good enough to choose steps by.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}

/// Runs `one` for each of `count` seeds, or only for the one that the environment names; says which
/// one failed.
///
/// # Panics
///
/// If one of them does.
pub(crate) fn seeds(count: usize, one: impl Fn(Random)) {
    let chosen = env::var(SEED).ok().map(|value| match value.parse() {
        Ok(seed) => seed,
        Err(_) => panic!("{SEED} is a number, not {value:?}"),
    });
    let seeds = chosen.map_or(0..count as u64, |seed: u64| seed..seed + 1);
    for seed in seeds {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| one(Random::new(seed)))) {
            panic!("{}\n{SEED}={seed} runs this sequence again, alone", message(&*payload));
        }
    }
}
