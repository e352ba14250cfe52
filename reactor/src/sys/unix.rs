//! Unix: descriptors, `poll`, and `pthread_atfork`.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Once;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::io_object::{AsIo, BorrowedIo, Direction, Kind};
use crate::report::report;
use crate::source::KeepOpen;

pub(crate) type OsIo<'a> = BorrowedFd<'a>;
pub(crate) type OwnedOsIo = OwnedFd;
pub(crate) type Raw = RawFd;
pub(crate) type AtomicRaw = AtomicI32;

impl<T: AsFd> AsIo for T {
    fn as_io(&self) -> BorrowedIo<'_> {
        BorrowedIo(Kind::Os(self.as_fd()))
    }
}

impl<'a> BorrowedIo<'a> {
    /// The descriptor; `None` for a virtual object.
    pub fn as_fd(&self) -> Option<BorrowedFd<'a>> {
        match self.0 {
            Kind::Os(fd) => Some(fd),
            Kind::Virtual(_) => None,
        }
    }
}

/// For a backend's own [`pollable`](crate::GlobalReactor::pollable).
impl<'a, T: AsFd> From<&'a T> for BorrowedIo<'a> {
    fn from(object: &'a T) -> BorrowedIo<'a> {
        BorrowedIo(Kind::Os(object.as_fd()))
    }
}

/// # Panics
///
/// `as_fd` panics if the object is virtual.
impl AsFd for KeepOpen {
    #[expect(unsafe_code, reason = "the token is the proof that the descriptor is open")]
    fn as_fd(&self) -> BorrowedFd<'_> {
        let raw = self.0.raw().filter(|raw| *raw >= 0);
        let raw = raw.expect("a virtual object has no descriptor, one not yet registered neither");
        // SAFETY:
        // - `raw` was the descriptor of an object that a `Registration` owns (or of its duplicate),
        //   borrowed by `as_fd`; before it gives out `&mut` to that object, the registration ends
        //   this source, so the descriptor is open while the object lives;
        // - while a token is out, the registration gives out no `&mut`, and leaks the object
        //   instead of dropping it; a duplicate lives in the source, which the token holds;
        // - tokens are given only before the registration ends.
        unsafe { BorrowedFd::borrow_raw(raw) }
    }
}

impl AsRawFd for KeepOpen {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

/// The object's descriptor as a number; -1 for a virtual one.
pub(crate) fn raw(io: BorrowedIo<'_>) -> Raw {
    io.as_fd().map_or(-1, |fd| fd.as_raw_fd())
}

/// Refuses a descriptor that no system call takes. `BorrowedFd` can hold one, though none is open.
pub(crate) fn check(io: BorrowedIo<'_>) -> io::Result<()> {
    match io.as_fd().map(|fd| fd.as_raw_fd()) {
        Some(..0) => Err(rustix::io::Errno::BADF.into()),
        _ => Ok(()),
    }
}

/// Asks the object whether it is ready: `poll` with no timeout. `None`: it cannot be asked.
pub(crate) fn is_ready_now(io: BorrowedIo<'_>, direction: Direction) -> Option<bool> {
    let fd = io.as_fd()?;
    let wanted = match direction {
        Direction::Read => PollFlags::IN | PollFlags::PRI,
        Direction::Write => PollFlags::OUT,
    };
    let mut set = [PollFd::from_borrowed_fd(fd, wanted)];
    let count = poll(&mut set, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).ok()?;
    Some(count > 0)
}

/// Has the generation go up in every child from now on.
pub(crate) fn watch_forks() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if let Err(error) = register_child_handler() {
            // Out of memory: the child would not notice, so say so now.
            report(format_args!("forks of this process will go unnoticed: {error}"));
        }
    });
}

extern "C" fn in_the_child() {
    crate::fork::GENERATION.fetch_add(1, Relaxed); // async-signal-safe: one atomic addition
}

#[expect(unsafe_code, reason = "the C library's pthread_atfork")]
fn register_child_handler() -> io::Result<()> {
    use std::ffi::c_int;
    type Handler = Option<extern "C" fn()>;
    // # Safety of the declaration: it is that of POSIX.
    unsafe extern "C" {
        fn pthread_atfork(prepare: Handler, parent: Handler, child: Handler) -> c_int;
    }
    // SAFETY: the handler does only what a child may do: one atomic addition.
    match unsafe { pthread_atfork(None, None, Some(in_the_child)) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}
