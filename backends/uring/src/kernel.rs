//! The ring as the kernel has it: two queues under one lock, and the call that hands them over.
//!
//! The queues are memory shared with the kernel, and have one user on this side at a time: whoever
//! holds the lock. The call, [`Ring::enter`], needs no lock. It tells the kernel only how many
//! entries there may be, and the kernel lets one thread at a time take them, so several may be in
//! it: one that waits, others that submit.
//!
//! This is the only file of the crate with `unsafe`. Operations are an [`Op`] and not whatever the
//! kernel knows, since none of these has the kernel read or write memory of ours.

use std::fmt;
use std::io::{self, ErrorKind};
use std::ops::{Deref, DerefMut};
use std::os::fd::RawFd;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use io_uring::squeue::{Entry, Flags};
use io_uring::types::{Fd, SubmitArgs, Timespec};
use io_uring::{CompletionQueue, EnterFlags, IoUring, SubmissionQueue, opcode};
use mini_reactor::BorrowedIo;
use rustix::io::Errno;

/// Comes back with a completion, and says whose it is.
pub(crate) type Key = u64;

/// Of what nobody waits for.
pub(crate) const NOTHING: Key = Key::MAX;

/// Something to be submitted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    /// Reports once when one of `events` holds, at once if one does.
    Poll { fd: RawFd, events: u32, key: Key },
    /// Reports each time that `events` begin to hold, until it says that it will not again.
    Watch { fd: RawFd, events: u32, key: Key },
    /// Ends the poll of this key. Says nothing itself if there was one.
    Cancel(Key),
    /// Completes at once.
    Nothing,
}

impl Op {
    fn entry(self) -> Entry {
        match self {
            Op::Poll { fd, events, key } => {
                opcode::PollAdd::new(Fd(fd), events).build().user_data(key)
            }
            Op::Watch { fd, events, key } => {
                opcode::PollAdd::new(Fd(fd), events).multi(true).build().user_data(key)
            }
            Op::Cancel(key) => {
                opcode::AsyncCancel::new(key).build().user_data(NOTHING).flags(Flags::SKIP_SUCCESS)
            }
            Op::Nothing => opcode::Nop::new().build().user_data(NOTHING),
        }
    }
}

/// What has happened to an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Completion {
    pub(crate) key: Key,
    /// What was asked for, or why not.
    pub(crate) result: Result<u32, Errno>,
    /// Whether the operation goes on.
    pub(crate) more: bool,
}

/// A ring, and what is kept beside it under the same lock.
pub(crate) struct Ring<S> {
    uring: IoUring,
    enter_flags: EnterFlags,
    state: Mutex<S>,
}

impl<S> Ring<S> {
    pub(crate) fn new(uring: IoUring, state: S) -> Ring<S> {
        // Else a thread that sleeps here counts as one that waits for a disk, which is shown as
        // load.
        let no_iowait = uring.params().is_feature_no_iowait();
        let enter_flags = if no_iowait { EnterFlags::NO_IOWAIT } else { EnterFlags::empty() };
        Ring { uring, enter_flags, state: Mutex::new(state) }
    }

    pub(crate) fn lock(&self) -> Locked<'_, S> {
        let state = self.state.lock().expect("no code that can panic runs under this lock");
        Locked { state, uring: &self.uring }
    }

    pub(crate) fn into_inner(self) -> IoUring {
        self.uring
    }

    /// Submits what is in the queue, without waiting.
    ///
    /// # Errors
    ///
    /// As [`enter`](Ring::enter).
    pub(crate) fn submit(&self) -> io::Result<()> {
        outcome(self.uring.submit())
    }

    /// Submits what is in the queue, and waits at most `timeout` for a completion. The same call
    /// brings forth completions whose work the kernel puts off until then.
    ///
    /// # Errors
    ///
    /// `Interrupted` for what passes by itself: a signal, or a kernel that is short of memory.
    pub(crate) fn enter(&self, timeout: Option<Duration>) -> io::Result<()> {
        let timespec = timeout.map(timespec);
        let args = match &timespec {
            Some(timespec) => SubmitArgs::new().timespec(timespec),
            None => SubmitArgs::new(),
        };
        let submitter = self.uring.submitter();
        outcome(submitter.submit_with_args_and_flags(1, &args, self.enter_flags))
    }

    /// The ring's descriptor: readable when there are completions.
    pub(crate) fn as_io(&self) -> BorrowedIo<'_> {
        BorrowedIo::from(&self.uring)
    }
}

impl<S: fmt::Debug> fmt::Debug for Ring<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring").field("state", &self.state).finish_non_exhaustive()
    }
}

fn outcome(result: io::Result<usize>) -> io::Result<()> {
    let Err(error) = result else { return Ok(()) };
    match Errno::from_io_error(&error) {
        Some(Errno::TIME) => Ok(()),
        Some(Errno::INTR | Errno::AGAIN | Errno::BUSY) => Err(ErrorKind::Interrupted.into()),
        _ => Err(error),
    }
}

/// A timeout beyond what the kernel can add to its clock is as good as the longest that it can.
fn timespec(timeout: Duration) -> Timespec {
    Timespec::from(timeout.min(Duration::from_secs(u32::MAX.into())))
}

/// The queues, and the state. While this lives, nobody else has them.
pub(crate) struct Locked<'a, S> {
    state: MutexGuard<'a, S>,
    uring: &'a IoUring,
}

impl<S> Deref for Locked<'_, S> {
    type Target = S;
    fn deref(&self) -> &S {
        &self.state
    }
}

impl<S> DerefMut for Locked<'_, S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.state
    }
}

impl<S> Locked<'_, S> {
    /// Puts `op` into the queue. False: it is full.
    pub(crate) fn push(&mut self, op: Op) -> bool {
        let entry = op.entry();
        #[expect(unsafe_code, reason = "entries may hold pointers; these do not")]
        // SAFETY: what an entry points to must be valid while the operation goes on. None of the
        // kinds of `Op` points anywhere: a poll has a descriptor's number, a cancellation a key.
        let pushed = unsafe { self.submission().push(&entry) };
        pushed.is_ok()
    }

    /// How many entries the kernel has not taken yet.
    pub(crate) fn unsubmitted(&mut self) -> usize {
        self.submission().len()
    }

    /// Whether a call would bring forth completions that are not in the queue: it was too small for
    /// them, or the kernel puts their work off until the next call.
    pub(crate) fn more_in_kernel(&mut self) -> bool {
        let queue = self.submission();
        queue.taskrun() || queue.cq_overflow()
    }

    /// Whether there is no completion.
    pub(crate) fn is_idle(&mut self) -> bool {
        self.queues().1.is_empty()
    }

    /// Takes all completions out.
    pub(crate) fn reap(&mut self, mut each: impl FnMut(&mut S, Completion)) {
        let (state, completions) = self.queues();
        for entry in completions {
            let result = entry.result();
            let completion = Completion {
                key: entry.user_data(),
                result: u32::try_from(result).map_err(|_| Errno::from_raw_os_error(-result)),
                more: io_uring::cqueue::more(entry.flags()),
            };
            each(state, completion);
        }
    }

    #[expect(unsafe_code, reason = "the queue by shared reference")]
    fn submission(&mut self) -> SubmissionQueue<'_> {
        // SAFETY: no other `SubmissionQueue` of this ring exists: they are made only here, borrow
        // `self` mutably, and the lock makes this the only `Locked` of the ring.
        unsafe { self.uring.submission_shared() }
    }

    #[expect(unsafe_code, reason = "the queue by shared reference")]
    fn queues(&mut self) -> (&mut S, CompletionQueue<'_>) {
        // SAFETY: no other `CompletionQueue` of this ring exists: as in `submission`.
        let completions = unsafe { self.uring.completion_shared() };
        (&mut self.state, completions)
    }
}
