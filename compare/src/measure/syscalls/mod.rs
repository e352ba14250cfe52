//! How many system calls a process makes, in all its threads, counted by the kernel.
//!
//! Two ways, tried in this order unless one is asked for:
//!
//! - [`perf`]: a counter on the tracepoint `raw_syscalls:sys_enter`, by perf_event_open(2). It
//!   costs the process about a tenth of a microsecond a call, so it still runs at its own pace, and
//!   how many events a wait returns stays what it was. It needs tracefs mounted, and root or
//!   `CAP_PERFMON`.
//! - [`ptrace`]: this program stops its child at each call. It needs nothing, but each call then
//!   costs several microseconds. A slow server finds more events at each wait, so with many
//!   connections the counts come out a little lower than at full speed; with one connection they
//!   are the same.
//!
//! Both attach to a process that waits at the edge of its measured phase, so what it did before
//! does not count. If neither works the metric is null, and both reasons are given.

mod perf;
mod ptrace;

use super::process::Process;

/// Which way to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CountWith {
    /// perf if it works, else ptrace.
    #[default]
    Either,
    /// Only perf.
    Perf,
    /// Only ptrace.
    Ptrace,
}

impl CountWith {
    /// Parses what the command line says.
    ///
    /// # Errors
    ///
    /// A sentence that lists what there is.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        match name {
            "perf" => Ok(Self::Perf),
            "ptrace" => Ok(Self::Ptrace),
            other => Err(format!("system calls are counted with perf or ptrace, not `{other}`")),
        }
    }
}

/// A counter that runs.
pub(super) enum Counter {
    Perf(perf::Perf),
    Ptrace(ptrace::Ptrace),
}

/// Counts the calls of process `pid` from now on.
pub(super) fn attach(pid: u32, with: CountWith) -> Result<Counter, String> {
    let perf = || perf::Perf::attach(pid).map(Counter::Perf);
    let ptrace = || ptrace::Ptrace::attach(pid).map(Counter::Ptrace);
    match with {
        CountWith::Perf => perf(),
        CountWith::Ptrace => ptrace(),
        CountWith::Either => {
            perf().or_else(|because| ptrace().map_err(|also| format!("{because}; {also}")))
        }
    }
}

impl Counter {
    /// Calls that attaching itself made the process repeat: ptrace interrupts the `read` in which
    /// the process waits, and the kernel starts it again.
    pub(super) fn restarted(&self) -> u64 {
        match self {
            Counter::Perf(_) => 0,
            Counter::Ptrace(_) => 1,
        }
    }

    /// The way it counts, as it is called on the command line.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Counter::Perf(_) => "perf",
            Counter::Ptrace(_) => "ptrace",
        }
    }

    /// The count so far. Ends the process, which is of no more use.
    pub(super) fn finish(self, mut process: Process) -> Result<u64, String> {
        match self {
            Counter::Perf(mut perf) => perf.read(),
            Counter::Ptrace(ptrace) => {
                process.kill();
                ptrace.finish()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::child::{Mode, Order};
    use crate::params::Params;
    use crate::workloads::Workload;

    #[test]
    fn both_ways_know_their_names() {
        assert_eq!(CountWith::parse("perf"), Ok(CountWith::Perf));
        assert_eq!(CountWith::parse("ptrace"), Ok(CountWith::Ptrace));
        assert!(CountWith::parse("strace").unwrap_err().contains("perf or ptrace"));
    }

    #[test]
    fn orders_survive_the_process_boundary() {
        let workload = Workload::find("echo").unwrap();
        let params = Params::resolve(workload.settings, &[("conns", "3")]).unwrap();
        let order = Order::Serve {
            workload: "echo".to_owned(),
            column: "smol".to_owned(),
            params: params.clone(),
            mode: Mode::Time,
            trace: None,
        };
        let text = serde_json::to_string(&order).unwrap();
        let Order::Serve { params: back, .. } = serde_json::from_str(&text).unwrap() else {
            panic!("{text}")
        };
        assert_eq!(back, params);
    }
}
