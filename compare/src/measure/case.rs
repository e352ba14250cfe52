//! What is to be measured, and the interleaved rounds that do it.

use std::time::{Duration, Instant};

use super::{CountWith, Passed, pass, result};
use crate::child::Mode;
use crate::columns::Column;
use crate::params::Params;
use crate::workloads::Workload;

/// One workload with settings, on some columns.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// What to do.
    pub(crate) workload: &'static Workload,
    /// With which settings.
    pub(crate) params: Params,
    /// On what; the first is what the others are compared with.
    pub(crate) columns: Vec<Column>,
}

/// Cases and how often.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// What to measure.
    pub(crate) cases: Vec<Case>,
    /// Passes of each column of each case.
    pub(crate) repeats: Repeats,
    /// How system calls are counted.
    pub(crate) count_with: CountWith,
    /// After this no case is timed again; each is once, in any event.
    pub(crate) budget: Option<Duration>,
}

/// How many passes of each kind.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Repeats {
    /// Timing passes.
    pub(crate) time: usize,
    /// Passes that count system calls.
    pub(crate) syscalls: usize,
    /// Passes that count allocations.
    pub(crate) allocations: usize,
}

/// What all passes of one column of one case measured.
#[derive(Debug)]
pub(super) struct Passes {
    /// What is measured: the column asked for, or what takes its place here.
    column: Column,
    /// Says so, if it is not the one asked for.
    pub(super) note: Option<String>,
    /// By round.
    pub(super) timing: Vec<Passed>,
    pub(super) syscalls: Vec<Passed>,
    pub(super) allocations: Vec<Passed>,
    /// Why the column was not measured at all: it cannot do the workload.
    pub(super) lacks: Option<&'static str>,
    /// What failed, by kind of pass.
    pub(super) failed: Vec<(Mode, String)>,
}

/// Measures a plan. `progress` is called with what comes next, before each pass.
pub(crate) fn run(
    plan: &Plan,
    mut progress: impl FnMut(&str),
) -> Vec<(Case, Vec<result::Outcome>)> {
    let mut passes: Vec<Vec<Passes>> = plan.cases.iter().map(Case::no_passes).collect();
    let began = Instant::now();
    // Counts first: they are few, and a budget must not leave them out.
    let counts =
        [(Mode::Syscalls, plan.repeats.syscalls), (Mode::Allocations, plan.repeats.allocations)];
    for (mode, rounds) in counts {
        for round in 0..rounds {
            for (case, passes) in plan.cases.iter().zip(&mut passes) {
                one_round(case, mode, round, plan.count_with, passes, &mut progress);
            }
        }
    }
    for round in 0..plan.repeats.time {
        for (case, passes) in plan.cases.iter().zip(&mut passes) {
            if round > 0 && plan.budget.is_some_and(|budget| began.elapsed() > budget) {
                break;
            }
            one_round(case, Mode::Time, round, plan.count_with, passes, &mut progress);
        }
    }
    let results = plan.cases.iter().zip(passes);
    results.map(|(case, passes)| (case.clone(), result::outcomes(case, &passes))).collect()
}

/// One pass of each column. The column that begins moves on by one each round.
fn one_round(
    case: &Case,
    mode: Mode,
    round: usize,
    count_with: CountWith,
    passes: &mut [Passes],
    progress: &mut impl FnMut(&str),
) {
    for turn in 0..case.columns.len() {
        let index = (turn + round) % case.columns.len();
        let (column, passes) = (case.columns[index], &mut passes[index]);
        progress(&format!("{} on {column}", case.title()));
        if passes.lacks.is_some() || passes.why(mode).is_some() {
            continue;
        }
        match pass(case.workload, &case.params, passes.column, mode, count_with) {
            Ok(passed) => passes.of(mode).push(passed),
            Err(error) => passes.failed.push((mode, error)),
        }
    }
}

impl Plan {
    /// How often [`run`] calls `progress` if no budget ends it.
    pub(crate) fn passes(&self) -> usize {
        let columns: usize = self.cases.iter().map(|case| case.columns.len()).sum();
        let Repeats { time, syscalls, allocations } = self.repeats;
        columns * (time + syscalls + allocations)
    }
}

impl Case {
    /// The workload and the settings that are not the defaults.
    pub(crate) fn title(&self) -> String {
        let defaults = Params::resolve::<&str, &str>(self.workload.settings, &[])
            .expect("defaults are allowed values");
        let mut title = self.workload.name.to_owned();
        for setting in self.workload.settings.iter().filter(|setting| setting.name != "ms") {
            let value = self.params.get(setting.name);
            // What a workload is about is said even when it is the default: the first setting.
            let first = setting.name == self.workload.settings[0].name;
            if value != defaults.get(setting.name)
                || (first && !matches!(setting.name, "workers" | "n"))
            {
                title.push_str(&format!(" {}={value}", setting.name));
            }
        }
        title
    }

    /// Whether its columns differ in nothing but the reactor.
    pub(crate) fn compares_reactors(&self) -> bool {
        self.columns.len() > 1
            && self.columns.iter().all(|column| column.differs_in_reactor_only(&self.columns[0]))
    }

    fn no_passes(&self) -> Vec<Passes> {
        let passes = |column: &Column| {
            let (column, note) = column.to_be_had();
            Passes {
                column,
                note,
                timing: Vec::new(),
                syscalls: Vec::new(),
                allocations: Vec::new(),
                lacks: column.lacks(self.workload),
                failed: Vec::new(),
            }
        };
        self.columns.iter().map(passes).collect()
    }
}

impl Passes {
    fn of(&mut self, mode: Mode) -> &mut Vec<Passed> {
        match mode {
            Mode::Time => &mut self.timing,
            Mode::Syscalls => &mut self.syscalls,
            Mode::Allocations => &mut self.allocations,
        }
    }

    /// Why passes of this kind are missing.
    pub(super) fn why(&self, mode: Mode) -> Option<&str> {
        self.failed.iter().find(|(failed, _)| *failed == mode).map(|(_, error)| error.as_str())
    }
}
