//! From passes to what is printed: one [`Outcome`] per column.
//!
//! The names of the fields are an interface: other tools read them from `compare measure --json`.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::Passed;
use super::case::{Case, Passes};
use super::stats::Summary;
use crate::child::{Mode, Sample};
use crate::params::Params;
use crate::workloads::{Workload, server};

/// The metrics that every outcome has, measured or not, and then the additional one.
pub(crate) const METRICS: [&str; 9] = [
    "cpu_ns_per_op",
    "wall_ns_per_op",
    "p50_ns",
    "p99_ns",
    "syscalls_per_op",
    "allocs_per_op",
    "bytes_per_op",
    "rss_bytes",
    "threads",
];

/// The metrics of timing passes, which were taken in the same round as those of other columns.
const PAIRED: [&str; 4] = ["cpu_ns_per_op", "wall_ns_per_op", "p50_ns", "p99_ns"];

/// What one column did in one case.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outcome {
    workload: &'static str,
    /// The column's name.
    pub(crate) column: String,
    params: Params,
    /// What was measured in the column's place, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
    /// Timing rounds that were done.
    pub(crate) rounds: usize,
    /// How system calls were counted: `perf` or `ptrace`.
    pub(crate) syscalls_counted_with: Option<&'static str>,
    /// The median of each metric, or null.
    metrics: BTreeMap<&'static str, Option<f64>>,
    /// Why a metric is null.
    pub(crate) why: BTreeMap<&'static str, String>,
    /// Least, greatest, and interval of the median, of each metric that was measured.
    #[serde(serialize_with = "without_medians")]
    spread: BTreeMap<&'static str, Summary>,
    /// The same, divided round by round by the first column; counts by the first column's median.
    ratio: BTreeMap<&'static str, Summary>,
    /// By round, for ratios and plots.
    #[serde(skip)]
    values: BTreeMap<&'static str, Vec<f64>>,
    /// Whether it could not be timed though it should: more than that a metric does not exist here.
    #[serde(skip)]
    pub(crate) failed: bool,
}

fn without_medians<S: Serializer>(
    spread: &BTreeMap<&'static str, Summary>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Spread {
        min: f64,
        max: f64,
        ci95: Option<(f64, f64)>,
    }
    let spread = spread.iter().map(|(name, Summary { min, max, ci95, .. })| {
        (name, Spread { min: *min, max: *max, ci95: *ci95 })
    });
    serializer.collect_map(spread)
}

impl Outcome {
    /// A metric's summary over the rounds.
    pub(crate) fn summary(&self, metric: &str) -> Option<&Summary> {
        self.spread.get(metric)
    }

    /// A metric's ratio to the first column.
    pub(crate) fn ratio(&self, metric: &str) -> Option<&Summary> {
        self.ratio.get(metric)
    }
}

/// Turns the passes of a case into outcomes, in the order of its columns.
pub(super) fn outcomes(case: &Case, passes: &[Passes]) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = case
        .columns
        .iter()
        .zip(passes)
        .map(|(column, passes)| outcome(case, column.to_string(), passes))
        .collect();
    let first = outcomes[0].values.clone();
    for outcome in &mut outcomes {
        for (metric, values) in &outcome.values {
            let Some(first) = first.get(metric) else { continue };
            let Some(median) = Summary::of(first.clone()).map(|summary| summary.median) else {
                continue;
            };
            if median.abs() < 0.01 {
                continue; // next to nothing: a ratio to it says nothing
            }
            let paired = PAIRED.contains(metric) && first.len() == values.len();
            let ratios = values
                .iter()
                .enumerate()
                .map(|(round, value)| value / if paired { first[round] } else { median });
            let ratios: Vec<f64> = ratios.filter(|ratio| ratio.is_finite()).collect();
            if let Some(summary) = Summary::of(ratios) {
                outcome.ratio.insert(metric, summary);
            }
        }
    }
    outcomes
}

fn outcome(case: &Case, column: String, passes: &Passes) -> Outcome {
    let values = values(case, passes);
    let spread: BTreeMap<_, _> = values
        .iter()
        .filter_map(|(metric, values)| Some((*metric, Summary::of(values.clone())?)))
        .collect();
    let mut why = BTreeMap::new();
    for metric in METRICS.into_iter().filter(|metric| !spread.contains_key(metric)) {
        why.insert(metric, why_not(metric, case.workload, passes));
    }
    let metrics =
        METRICS.iter().map(|metric| (*metric, spread.get(metric).map(|spread| spread.median)));
    Outcome {
        workload: case.workload.name,
        column,
        params: case.params.clone(),
        note: passes.note.clone(),
        rounds: passes.timing.len(),
        syscalls_counted_with: passes
            .syscalls
            .iter()
            .find_map(|passed| Some(passed.syscalls?.counted_with)),
        metrics: metrics.collect(),
        why,
        spread,
        ratio: BTreeMap::new(),
        values,
        failed: passes.why(Mode::Time).is_some(),
    }
}

/// Each metric's values, a value a round.
fn values(case: &Case, passes: &Passes) -> BTreeMap<&'static str, Vec<f64>> {
    let mut values: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    let mut push = |metric, value: Option<f64>| {
        if let Some(value) = value {
            values.entry(metric).or_default().push(value);
        }
    };
    for Passed { sample, .. } in &passes.timing {
        push("cpu_ns_per_op", per_op(sample, sample.cpu_ns as f64));
        push("wall_ns_per_op", per_op(sample, sample.wall_ns as f64));
        push("p50_ns", sample.p50_ns.map(|nanos| nanos as f64));
        push("p99_ns", sample.p99_ns.map(|nanos| nanos as f64));
        push("rss_bytes", Some(sample.rss_bytes as f64));
        push("threads", Some(sample.threads as f64));
    }
    for Passed { sample, syscalls } in &passes.syscalls {
        push("syscalls_per_op", syscalls.and_then(|calls| per_op(sample, calls.count as f64)));
    }
    for Passed { sample, .. } in &passes.allocations {
        let Some(counted) = sample.allocations else { continue };
        let (allocs, bytes) = if case.workload.counts_live {
            // The program's own buffer, one allocation per connection, is not the column's.
            let buffer = server::buffer_bytes(&case.params) as i64;
            let ops = sample.ops as i64;
            (counted.live_allocs - ops, counted.live_bytes - ops * buffer)
        } else {
            (counted.allocs as i64, counted.bytes as i64)
        };
        push("allocs_per_op", per_op(sample, allocs as f64));
        push("bytes_per_op", per_op(sample, bytes as f64));
    }
    values
}

fn per_op(sample: &Sample, total: f64) -> Option<f64> {
    (sample.ops > 0).then(|| total / sample.ops as f64)
}

fn why_not(metric: &str, workload: &Workload, passes: &Passes) -> String {
    if let Some(lacks) = passes.lacks {
        return lacks.to_owned();
    }
    let mode = match metric {
        "syscalls_per_op" => Mode::Syscalls,
        "allocs_per_op" | "bytes_per_op" => Mode::Allocations,
        _ => Mode::Time,
    };
    if let Some(error) = passes.why(mode) {
        return error.to_owned();
    }
    let passed = match mode {
        Mode::Time => &passes.timing,
        Mode::Syscalls => &passes.syscalls,
        Mode::Allocations => &passes.allocations,
    };
    match metric {
        _ if passed.is_empty() => "no pass was to measure it".to_owned(),
        "p50_ns" | "p99_ns" if workload.latency.is_none() => {
            "single operations are not timed in this workload".to_owned()
        }
        _ => "no operation was completed".to_owned(),
    }
}
