//! Medians, and how sure they are.

use serde::Serialize;

/// The median of some numbers, and what is around it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Summary {
    /// The median.
    pub(crate) median: f64,
    /// The least.
    pub(crate) min: f64,
    /// The greatest.
    pub(crate) max: f64,
    /// A confidence interval of the median that covers at least 95 %; `None` below six numbers, of
    /// which no interval does.
    pub(crate) ci95: Option<(f64, f64)>,
}

impl Summary {
    /// Summarises `numbers`; `None` if there are none.
    pub(crate) fn of(mut numbers: Vec<f64>) -> Option<Self> {
        numbers.sort_by(f64::total_cmp);
        let (min, max) = (*numbers.first()?, *numbers.last()?);
        let middle = numbers.len() / 2;
        let median = if numbers.len() % 2 == 1 {
            numbers[middle]
        } else {
            f64::midpoint(numbers[middle - 1], numbers[middle])
        };
        let ci95 =
            ci95_rank(numbers.len()).map(|rank| (numbers[rank], numbers[numbers.len() - 1 - rank]));
        Some(Self { median, min, max, ci95 })
    }
}

/// The greatest `rank` such that the median is between the numbers of rank `rank` and `n - 1 -
/// rank` with a probability of 95 % or more: it is outside on one side if at most `rank` of `n`
/// fair coins show heads. No distribution is assumed.
fn ci95_rank(n: usize) -> Option<usize> {
    let mut probability = 0.5f64.powi(i32::try_from(n).ok()?); // of exactly `heads` heads
    let mut outside = 0.0;
    for heads in 0..n / 2 {
        outside += 2.0 * probability;
        if outside > 0.05 {
            return heads.checked_sub(1);
        }
        probability *= (n - heads) as f64 / (heads + 1) as f64;
    }
    (n / 2).checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(Summary::of(vec![]), None);
        assert_eq!(Summary::of(vec![3.0, 1.0, 2.0]).unwrap().median, 2.0);
        let four = Summary::of(vec![4.0, 1.0, 2.0, 3.0]).unwrap();
        assert_eq!((four.median, four.min, four.max, four.ci95), (2.5, 1.0, 4.0, None));
    }

    #[test]
    fn intervals_are_those_of_the_tables() {
        // Ranks of the order statistics that bound the median, counted from 0.
        for (n, rank) in
            [(5, None), (6, Some(0)), (8, Some(0)), (9, Some(1)), (12, Some(2)), (25, Some(7))]
        {
            assert_eq!(ci95_rank(n), rank, "n = {n}");
        }
        let nine = Summary::of((1..=9).map(f64::from).collect()).unwrap();
        assert_eq!(nine.ci95, Some((2.0, 8.0)));
    }
}
