//! Windows: sockets, and `WSAPoll`. There is no `fork`.

use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, OwnedSocket, RawSocket};
use std::sync::atomic::AtomicI64;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::io_object::{AsIo, BorrowedIo, Direction, Kind};
use crate::source::KeepOpen;

pub(crate) type OsIo<'a> = BorrowedSocket<'a>;
pub(crate) type OwnedOsIo = OwnedSocket;
pub(crate) type Raw = i64;
pub(crate) type AtomicRaw = AtomicI64;

impl<T: AsSocket> AsIo for T {
    fn as_io(&self) -> BorrowedIo<'_> {
        BorrowedIo(Kind::Os(self.as_socket()))
    }
}

impl<'a> BorrowedIo<'a> {
    /// The socket; `None` for a virtual object.
    pub fn as_socket(&self) -> Option<BorrowedSocket<'a>> {
        match self.0 {
            Kind::Os(socket) => Some(socket),
            Kind::Virtual(_) => None,
        }
    }
}

/// # Panics
///
/// `as_socket` panics if the object is virtual.
impl AsSocket for KeepOpen {
    #[expect(unsafe_code, reason = "the token is the proof that the socket is open")]
    fn as_socket(&self) -> BorrowedSocket<'_> {
        let raw = self.0.raw().and_then(|raw| RawSocket::try_from(raw).ok());
        let raw = raw.expect("a virtual object has no socket, one not yet registered neither");
        // SAFETY:
        // - `raw` was the socket of an object that a `Registration` owns (or of its duplicate);
        //   before it gives out `&mut` to that object, the registration ends this source;
        // - while a token is out, the registration gives out no `&mut`, and leaks the object
        //   instead of dropping it; a duplicate lives in the source, which the token holds;
        // - tokens are given only before the registration ends.
        unsafe { BorrowedSocket::borrow_raw(raw) }
    }
}

impl AsRawSocket for KeepOpen {
    fn as_raw_socket(&self) -> RawSocket {
        self.as_socket().as_raw_socket()
    }
}

/// The object's socket as a number; -1 for a virtual one.
pub(crate) fn raw(io: BorrowedIo<'_>) -> Raw {
    io.as_socket().and_then(|socket| i64::try_from(socket.as_raw_socket()).ok()).unwrap_or(-1)
}

/// The system looks at each socket itself.
pub(crate) fn check(_: BorrowedIo<'_>) -> std::io::Result<()> {
    Ok(())
}

/// Asks the socket whether it is ready: `WSAPoll` with no timeout. `None`: it cannot be asked.
pub(crate) fn is_ready_now(io: BorrowedIo<'_>, direction: Direction) -> Option<bool> {
    let socket = io.as_socket()?;
    let wanted = match direction {
        Direction::Read => PollFlags::IN,
        Direction::Write => PollFlags::OUT,
    };
    let mut set = [PollFd::from_borrowed_fd(socket, wanted)];
    let count = poll(&mut set, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).ok()?;
    Some(count > 0)
}

pub(crate) fn watch_forks() {}
