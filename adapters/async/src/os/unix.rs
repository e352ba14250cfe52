//! Unix: the reactor as a descriptor.

use std::os::fd::BorrowedFd;

/// A descriptor that is readable when the program's global reactor has something to report, for
/// somebody else's event loop. `None`: the reactor's backend does not offer one.
///
/// That loop drives the reactor then: it calls [`Reactor::poll_once`] when the descriptor is
/// readable or [`Reactor::next_deadline`] has come, and holds the guard of
/// [`Reactor::drive_externally`] meanwhile. Nothing else drives it, unless the program lends
/// another thread.
///
/// [`Reactor::poll_once`]: mini_reactor::Reactor::poll_once
/// [`Reactor::next_deadline`]: mini_reactor::Reactor::next_deadline
/// [`Reactor::drive_externally`]: mini_reactor::Reactor::drive_externally
///
/// # Examples
///
/// One turn of a loop that waits with `poll`:
///
/// ```
/// use mini_async::os::unix::reactor_fd;
/// use rustix::event::{PollFd, PollFlags, Timespec, poll};
/// use std::io;
/// use std::time::Instant;
///
/// fn turn() -> io::Result<()> {
///     let reactor = mini_reactor::global();
///     let _guard = reactor.drive_externally();
///     let fd = reactor_fd().ok_or(io::ErrorKind::Unsupported)?;
///     let timeout = reactor.next_deadline().map(|deadline| {
///         let left = deadline.saturating_duration_since(Instant::now());
///         Timespec::try_from(left).expect("some seconds")
///     });
///     poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::IN)], timeout.as_ref())?;
///     while reactor.poll_once()? {}
///     Ok(())
/// }
/// # let _ = turn;
/// ```
#[doc(alias = "epoll")]
pub fn reactor_fd() -> Option<BorrowedFd<'static>> {
    mini_reactor::global().backend().pollable()?.as_fd()
}
