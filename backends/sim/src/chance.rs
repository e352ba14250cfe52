//! Chance: what the seed decides.
//!
//! Each draw is a function of the seed, of what it is for, and of how many draws for that came
//! before. There is no generator that all share, so one kind of fault can be turned off, or one
//! occurrence left out, and the others still draw what they drew: that is what makes a failing run
//! shrink. The function is SplitMix64's, and ours for ever: a replay line must not lose its meaning
//! with the next version of somebody's generator.

use crate::fault::{Fault, Faults, Strike};
use crate::settings::Settings;

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The stream of the program's own draws, behind those of the faults.
const OWN: u64 = Fault::ALL.len() as u64;

#[derive(Debug)]
pub(crate) struct Chance {
    seed: u64,
    /// In this run, out of 2^32 occasions so many bring the fault.
    rates: [u64; Fault::ALL.len()],
    occasions: [u32; Fault::ALL.len()],
    only: Option<Vec<Strike>>,
    /// What struck; kept if the run is recorded.
    struck: Vec<Strike>,
    keeps: bool,
    count: u64,
    own: u64,
}

impl Chance {
    pub(crate) fn new(settings: &Settings) -> Chance {
        let (seed, faults) = (settings.seed, settings.faults);
        let only = settings.only.clone().map(|mut only| {
            only.sort_unstable();
            only
        });
        Chance {
            seed,
            rates: Fault::ALL.map(|fault| rate(seed, fault, faults)),
            occasions: [0; Fault::ALL.len()],
            only,
            struck: Vec::new(),
            keeps: settings.record,
            count: 0,
            own: 0,
        }
    }

    /// An occasion for `fault`. If it strikes: a number that says how hard.
    pub(crate) fn strikes(&mut self, fault: Fault) -> Option<u64> {
        let kind = fault as usize;
        let strike = Strike { fault, occasion: self.occasions[kind] };
        self.occasions[kind] += 1;
        let drawn = draw(self.seed, kind as u64, strike.occasion.into());
        let strikes = match &self.only {
            Some(only) => only.binary_search(&strike).is_ok(),
            None => drawn >> 32 < self.rates[kind],
        };
        if !strikes {
            return None;
        }
        self.count += 1;
        if self.keeps {
            self.struck.push(strike);
        }
        Some(mix(drawn))
    }

    /// A draw of the program's own.
    pub(crate) fn own(&mut self) -> u64 {
        self.own += 1;
        draw(self.seed, OWN, self.own)
    }

    /// At which of its occasions `fault` struck last.
    pub(crate) fn last_occasion(&self, fault: Fault) -> u32 {
        self.occasions[fault as usize] - 1
    }

    /// How often anything struck.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn struck(&self) -> &[Strike] {
        &self.struck
    }
}

/// Each seed draws how common each fault is, never among the choices: a run in which everything
/// happens all the time finds less than many runs in each of which something else does.
fn rate(seed: u64, fault: Fault, faults: Faults) -> u64 {
    if !faults.contains(fault) {
        return 0;
    }
    let shifts: [u32; 3] = match fault {
        Fault::Reorder | Fault::Jitter => [0, 1, 2],
        Fault::Reset | Fault::NoDescriptors => [4, 6, 8],
        _ => [2, 4, 6],
    };
    let choice = draw(!seed, fault as u64, 0) % 4;
    shifts.get(choice as usize).map_or(0, |shift| (1 << 32) >> shift)
}

fn draw(seed: u64, stream: u64, index: u64) -> u64 {
    let start = mix(seed.wrapping_add(GOLDEN.wrapping_mul(stream + 1)));
    mix(start.wrapping_add(GOLDEN.wrapping_mul(index + 1)))
}

pub(crate) fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

/// Puts `list` into an order that `draw` says.
pub(crate) fn shuffle<T>(list: &mut [T], mut draw: u64) {
    for left in (2..=list.len()).rev() {
        draw = mix(draw.wrapping_add(GOLDEN));
        list.swap(left - 1, (draw % left as u64) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chance(seed: u64, faults: Faults, only: Option<Vec<Strike>>) -> Chance {
        let mut settings = Settings::new().seed(seed).faults(faults);
        settings.only = only;
        Chance::new(&settings)
    }

    fn strikes_of(chance: &mut Chance, fault: Fault) -> Vec<Option<u64>> {
        (0..200).map(|_| chance.strikes(fault)).collect()
    }

    #[test]
    fn numbers_are_the_same_for_ever() {
        assert_eq!(mix(GOLDEN), 0xe220_a839_7b1d_cdaf); // SplitMix64's first for seed 0
        assert_eq!(draw(42, 3, 5), 0xaafe_740f_2a04_6de3);
        let mut list = [0, 1, 2, 3, 4, 5, 6, 7];
        shuffle(&mut list, 1);
        assert_eq!(list, [2, 6, 5, 7, 4, 3, 0, 1]);
    }

    #[test]
    fn one_kind_draws_the_same_whatever_the_others_do() {
        for seed in 0..50 {
            let mut alone = chance(seed, Faults::NONE.with(Fault::Reset), None);
            let mut among = chance(seed, Faults::ALL, None);
            let _ = strikes_of(&mut among, Fault::ShortRead);
            assert_eq!(strikes_of(&mut alone, Fault::Reset), strikes_of(&mut among, Fault::Reset));
        }
    }

    #[test]
    fn what_struck_strikes_again_when_it_is_listed() {
        for seed in 0..50 {
            let mut first = chance(seed, Faults::ALL, None);
            let all = strikes_of(&mut first, Fault::ShortWrite);
            let mut again = chance(seed, Faults::NONE, Some(first.struck().to_vec()));
            assert_eq!(all, strikes_of(&mut again, Fault::ShortWrite));
            assert_eq!(first.count(), again.count());
            let mut none = chance(seed, Faults::ALL, Some(Vec::new()));
            assert!(strikes_of(&mut none, Fault::ShortWrite).iter().all(Option::is_none));
        }
    }

    #[test]
    fn some_seeds_have_a_fault_and_some_have_not() {
        for fault in Fault::ALL {
            let with = (0..100).filter(|seed| rate(*seed, fault, Faults::ALL) > 0).count();
            assert!((55..95).contains(&with), "{fault}: {with} of 100 seeds have it");
            assert_eq!(rate(1, fault, Faults::ALL.without(fault)), 0);
        }
    }
}
