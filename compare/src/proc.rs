//! What the kernel knows about a process: CPU time, memory, threads. Our own or a child's.
//!
//! A server is measured from outside: its CPU clock can be read by any process that may signal it,
//! so nothing in the server has to know that it is measured.

use std::fs;
use std::io;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};
use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// CPU time, user and system, of a process with all its threads, those that ended included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CpuClock(ClockId);

impl CpuClock {
    /// The clock of process `pid`.
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        Ok(Self(clock_getcpuclockid(nix_pid(pid))?))
    }

    /// The clock of this process.
    pub(crate) fn own() -> Self {
        Self(ClockId::CLOCK_PROCESS_CPUTIME_ID)
    }

    /// CPU time so far.
    pub(crate) fn now(self) -> io::Result<Duration> {
        let time = clock_gettime(self.0)?;
        Ok(Duration::from(time))
    }
}

/// CPU time that this process and its children that ended used so far.
pub(crate) fn used_with_children() -> io::Result<Duration> {
    let mut used = Duration::ZERO;
    for who in [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN] {
        let usage = getrusage(who)?;
        used += duration(usage.user_time()) + duration(usage.system_time());
    }
    Ok(used)
}

fn duration(time: TimeVal) -> Duration {
    let micros = u64::try_from(time.num_microseconds()).unwrap_or(0); // never negative
    Duration::from_micros(micros)
}

/// A process or thread id as nix writes it.
pub(crate) fn nix_pid(id: u32) -> Pid {
    Pid::from_raw(id.try_into().expect("the kernel's ids fit in 31 bits"))
}

/// Resident bytes of process `pid`.
pub(crate) fn rss_bytes(pid: u32) -> io::Result<u64> {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm"))?;
    let pages = statm.split(' ').nth(1).and_then(|field| field.parse::<u64>().ok());
    let pages = pages.ok_or_else(|| io::Error::other(format!("/proc/{pid}/statm: {statm:?}")))?;
    Ok(pages * rustix::param::page_size() as u64)
}

/// The thread ids of process `pid` that are alive now.
pub(crate) fn thread_ids(pid: u32) -> io::Result<Vec<u32>> {
    let mut ids = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
        if let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// Lets this process open as many descriptors as it is allowed to: workloads have thousands of
/// connections.
pub(crate) fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    // A failure leaves the old limit, and `accept` or `socket` then says so by name.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

/// Makes the kernel end this process when the one that started it ends, however that happens.
pub(crate) fn die_with_parent() -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    Ok(())
}
