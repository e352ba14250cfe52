//! A child process that speaks in lines: this program again, with the hidden command `child`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::de::DeserializeOwned;

use crate::child::Order;

/// A child, killed when dropped.
pub(super) struct Process {
    child: Child,
    lines: BufReader<ChildStdout>,
    role: String,
}

impl Process {
    /// Starts a child. Its standard error is ours.
    pub(super) fn start(order: &Order) -> Result<Self, String> {
        let role = match order {
            Order::Serve { workload, column, .. } => format!("the {workload} server of {column}"),
            Order::Run { workload, column, .. } => format!("{workload} on {column}"),
            Order::Load(order) => format!("the load generator for {}", order.addr),
        };
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let order = serde_json::to_string(order).map_err(|error| error.to_string())?;
        let mut child = Command::new(program)
            .args(["child", &order])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{role} could not be started: {error}"))?;
        let lines = BufReader::new(child.stdout.take().expect("it was piped"));
        Ok(Self { child, lines, role })
    }

    /// Its process id.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line, which has to come before `until`.
    pub(super) fn line<T: DeserializeOwned>(&mut self, until: Instant) -> Result<T, String> {
        if self.lines.buffer().is_empty() {
            self.wait_readable(until)?;
        }
        let mut line = String::new();
        let read = self.lines.read_line(&mut line);
        if read.map_err(|error| format!("{}: {error}", self.role))? == 0 {
            let status = self.child.wait().map_err(|error| error.to_string())?;
            return Err(format!("{} ended early: {status}", self.role));
        }
        serde_json::from_str(&line).map_err(|error| format!("{}: {line:?}: {error}", self.role))
    }

    /// Lets it go on.
    pub(super) fn send_byte(&mut self) -> Result<(), String> {
        let stdin = self.child.stdin.as_mut().expect("it was piped");
        stdin.write_all(b"\n").map_err(|error| format!("{}: {error}", self.role))
    }

    /// Ends it at once. It is reaped by `drop`, or by a tracer before that.
    pub(super) fn kill(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
    }

    fn wait_readable(&self, until: Instant) -> Result<(), String> {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).map_err(|error| error.to_string())?;
        let mut fds = [PollFd::new(self.lines.get_ref(), PollFlags::IN)];
        let ready = rustix::io::retry_on_intr(|| poll(&mut fds, Some(&timeout)));
        match ready {
            Ok(0) => Err(format!("{} says nothing", self.role)),
            Ok(_) => Ok(()),
            Err(error) => Err(format!("{}: {error}", self.role)),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        let _ = self.child.wait(); // a tracer may have reaped it
    }
}
