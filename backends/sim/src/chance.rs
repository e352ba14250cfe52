//! Chance: what the seed decides.
//!
//! Each draw is a function of the seed, of what it is for and with which object, and of how many
//! such draws came before. There is no generator that all share, so one kind of fault can be turned
//! off, or one occurrence left out, and the others still draw what they drew: that is what makes a
//! failing run shrink. The function is SplitMix64's, and ours for ever: a replay line must not lose
//! its meaning with the next version of somebody's generator.

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
    /// How many there were, by the number of whom they were for.
    occasions: Vec<[u32; Fault::ALL.len()]>,
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
            occasions: Vec::new(),
            only,
            struck: Vec::new(),
            keeps: settings.record,
            count: 0,
            own: 0,
        }
    }

    /// An occasion for `fault`, with an object or task. If it strikes: when, and a number that says
    /// how hard.
    pub(crate) fn strikes(&mut self, fault: Fault, whom: u32) -> Option<(Strike, u64)> {
        let (kind, row) = (fault as usize, whom as usize);
        if row >= self.occasions.len() {
            self.occasions.resize(row + 1, [0; Fault::ALL.len()]);
        }
        let occasions = &mut self.occasions[row][kind];
        let strike = Strike { fault, whom, occasion: *occasions };
        *occasions += 1;
        if self.only.is_none() && self.rates[kind] == 0 {
            return None;
        }
        let drawn = draw(self.seed, kind as u64, whom.into(), strike.occasion.into());
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
        Some((strike, mix(drawn)))
    }

    /// A draw of the program's own.
    pub(crate) fn own(&mut self) -> u64 {
        self.own += 1;
        draw(self.seed, OWN, 0, self.own)
    }

    /// Only these may strike from now on; what is listed to strike does so all the same.
    pub(crate) fn set_faults(&mut self, faults: Faults) {
        self.rates = Fault::ALL.map(|fault| rate(self.seed, fault, faults));
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
        Fault::NoDescriptors => [4, 6, 8],
        Fault::Reset => [4, 7, 10], // at each read and write: long transfers must end, too
        _ => [2, 4, 6],
    };
    let choice = draw(!seed, fault as u64, 0, 0) % 4;
    shifts.get(choice as usize).map_or(0, |shift| (1 << 32) >> shift)
}

fn draw(seed: u64, stream: u64, whom: u64, index: u64) -> u64 {
    [stream, whom, index].into_iter().fold(seed, |bits, next| {
        mix(bits.wrapping_add(GOLDEN.wrapping_mul(next + 1))) // the next but `next`, from here
    })
}

pub(crate) fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

/// A draw as a number below `limit`; the same where a `usize` has 32 bits.
pub(crate) fn below(draw: u64, limit: usize) -> usize {
    (draw % limit as u64) as usize
}

/// Puts `list` into an order that `draw` says.
pub(crate) fn shuffle<T>(list: &mut [T], mut draw: u64) {
    for left in (2..=list.len()).rev() {
        draw = mix(draw.wrapping_add(GOLDEN));
        list.swap(left - 1, below(draw, left));
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

    fn strikes_of(chance: &mut Chance, fault: Fault) -> Vec<Option<(Strike, u64)>> {
        (0..200).map(|n| chance.strikes(fault, n % 3)).collect()
    }

    #[test]
    fn numbers_are_the_same_for_ever() {
        assert_eq!(mix(GOLDEN), 0xe220_a839_7b1d_cdaf); // SplitMix64's first for seed 0
        assert_eq!(draw(42, 3, 1, 5), 0x666f_8215_e53d_bc7a);
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
