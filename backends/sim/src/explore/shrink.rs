//! Making a failing run smaller: leaving out faults, as long as it fails in the same way.
//!
//! First halves of the list, then quarters, and so on down to single ones (delta debugging). Each
//! try is a run; they are counted, not timed, so that the result is the same on every machine.

use std::ops::Range;

use crate::fault::Strike;

/// Runs that are spent on it at most.
const RUNS_MAX: usize = 500;

/// The smallest list found, and how many runs that took.
pub(super) fn shrink(
    mut list: Vec<Strike>,
    mut fails: impl FnMut(&[Strike]) -> bool,
) -> (Vec<Strike>, usize) {
    let mut runs = 0;
    let mut try_without = |list: &mut Vec<Strike>, part: Range<usize>| {
        if runs == RUNS_MAX {
            return false;
        }
        runs += 1;
        let kept = list.iter().enumerate().filter(|(at, _)| !part.contains(at));
        let fewer: Vec<Strike> = kept.map(|(_, one)| *one).collect();
        let works = fails(&fewer);
        if works {
            *list = fewer;
        }
        works
    };
    let mut length = list.len();
    while length > 0 {
        let (mut at, mut found) = (0, false);
        while at < list.len() {
            if try_without(&mut list, at..at + length) {
                found = true;
            } else {
                at += length;
            }
        }
        // Single ones again and again: without one, another may have become needless.
        length = if length == 1 && found { 1 } else { length / 2 };
    }
    (list, runs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;

    fn strikes(count: u32) -> Vec<Strike> {
        let fault = |n: u32| Fault::ALL[n as usize % 7];
        (0..count).map(|n| Strike { fault: fault(n), whom: n % 2, occasion: n / 14 }).collect()
    }

    #[test]
    fn what_the_failure_needs_is_left() {
        let all = strikes(3000);
        let needed = [all[17], all[1234], all[2999]];
        let fails = |list: &[Strike]| needed.iter().all(|one| list.contains(one));
        let (left, runs) = shrink(all, fails);
        assert_eq!(left, needed);
        assert!(runs < 150, "{runs}");
    }

    #[test]
    fn a_failure_that_needs_nothing_is_left_with_nothing() {
        assert_eq!(shrink(strikes(50), |_| true).0, []);
        assert_eq!(shrink(Vec::new(), |_| panic!("there is nothing to leave out")), (vec![], 0));
    }

    #[test]
    fn one_that_needs_everything_costs_a_bounded_number_of_runs() {
        let all = strikes(1000);
        let (left, runs) = shrink(all.clone(), |list| list.len() == 1000);
        assert_eq!((left, runs), (all, RUNS_MAX));
    }
}
