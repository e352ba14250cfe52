//! Counting with ptrace(2).
//!
//! All requests for a tracee have to come from the thread that seized it, so a thread of its own
//! does the tracing, and it waits only for tracees of its own (`__WNOTHREAD`). It ends when the
//! traced process ended, which whoever counts brings about.

use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

use crate::proc;

/// A tracer that runs.
pub(in crate::measure) struct Ptrace(JoinHandle<Result<u64, String>>);

impl Ptrace {
    /// Stops all threads of `pid` at each call from now on.
    pub(super) fn attach(pid: u32) -> Result<Self, String> {
        let (send, attached) = mpsc::channel();
        let tracer = thread::spawn(move || {
            send.send(seize_all(pid)).map_err(|_| "ptrace: nobody waits for it".to_owned())?;
            drop(send);
            count_until_it_ends().map_err(|error| format!("ptrace: {error}"))
        });
        match attached.recv() {
            Ok(Ok(())) => Ok(Self(tracer)),
            Ok(Err(error)) => Err(format!("ptrace: {error}")),
            Err(_) => Err("ptrace: the tracer panicked".to_owned()),
        }
    }

    /// Waits for the end of the process, which was killed; returns the calls it made.
    pub(super) fn finish(self) -> Result<u64, String> {
        self.0.join().map_err(|_| "ptrace: the tracer panicked".to_owned())?
    }
}

fn seize_all(pid: u32) -> Result<(), String> {
    let options = Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_TRACECLONE;
    for thread in proc::thread_ids(pid).map_err(|error| error.to_string())? {
        let thread = proc::nix_pid(thread);
        let seized = ptrace::seize(thread, options)
            .and_then(|()| ptrace::interrupt(thread))
            .and_then(|()| waitpid(thread, Some(WaitPidFlag::__WALL)))
            .and_then(|_| ptrace::syscall(thread, None));
        seized.map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn count_until_it_ends() -> nix::Result<u64> {
    let mut entered = 0;
    loop {
        let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        let (thread, signal) = match waitpid(None, Some(flags)) {
            Ok(WaitStatus::PtraceSyscall(thread)) => {
                // A stop is either at the entry or at the exit; the kernel knows which.
                match ptrace::syscall_info(thread) {
                    Ok(info) if info.op == libc::PTRACE_SYSCALL_INFO_ENTRY => entered += 1,
                    Ok(_) | Err(Errno::ESRCH) => {} // an exit, or the thread was killed meanwhile
                    Err(error) => return Err(error),
                }
                (thread, None)
            }
            // A new thread, or its parent.
            Ok(WaitStatus::PtraceEvent(thread, _, _)) => (thread, None),
            Ok(WaitStatus::Stopped(thread, signal)) => (thread, Some(signal)),
            Ok(_) => continue, // a thread ended
            Err(Errno::EINTR) => continue,
            Err(Errno::ECHILD) => return Ok(entered),
            Err(error) => return Err(error),
        };
        match ptrace::syscall(thread, signal) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => return Err(error),
        }
    }
}
