//! The seam to the operating system: everything that differs between systems, and nothing else.
//!
//! The rest of the crate needs:
//!
//! - `Poller`: `new`, `register`, `rearm`, `deregister`, `turn`, `notify`, `pollable`, as in
//!   `GlobalReactor`, for objects of the system;
//! - `OsIo<'a>`, a borrowed descriptor or socket, and `OwnedOsIo`; `raw`, its number (`Raw`);
//!   `check`, whether there can be such a one; `is_ready_now`, which asks the object itself;
//! - `watch_forks`, which makes `fork::GENERATION` go up in each child;
//! - `links`: `declarations`, the reactors declared at link time, and the macro that declares one.
//!
//! Three kinds of system: Linux, by epoll; what else the `polling` crate knows (Unix and Windows);
//! and what has no I/O to wait for (WebAssembly), where a program brings a backend of its own.
//!
//! `--cfg mini_reactor_poller="edge"` or `"oneshot"` chooses the `polling` path on Linux too, so
//! that the suites can run on it.

#[cfg(all(
    target_os = "linux",
    not(any(mini_reactor_poller = "edge", mini_reactor_poller = "oneshot"))
))]
mod epoll_old;
#[cfg(any(
    target_os = "android",
    target_os = "freebsd",
    target_os = "fuchsia",
    target_os = "illumos",
    target_os = "ios",
    target_os = "linux",
    target_os = "macos",
    target_os = "openbsd",
    target_os = "tvos",
    all(windows, target_env = "msvc"),
))]
pub(crate) mod links;
#[cfg(not(any(
    target_os = "android",
    target_os = "freebsd",
    target_os = "fuchsia",
    target_os = "illumos",
    target_os = "ios",
    target_os = "linux",
    target_os = "macos",
    target_os = "openbsd",
    target_os = "tvos",
    all(windows, target_env = "msvc"),
)))]
#[path = "no_links.rs"]
pub(crate) mod links;
#[cfg(mini_reactor_poller = "edge")]
#[path = "polling_edge.rs"]
mod mode;
#[cfg(all(
    not(mini_reactor_poller = "edge"),
    any(not(target_os = "linux"), mini_reactor_poller = "oneshot"),
    any(unix, windows),
))]
#[path = "polling_oneshot.rs"]
mod mode;
#[cfg(not(any(unix, windows)))]
#[path = "no_object.rs"]
mod object;
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
#[cfg(not(any(unix, windows)))]
#[path = "no_poller.rs"]
mod poller;
#[cfg(any(
    all(any(unix, windows), not(target_os = "linux")),
    mini_reactor_poller = "edge",
    mini_reactor_poller = "oneshot"
))]
#[path = "polling.rs"]
mod poller;
#[cfg(any(unix, windows))]
mod table;

pub(crate) use object::{AtomicRaw, OsIo, OwnedOsIo, Raw, check, is_ready_now, raw, watch_forks};
pub(crate) use poller::Poller;
