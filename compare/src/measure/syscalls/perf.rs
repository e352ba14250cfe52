//! Counting with perf_event_open(2).

use std::fs;

use perf_event::events::Tracepoint;
use perf_event::{Builder, Counter};

use crate::proc;

/// Where tracefs is, the usual place first.
const TRACEFS: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/// One counter per thread that was there at the start; each also counts the threads that it starts.
pub(in crate::measure) struct Perf(Vec<Counter>);

impl Perf {
    /// Counts the calls of all threads of `pid` from now on.
    pub(super) fn attach(pid: u32) -> Result<Self, String> {
        let id = tracepoint_id()?;
        let threads = proc::thread_ids(pid).map_err(|error| format!("perf: {error}"))?;
        let counters = threads.into_iter().map(|thread| {
            let mut counter = Builder::new(Tracepoint::with_id(id))
                .observe_pid(proc::nix_pid(thread).as_raw())
                .any_cpu()
                .inherit(true)
                .include_kernel()
                .build()?;
            counter.enable()?;
            Ok(counter)
        });
        let counters: std::io::Result<Vec<_>> = counters.collect();
        counters.map(Self).map_err(|error| format!("perf_event_open: {error}"))
    }

    /// Calls so far.
    pub(super) fn read(&mut self) -> Result<u64, String> {
        self.0.iter_mut().try_fold(0, |sum, counter| {
            let count = counter.read().map_err(|error| format!("perf: {error}"))?;
            Ok(sum + count)
        })
    }
}

fn tracepoint_id() -> Result<u64, String> {
    let mut reasons = Vec::new();
    for tracefs in TRACEFS {
        let path = format!("{tracefs}/events/raw_syscalls/sys_enter/id");
        match fs::read_to_string(&path) {
            Ok(text) => return text.trim().parse().map_err(|_| format!("perf: {path}: {text:?}")),
            Err(error) => reasons.push(format!("{path}: {error}")),
        }
    }
    Err(format!("perf: {}", reasons.join(", ")))
}
