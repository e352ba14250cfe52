//! `compare bounds`: what this workspace promises of its own speed, measured and judged.
//!
//! Each bound of the [`table`] is a number of one column, or its ratio to another column's. It is
//! *met* when the median of the rounds is inside it, *missed* when the whole 95 % interval is
//! outside, and *undecided* between: then more rounds, or a calmer machine, would tell.

mod table;

use crate::columns::Column;
use crate::measure::result::Outcome;
use crate::measure::stats::Summary;
use crate::measure::{Case, CountWith, Plan, Repeats};
use crate::params::Params;
use crate::report::units::{Unit, range, show, unit};
use crate::workloads::Workload;
pub(crate) use table::{ALL, Bound};

/// How a bound came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The median is inside.
    Met,
    /// All of the interval is outside.
    Missed,
    /// The median is outside, and the interval is not or there is none.
    Undecided,
    /// Nothing is demanded.
    Figure,
    /// It could not be measured.
    Failed,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Verdict::Met => "met",
            Verdict::Missed => "MISSED",
            Verdict::Undecided => "undecided",
            Verdict::Figure => "-",
            Verdict::Failed => "NOT MEASURED",
        })
    }
}

/// The bounds whose name contains one of `only`; all, if that is empty.
///
/// # Errors
///
/// A sentence that lists what exists, if a word of `only` is in no name.
pub(crate) fn select(only: &[String]) -> Result<Vec<&'static Bound>, String> {
    for word in only {
        if !ALL.iter().any(|bound| bound.name.contains(word)) {
            let names: Vec<_> = ALL.iter().map(|bound| bound.name).collect();
            return Err(format!("no bound `{word}`; there are: {}", names.join(", ")));
        }
    }
    let wanted = |bound: &&Bound| {
        only.is_empty() || only.iter().any(|word| bound.name.contains(word.as_str()))
    };
    Ok(ALL.iter().filter(wanted).collect())
}

impl Bound {
    /// What has to be measured: only passes of the kind that the bound is about.
    pub(crate) fn plan(&self, rounds: usize) -> Plan {
        let workload = Workload::find(self.workload).expect("the table names workloads that exist");
        let params = Params::resolve(workload.settings, self.set);
        let columns = self.against.into_iter().chain([self.column]).map(Column::parse);
        let case = Case {
            workload,
            params: params.expect("the table has allowed values"),
            columns: columns.collect::<Result<_, _>>().expect("the table names columns that exist"),
        };
        let repeats = match self.metric {
            "syscalls_per_op" => Repeats { syscalls: rounds, ..Repeats::default() },
            "allocs_per_op" | "bytes_per_op" => {
                Repeats { allocations: rounds, ..Repeats::default() }
            }
            _ => Repeats { time: rounds, ..Repeats::default() },
        };
        Plan { cases: vec![case], repeats, count_with: CountWith::default(), budget: None }
    }

    /// The line about this bound, and how it came out. `outcomes` are those of its plan.
    pub(crate) fn judge(&self, outcomes: &[Outcome]) -> (String, Verdict) {
        let ours = outcomes.last().expect("the plan ends with the column that is judged");
        let summary = match self.against {
            Some(_) => ours.ratio(self.metric),
            None => ours.summary(self.metric),
        };
        let Some(summary) = summary else {
            let why = outcomes.iter().find_map(|outcome| outcome.why.get(self.metric));
            let why = why.map_or("the peer's figure is next to nothing", String::as_str);
            let verdict = Verdict::Failed;
            return (format!("{}  {verdict}: {why}", self.title()), verdict);
        };
        let verdict = self.at_most.map_or(Verdict::Figure, |at_most| verdict(summary, at_most));
        let at_most = self.at_most.map(|at_most| format!("≤ {}", show(at_most, self.unit())));
        // Below six rounds there is none.
        let interval = summary.ci95.map_or("-".to_owned(), |ci95| range(ci95, self.unit()));
        let line = format!(
            "{}  {:>9}  {:>9}  {interval:>14}  {verdict}",
            self.title(),
            at_most.as_deref().unwrap_or("-"),
            show(summary.median, self.unit()),
        );
        (line, verdict)
    }

    fn title(&self) -> String {
        let against = self.against.map(|against| format!("/ {against}")).unwrap_or_default();
        format!("{:<20} {against:<11}", self.name)
    }

    fn unit(&self) -> Unit {
        if self.against.is_some() { Unit::Count } else { unit(self.metric) }
    }
}

/// The heading over the lines.
pub(crate) fn heading() -> String {
    format!("{:<20} {:<11}  {:>9}  {:>9}  {:>14}", "bound", "", "limit", "median", "95 % interval")
}

fn verdict(summary: &Summary, at_most: f64) -> Verdict {
    if summary.median <= at_most {
        return Verdict::Met;
    }
    match summary.ci95 {
        Some((low, _)) if low > at_most => Verdict::Missed,
        _ => Verdict::Undecided,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::result::METRICS;

    #[test]
    fn met_missed_and_undecided() {
        let summary = |median, ci95| Summary { median, min: 0.0, max: 9.0, ci95 };
        for (median, ci95, expected) in [
            (1.0, Some((0.8, 1.2)), Verdict::Met), // on the limit is inside
            (1.1, Some((0.9, 1.2)), Verdict::Undecided),
            (1.1, Some((1.0, 1.2)), Verdict::Undecided),
            (1.1, Some((1.05, 1.2)), Verdict::Missed),
            (0.9, None, Verdict::Met),
            (1.1, None, Verdict::Undecided),
        ] {
            assert_eq!(verdict(&summary(median, ci95), 1.0), expected, "{median} {ci95:?}");
        }
    }

    #[test]
    fn the_table_is_in_order() {
        for (index, bound) in ALL.iter().enumerate() {
            assert!(ALL[..index].iter().all(|other| other.name != bound.name), "{}", bound.name);
            assert!(METRICS.contains(&bound.metric), "{}", bound.name);
            let plan = bound.plan(9);
            let lacks = plan.cases[0].columns.iter().find_map(|c| c.lacks(plan.cases[0].workload));
            assert_eq!(lacks, None, "{}", bound.name);
        }
    }

    #[test]
    fn bounds_are_selected_by_part_of_their_name() {
        assert_eq!(select(&[]).unwrap().len(), ALL.len());
        let sleeps = select(&["idle-sleep".to_owned(), "timers".to_owned()]).unwrap();
        let names: Vec<_> = sleeps.iter().map(|bound| bound.name).collect();
        assert_eq!(names, ["idle-sleep-calls", "timers-churn-cpu", "timers-standing-cpu"]);
        assert!(select(&["ecko".to_owned()]).unwrap_err().contains("echo-1-calls"));
    }
}
