//! Making a ring that can do what this crate needs; or finding out why there is none.
//!
//! io_uring is missing more often than other system calls: kernels before 5.1, containers whose
//! seccomp filter refuses it, a sysctl, emulators. Some refuse it only at the second call, or know
//! a part of it. So a new ring has to poll something before it is believed.

use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use io_uring::{Builder, IoUring, Parameters};
use mini_reactor::Direction;
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

use crate::events;
use crate::kernel::{Op, Ring};

/// How many entries the queues have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) submissions: u32,
    pub(crate) completions: u32,
}

impl Sizes {
    pub(crate) const USUAL: Sizes = Sizes { submissions: 256, completions: 1024 };
}

/// A ring that all threads may enter.
///
/// What has happened is brought forth by the thread that had submitted the poll: at once if it
/// sleeps, here or elsewhere, and else when it next enters the kernel, which it does at the next
/// tick of the clock at the latest. Without `COOP_TASKRUN` it would be interrupted for that each
/// time; a busy server then takes up to twice the CPU.
pub(crate) fn shared(sizes: Sizes) -> io::Result<IoUring> {
    let mut builder = IoUring::builder();
    builder.setup_submit_all().setup_coop_taskrun().setup_taskrun_flag();
    build(builder, sizes, "5.19")
}

/// A ring that the current thread alone may enter. Its completions wait until it does, so they
/// never interrupt it.
pub(crate) fn alone(sizes: Sizes) -> io::Result<IoUring> {
    let mut builder = IoUring::builder();
    builder.setup_submit_all().setup_single_issuer().setup_defer_taskrun().setup_taskrun_flag();
    build(builder, sizes, "6.1")
}

/// What wakes a ring that others may not enter.
pub(crate) fn notifier() -> io::Result<OwnedFd> {
    Ok(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?)
}

fn build(mut builder: Builder, sizes: Sizes, since: &str) -> io::Result<IoUring> {
    builder.setup_cqsize(sizes.completions);
    let uring = builder.build(sizes.submissions).map_err(|error| refusal(error, since))?;
    if !is_complete(uring.params()) {
        return Err(unsupported(format!(
            "this kernel's io_uring is too old: it takes Linux {since}"
        )));
    }
    let ring = Ring::new(uring, ());
    polls(&ring).map_err(|error| refusal(error, since))?;
    Ok(ring.into_inner())
}

/// Timeouts in the call itself; completions that are never dropped; none for what went well.
fn is_complete(parameters: &Parameters) -> bool {
    parameters.is_feature_ext_arg()
        && parameters.is_feature_nodrop()
        && parameters.is_feature_poll_32bits()
        && parameters.is_feature_skip_cqe_on_success()
}

/// Has the ring poll something that is ready.
fn polls(ring: &Ring<()>) -> io::Result<()> {
    const ENOUGH: Duration = Duration::from_secs(10);
    let object = notifier()?;
    let events = events::wanted(Direction::Write, false);
    let op = Op::Poll { fd: object.as_raw_fd(), events, key: 0 };
    assert!(ring.lock().push(op), "a new queue has room");
    let mut answer = None;
    loop {
        match ring.enter(Some(ENOUGH)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => break result?,
        }
    }
    ring.lock().reap(|(), completion| answer = Some(completion.result));
    match answer {
        Some(Ok(answer)) if answer == events => Ok(()),
        Some(Err(errno)) => Err(errno.into()),
        other => {
            Err(unsupported(format!("what io_uring says of a poll makes no sense: {other:?}")))
        }
    }
}

/// The system's refusal, in words.
fn refusal(error: io::Error, since: &str) -> io::Error {
    const SWITCH: &str = "/proc/sys/kernel/io_uring_disabled";
    match Errno::from_io_error(&error) {
        Some(Errno::NOSYS) => unsupported(
            "there is no io_uring: the kernel has none, or a seccomp filter says so".to_owned(),
        ),
        Some(Errno::PERM | Errno::ACCESS) => {
            let switch = std::fs::read_to_string(SWITCH).unwrap_or_default();
            unsupported(match switch.trim() {
                "" | "0" => {
                    "io_uring is forbidden here, as by a container's seccomp filter".to_owned()
                }
                how => format!("io_uring is switched off: {SWITCH} is {how}"),
            })
        }
        Some(Errno::INVAL) => {
            unsupported(format!("this kernel's io_uring is too old: it takes Linux {since}"))
        }
        _ => error,
    }
}

fn unsupported(words: String) -> io::Error {
    io::Error::new(ErrorKind::Unsupported, words)
}
