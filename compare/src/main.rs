//! Real work on every executor × reactor of this workspace, and on their peers, measured side by
//! side.
//!
//! Run alone, the program measures every workload on a few columns and writes a table and a page
//! with plots. `compare measure` measures one workload at any settings, `compare serve` is a file
//! server.
//!
//! A *column* is what is compared: an executor on a reactor, or a peer. A *workload* is what it is
//! given to do. Everything measured runs in a child process of its own ([`child`]), which is this
//! same program started again, so that no column inherits another one's heap, threads or warm
//! caches; the parent ([`measure`]) only starts children, interleaves them and does the arithmetic.
//!
//! Deliberately absent: a benchmark framework. They time closures inside one process, and here the
//! questions are about processes: CPU time of a server, system calls, allocations, threads, memory.

#[cfg(target_os = "linux")]
mod alloc;
#[cfg(target_os = "linux")]
mod bounds;
#[cfg(target_os = "linux")]
mod child;
#[cfg(target_os = "linux")]
mod cli;
#[cfg(target_os = "linux")]
mod columns;
#[cfg(target_os = "linux")]
mod load;
#[cfg(target_os = "linux")]
mod measure;
#[cfg(target_os = "linux")]
mod params;
#[cfg(target_os = "linux")]
mod proc;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod serve;
#[cfg(target_os = "linux")]
mod workloads;

/// Runs the command line. Failures are one sentence on standard error and exit code 1; a command
/// line that makes no sense is exit code 2.
#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    cli::main()
}

/// Says why there is nothing to run here.
#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("compare: counts with perf_event_open(2) and ptrace(2), so it runs on Linux only");
    std::process::ExitCode::FAILURE
}
