//! What the program measures when it is run alone: every workload beside its peers, some of them
//! on every executor and every reactor; small settings, less than a minute.

use std::time::Duration;

use super::{Case, CountWith, Plan, Repeats};
use crate::columns::Column;
use crate::params::Params;
use crate::workloads::Workload;

/// Columns, ours first: it is what the others are compared with.
const COLUMNS: [&str; 6] =
    ["single-thread/system", "work-stealing/system", "tokio-ct", "tokio-mt", "smol", "raw-epoll"];

/// Workloads and what is changed of their settings.
const CASES: &[(&str, &[(&str, &str)])] = &[
    ("echo", &[("conns", "1"), ("ms", "80")]),
    ("echo", &[("conns", "64"), ("ms", "80")]),
    ("http", &[("conns", "64"), ("ms", "80")]),
    ("churn", &[("ms", "80")]),
    ("idle", &[("conns", "500")]),
    ("spawn", &[("where", "inside"), ("ms", "40")]),
    ("spawn", &[("where", "waves"), ("ms", "40")]),
    ("yield", &[("tasks", "1000"), ("ms", "40")]),
    ("yield", &[("tasks", "1"), ("ms", "40")]),
    ("pingpong", &[("ms", "40")]),
    ("ring", &[("ms", "40")]),
    ("timers", &[("mode", "churn"), ("ms", "40")]),
    ("timers", &[("mode", "standing"), ("ms", "40")]),
    ("sleeps", &[("n", "20000"), ("span", "200")]),
    ("idle-sleep", &[("n", "50")]),
];

/// One executor on each reactor, the default first.
const REACTORS: [&str; 5] = [
    "single-thread/system",
    "single-thread/mio",
    "single-thread/uring",
    "single-thread/uring-per-thread",
    "single-thread/trace",
];

/// tokio's tasks: on a reactor that their runtime drives, on one that a thread beside it does, and
/// on tokio's own.
const TOKIO: [&str; 3] = ["tokio-ct/tokio", "tokio-ct/system", "tokio-ct"];

/// What is given to each of them.
const REACTOR_CASES: &[(&str, &[(&str, &str)])] = &[
    ("echo", &[("conns", "1"), ("ms", "60")]),
    ("echo", &[("conns", "64"), ("ms", "60")]),
    ("churn", &[("ms", "60")]),
    ("idle-sleep", &[("n", "30")]),
];

/// More executors on one reactor: the same programs, and one line of each differs.
const EXECUTORS: [&str; 4] =
    ["work-stealing/system", "fork-join/system", "async-executor/system", "local-pool/system"];

/// What is given to each of them.
const EXECUTOR_CASES: &[(&str, &[(&str, &str)])] = &[
    ("echo", &[("conns", "64"), ("workers", "2"), ("ms", "60")]),
    ("spawn", &[("where", "inside"), ("ms", "30")]),
    ("yield", &[("tasks", "1000"), ("ms", "30")]),
    ("pingpong", &[("ms", "30")]),
];

/// What forks and joins, and its peers.
const FORKING: [&str; 4] = ["fork-join/system", "rayon", "chili", "sequential"];

/// What is given to each of them that can.
const FORKING_CASES: &[(&str, &[(&str, &str)])] = &[
    ("fib", &[("n", "24"), ("ms", "40")]),
    ("tree", &[("ms", "40")]),
    ("quicksort", &[("count", "200000"), ("ms", "40")]),
    ("scopes", &[("ms", "40")]),
    ("enter", &[("by", "handing"), ("ms", "40")]),
    ("rest", &[("ms", "100")]),
];

/// What serves sockets while it computes.
const MIXED: [&str; 4] = ["fork-join/system", "tokio-mt", "tokio-ct", "smol"];

/// The two ways of those that do not fork.
const MIXED_CASES: &[(&str, &[(&str, &str)])] = &[
    ("mixed", &[("beside", "rayon"), ("ms", "80")]),
    ("mixed", &[("beside", "blocking"), ("ms", "80")]),
];

/// Rounds, if the time allows: an odd number, so that the median is one of them.
const ROUNDS: usize = 5;
/// After this no further round begins. A round takes about ten seconds here.
const BUDGET: Duration = Duration::from_secs(42);

/// The plan of the program run alone.
pub(crate) fn plan() -> Plan {
    let peers = CASES.iter().map(|(workload, changes)| case(workload, changes, &COLUMNS));
    let reactors =
        REACTOR_CASES.iter().map(|(workload, changes)| case(workload, changes, &REACTORS));
    let tokio = case("echo", &[("conns", "64"), ("ms", "60")], &TOKIO);
    let executors = EXECUTOR_CASES.iter().map(|(workload, set)| case(workload, set, &EXECUTORS));
    let forking = FORKING_CASES.iter().map(|(workload, set)| case(workload, set, &FORKING));
    let mixed = MIXED_CASES.iter().map(|(workload, set)| case(workload, set, &MIXED));
    Plan {
        cases: peers
            .chain(executors)
            .chain(reactors)
            .chain([tokio])
            .chain(forking)
            .chain(mixed)
            .collect(),
        repeats: Repeats { time: ROUNDS, syscalls: 1, allocations: 1 },
        count_with: CountWith::default(),
        budget: Some(BUDGET),
    }
}

fn case(workload: &str, changes: &[(&str, &str)], columns: &[&str]) -> Case {
    let workload = Workload::find(workload).expect("the table names workloads that exist");
    let params = Params::resolve(workload.settings, changes);
    let columns = columns.iter().map(|name| Column::parse(name)).filter_map(|column| {
        let column = column.expect("the table names columns that exist");
        column.lacks(workload).is_none().then_some(column)
    });
    Case {
        workload,
        params: params.expect("the table has allowed values"),
        columns: columns.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workloads;

    #[test]
    fn every_workload_is_in_the_suite() {
        let plan = plan();
        for workload in workloads::ALL {
            assert!(plan.cases.iter().any(|case| case.workload.name == workload.name));
        }
    }
}
