//! The seam to the operating system: everything that differs between systems, and nothing else.
//!
//! The rest of the crate needs:
//!
//! - `Poller`: `new`, `register`, `rearm`, `deregister`, `turn`, `notify`, `pollable`, as in
//!   `GlobalReactor`, for objects of the system;
//! - `OsIo<'a>`, a borrowed descriptor or socket; `raw`, its number; `is_ready_now`, which asks the
//!   object itself;
//! - `watch_forks`, which makes `fork::GENERATION` go up in each child;
//! - `declarations`, the reactors declared at link time.
//!
//! `--cfg mini_reactor_poller="edge"` or `"oneshot"` chooses the `polling` path on Linux too, so
//! that the suites can run on it.

#[cfg(all(
    target_os = "linux",
    not(any(mini_reactor_poller = "edge", mini_reactor_poller = "oneshot"))
))]
mod epoll_old;
mod links;
#[cfg(mini_reactor_poller = "edge")]
#[path = "polling_edge.rs"]
mod mode;
#[cfg(all(
    not(mini_reactor_poller = "edge"),
    any(not(target_os = "linux"), mini_reactor_poller = "oneshot")
))]
#[path = "polling_oneshot.rs"]
mod mode;
#[cfg(unix)]
#[path = "unix.rs"]
mod object;
#[cfg(windows)]
#[path = "windows.rs"]
mod object;
#[cfg(all(
    target_os = "linux",
    not(any(mini_reactor_poller = "edge", mini_reactor_poller = "oneshot"))
))]
#[path = "epoll.rs"]
mod poller;
#[cfg(any(
    not(target_os = "linux"),
    mini_reactor_poller = "edge",
    mini_reactor_poller = "oneshot"
))]
#[path = "polling.rs"]
mod poller;
mod table;

pub(crate) use links::declarations;
pub use links::{DECLARED, linkme};
pub(crate) use object::{OsIo, is_ready_now, raw, watch_forks};
pub(crate) use poller::Poller;
