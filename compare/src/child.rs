//! The other side of the process boundary: what a child is told, and what it reports.
//!
//! The parent starts this program again with the hidden command `child` and an [`Order`] as JSON;
//! the child writes lines of JSON to its standard output. A child that is measured from outside
//! (system calls) stops at the edges of the measured phase: it writes a line, and goes on when it
//! is sent one byte. Both happen in plain `read` and `write` calls, so that what the edges
//! themselves cost is known exactly: [`EDGE_SYSCALLS`].

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::alloc::{self, Allocations};
use crate::columns::{Column, traced};
use crate::load::{self, LoadOrder};
use crate::params::Params;
use crate::proc::{self, CpuClock};
use crate::workloads::{self, Workload};

/// System calls that a self-measuring child adds inside a counted phase: the `write` that reports,
/// and the `read` after it.
pub(crate) const EDGE_SYSCALLS: u64 = 2;

/// What a pass is for. Only timing passes are used for times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// CPU time, wall time, latency, memory.
    Time,
    /// The phase has edges that the parent counts system calls between.
    Syscalls,
    /// The allocator counts.
    Allocations,
}

/// What a child is to do.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub(crate) enum Order {
    /// Serve connections until killed. Writes [`Serving`]. With `trace`, a byte asks for that file.
    Serve { workload: String, column: String, params: Params, mode: Mode, trace: Option<PathBuf> },
    /// Run a workload that measures itself, then write the `trace`. Writes a [`Sample`].
    Run { workload: String, column: String, params: Params, mode: Mode, trace: Option<PathBuf> },
    /// Connect to a server and measure it. Writes a [`Sample`].
    Load(LoadOrder),
}

/// A server's first line.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Serving {
    /// Where it listens.
    pub(crate) addr: SocketAddr,
}

/// What one child measured in one phase: totals, not yet divided by the operations.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// Operations done in the phase.
    pub(crate) ops: u64,
    /// Wall time of the phase.
    pub(crate) wall_ns: u64,
    /// CPU time that the measured process used in the phase.
    pub(crate) cpu_ns: u64,
    /// Median latency or lateness, where single operations are timed.
    pub(crate) p50_ns: Option<u64>,
    /// 99th percentile of the same.
    pub(crate) p99_ns: Option<u64>,
    /// Resident memory of the measured process at the end of the phase.
    pub(crate) rss_bytes: u64,
    /// Threads of the measured process at the end of the phase, its first one not counted.
    pub(crate) threads: u64,
    /// What was allocated in the phase, if that was counted.
    pub(crate) allocations: Option<Allocations>,
}

/// Entry point of the hidden command.
///
/// # Errors
///
/// Whatever went wrong; the parent passes it on with the child's standard error.
pub(crate) fn main(order: &str) -> Result<(), String> {
    let order: Order = serde_json::from_str(order).map_err(|error| error.to_string())?;
    proc::die_with_parent().map_err(|error| error.to_string())?;
    proc::raise_descriptor_limit();
    match order {
        Order::Serve { workload, column, params, mode, trace } => {
            if let Some(file) = trace {
                traced::want();
                std::thread::spawn(move || answer_with_trace(&file));
            }
            if mode == Mode::Allocations {
                alloc::count();
                std::thread::spawn(answer_about_allocations);
            }
            let workload = Workload::find(&workload)?;
            serve(Column::parse(&column)?, workload, &params).map_err(|error| error.to_string())
        }
        Order::Run { workload, column, params, mode, trace } => {
            if trace.is_some() {
                traced::want();
            }
            if mode == Mode::Allocations {
                alloc::count();
            }
            let workload = Workload::find(&workload)?;
            let sample = Column::parse(&column)?.run(workload, &params, mode);
            let sample = sample.map_err(|error| error.to_string())?;
            if let Some(file) = trace {
                traced::write(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            }
            write_line(&sample).map_err(|error| error.to_string())
        }
        Order::Load(order) => {
            let loaded = load::run(&order).map_err(|error| format!("load: {error}"))?;
            write_line(&loaded.sample)
                .and_then(|()| if order.mode == Mode::Time { Ok(()) } else { wait_for_byte() })
                .map_err(|error| error.to_string()) // and only now the connections are closed
        }
    }
}

fn serve(column: Column, workload: &'static Workload, params: &Params) -> io::Result<()> {
    let listener = load::listen()?;
    write_line(&Serving { addr: listener.local_addr()? })?;
    column.serve(workload, params, listener)
}

/// The control thread of a server whose allocations are counted: a byte asks, a line answers. Only
/// passes that count allocations have it.
fn answer_about_allocations() -> io::Result<()> {
    loop {
        wait_for_byte()?;
        write_line(&alloc::counted())?;
    }
}

/// The control thread of a server that is traced: a byte asks, the file is written, a line answers:
/// why it was not, or nothing.
fn answer_with_trace(file: &Path) -> io::Result<()> {
    wait_for_byte()?;
    let written = traced::write(file).map_err(|error| format!("{}: {error}", file.display()));
    write_line(&written.err())
}

/// Writes one line of JSON to standard output, in one `write`.
pub(crate) fn write_line<T: Serialize>(value: &T) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}

/// Waits for one byte on standard input; the end of it ends the process, since the parent is gone.
pub(crate) fn wait_for_byte() -> io::Result<()> {
    if rustix::io::retry_on_intr(|| rustix::io::read(rustix::stdio::stdin(), &mut [0u8; 1]))? == 0 {
        std::process::exit(0);
    }
    Ok(())
}

/// Writes an empty line and waits for the byte that answers it: an edge of a phase.
pub(crate) fn edge() -> io::Result<()> {
    write_line(&())?;
    wait_for_byte()
}

/// The measured part of a workload that measures its own process.
#[derive(Debug)]
pub(crate) struct Phase {
    mode: Mode,
    began: Instant,
    cpu: Duration,
    allocations: Allocations,
}

impl Phase {
    /// Begins the phase: what came before was warm-up.
    pub(crate) fn begin(mode: Mode) -> io::Result<Self> {
        if mode == Mode::Syscalls {
            edge()?;
        }
        let allocations = alloc::counted();
        let cpu = cpu_now(mode)?;
        Ok(Self { mode, began: Instant::now(), cpu, allocations })
    }

    /// Wall time since the phase began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Ends the phase, in which `ops` operations were done.
    pub(crate) fn end(self, ops: u64, latency: Option<&Histogram<u64>>) -> io::Result<Sample> {
        let cpu = cpu_now(self.mode)?.saturating_sub(self.cpu);
        let wall = self.began.elapsed();
        let allocations = alloc::counted().since(self.allocations);
        let mut sample = Sample {
            ops,
            wall_ns: workloads::nanos(wall),
            cpu_ns: workloads::nanos(cpu),
            p50_ns: latency.map(|histogram| histogram.value_at_quantile(0.5)),
            p99_ns: latency.map(|histogram| histogram.value_at_quantile(0.99)),
            allocations: (self.mode == Mode::Allocations).then_some(allocations),
            ..Sample::default()
        };
        if self.mode == Mode::Syscalls {
            // Here and not in `finish`: what the runtime does to end is not part of the phase.
            // Nobody sends the byte; whoever counts ends the process.
            write_line(&sample)?;
            wait_for_byte()?;
        } else {
            sample.rss_bytes = proc::rss_bytes(std::process::id())?;
            sample.threads = proc::thread_ids(std::process::id())?.len() as u64 - 1;
        }
        Ok(sample)
    }
}

/// Reading the CPU clock is a system call, so a pass that counts those does without.
fn cpu_now(mode: Mode) -> io::Result<Duration> {
    if mode == Mode::Syscalls { Ok(Duration::ZERO) } else { CpuClock::own().now() }
}
