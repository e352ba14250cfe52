//! What the columns are given to do.
//!
//! One table lists the workloads with their settings; the code is generic over
//! [`Runtime`] and in one file per kind. A workload either runs
//! in one process that measures itself, or is a server that a load generator measures from outside.

mod catalog;
pub(crate) mod forks;
pub(crate) mod mixed;
pub(crate) mod server;
pub(crate) mod sleeps;
mod tasks;
mod timers;

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::child::{Mode, Phase, Sample};
use crate::columns::runtime::{Lent, Runtime};
use crate::load::Kind;
use crate::params::{Params, Setting};
pub(crate) use catalog::ALL;

/// One workload.
#[derive(Debug)]
pub(crate) struct Workload {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What it does, in a line.
    pub(crate) about: &'static str,
    /// What one operation is.
    pub(crate) op: &'static str,
    /// What `p50_ns` and `p99_ns` are; `None` if single operations are not timed.
    pub(crate) latency: Option<&'static str>,
    /// Whether allocations are those still alive at the end, not all that were made.
    pub(crate) counts_live: bool,
    /// Whether it is about fork and join, rather than tasks.
    pub(crate) forks: bool,
    /// Settings, in the order in which to show them.
    pub(crate) settings: &'static [Setting],
    /// How many processes it takes.
    pub(crate) shape: Shape,
}

/// How many processes a workload takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// A server, measured from outside by a load generator.
    Server(Kind),
    /// One process that measures itself.
    Alone,
}

impl Workload {
    /// Finds a workload by name.
    ///
    /// # Errors
    ///
    /// A sentence that lists what exists.
    pub(crate) fn find(name: &str) -> Result<&'static Self, String> {
        ALL.iter().find(|workload| workload.name == name).ok_or_else(|| {
            let names: Vec<_> = ALL.iter().map(|workload| workload.name).collect();
            format!("no workload `{name}`; there are: {}", names.join(", "))
        })
    }
}

/// Serves connections for ever on column `R`.
pub(crate) fn serve<R: Runtime>(
    workload: &'static Workload,
    params: &Params,
    listener: TcpListener,
) -> io::Result<()> {
    match workload.shape {
        Shape::Server(Kind::Mixed) => mixed::serve::<R>(lent::<R>(params), params, listener),
        Shape::Server(kind) => server::serve::<R>(kind, params, listener),
        Shape::Alone => unreachable!("{} has no server", workload.name),
    }
}

/// Runs a workload of [`Shape::Alone`] on column `R`.
pub(crate) fn run<R: Runtime>(
    workload: &'static Workload,
    params: &Params,
    mode: Mode,
) -> io::Result<Sample> {
    let params = params.clone();
    let lent = lent::<R>(&params);
    match workload.name {
        "spawn" => R::start(lent, tasks::spawn::<R>(params, mode)),
        "yield" => R::start(lent, tasks::yields::<R>(params, mode)),
        "pingpong" => R::start(lent, tasks::pingpong::<R>(params, mode)),
        "ring" => R::start(lent, tasks::ring::<R>(params, mode)),
        "timers" => R::start(lent, timers::run::<R>(params, mode)),
        "sleeps" => R::start(lent, sleeps::many::<R>(params, mode)),
        "idle-sleep" => R::start(lent, sleeps::idle::<R>(params, mode)),
        other => unreachable!("{other} is not a workload that runs alone"),
    }
}

fn lent<R: Runtime>(params: &Params) -> Lent {
    Lent {
        workers: if R::SHARES_TASKS { params.count("workers") } else { 1 },
        slack: params.has("slack").then(|| Duration::from_micros(params.number("slack"))),
    }
}

/// Repeats `batch` until the phase is `ms` long, after a warm-up of a quarter of it. `batch`
/// returns how many operations it did.
async fn repeat<F: Future<Output = u64>>(
    params: &Params,
    mode: Mode,
    mut batch: impl FnMut() -> F,
) -> io::Result<Sample> {
    let length = Duration::from_millis(params.number("ms"));
    let began = std::time::Instant::now();
    while began.elapsed() < length / 4 {
        batch().await;
    }
    let phase = Phase::begin(mode)?;
    let mut ops = 0;
    while phase.elapsed() < length {
        ops += batch().await;
    }
    phase.end(ops, None)
}

/// An empty histogram for up to a minute in nanoseconds, exact to a thousandth. It allocates
/// nothing later.
pub(crate) fn new_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("the bounds are in order")
}

/// A time in nanoseconds.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX) // 584 years
}

/// Records a time, in nanoseconds.
pub(crate) fn record(histogram: &mut Histogram<u64>, time: Duration) {
    histogram.saturating_record(nanos(time));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_with_the_types_they_have() {
        for workload in ALL {
            let params = Params::resolve::<&str, &str>(workload.settings, &[]).unwrap();
            assert!(params.count("workers") >= 1, "{}", workload.name);
            for setting in workload.settings {
                assert!(params.has(setting.name) && !setting.about.is_empty());
            }
        }
    }

    #[test]
    fn unknown_workloads_list_what_exists() {
        assert!(Workload::find("ecko").unwrap_err().contains("echo, http, churn"));
    }
}
