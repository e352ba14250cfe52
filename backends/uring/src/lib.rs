//! A backend for [`mini_reactor`] on io_uring, by readiness.
//!
//! How the trait maps to a ring:
//!
//! | [`GlobalReactor`] | io_uring |
//! |---|---|
//! | `register` | nothing yet: a line in a table. One `fstat` finds what never blocks |
//! | `rearm` | a one-shot `POLL_ADD` for each direction that has waiters; it goes with the next call |
//! | `deregister` | nothing if nobody waited; else an `ASYNC_CANCEL`, submitted at once |
//! | `turn` | one `io_uring_enter`, which submits, waits and has the timeout in it; none if there is nothing to submit and something has happened already |
//! | `notify` | no call unless a thread sleeps; then a `NOP` to a shared ring, an eventfd that is never read to another thread's |
//! | `pollable` | the ring's descriptor |
//! | timers | nothing: the core has them, a turn has a timeout |
//!
//! There are two forms. [`Uring`] is one ring for all threads, to be a program's global reactor.
//! [`ThreadUring`] is a ring of one thread's, which the kernel does less work for and does not
//! interrupt; [`this_thread`] has one for each thread that asks. Where there is no io_uring,
//! [`Uring::or_system`] says so and goes on with the default.
//!
//! Deliberately absent: completions (reads and writes by the ring itself), and a kernel thread that
//! polls the queue.
//!
//! This crate is empty on other systems than Linux, and for processors whose layouts the `io-uring`
//! crate does not have.
#![cfg(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64",
        target_arch = "loongarch64",
        target_arch = "powerpc64"
    )
))]

#[cfg(doc)]
use mini_reactor::GlobalReactor;

mod engine;
mod events;
mod kernel;
mod kinds;
mod or_system;
mod probe;
mod sending;
mod shared;
mod sources;
mod thread;

pub use or_system::OrSystem;
pub use shared::Uring;
pub use thread::{ThreadUring, this_thread};
