//! What `std::alloc` is to memory, this crate is to waiting.
//!
//! A program waits for sockets and timers through one *reactor*. This crate has the trait that a
//! reactor's backend implements ([`GlobalReactor`]), a default ([`System`]), and a way to replace
//! it for the whole program ([`global_reactor!`]). It is no runtime: it has no executor, no sockets
//! and no threads of its own. Runtimes are built on it, and because they share it, they work
//! together.
//!
//! | `std::alloc` | here |
//! |---|---|
//! | `GlobalAlloc` | [`GlobalReactor`] |
//! | `System` | [`System`] |
//! | `Global` | [`global()`] |
//! | `#[global_allocator]` | [`global_reactor!`] |
//! | `Vec::new_in` | [`Registration::new_in`], [`Deadline::new_in`] |
//!
//! # Who drives
//!
//! Nothing here starts a thread. Events are delivered while some thread is in [`block_on`] (or
//! [`Reactor::drive`], or an executor's `block_on`, which use a [`Parker`]). One of them drives,
//! the others sleep on a futex; the driver hands over before it runs its own task (or, in a
//! [`Team`], within a bound). A foreign
//! `block_on` (of `futures`, of `pollster`) does not drive: lend a thread with [`Reactor::drive`]
//! then.
//!
//! # What to know
//!
//! - Wakers run on the driving thread, outside of all locks, each on its own: one that panics does
//!   not keep the others from running. A waker must not block on the reactor.
//! - After `fork`, a reactor that was used before refuses to work in the child, with `Unsupported`;
//!   its timers never come there, and dropping what was made on it neither wakes anybody nor
//!   reaches the parent's set.
//! - Destructors of thread-locals may do everything, `enter` and `block_on` included. At exit
//!   nothing is joined and nothing runs; what waits is abandoned.
//! - In debug builds, what waits for a second on a reactor that nobody drives is reported on
//!   standard error, when the next wait or timer begins.
//! - A second copy of this crate in one program is refused by cargo (`links`). One that is loaded
//!   at run time has a reactor of its own, which only its own `block_on` drives.
//!
//! Deliberately absent: executors, sockets, channels, file I/O, and feature flags.

mod backend;
mod block_on;
mod deadline;
mod driving;
mod external;
mod fork;
mod global;
mod handle;
mod ids;
mod io_object;
mod lend;
mod observation;
mod park_state;
mod parker;
mod reactor;
mod ready;
mod ready_list;
mod registration;
mod report;
mod source;
mod sync;
mod sys;
mod system;
mod timers;
mod undriven;
mod waiters;
mod wake;
mod word;
#[cfg(test)]
mod word_tests;

pub use backend::GlobalReactor;
pub use block_on::block_on;
pub use deadline::Deadline;
pub use external::DrivenExternally;
pub use global::{global, set_global};
pub use handle::{Entered, Handle};
pub use io_object::{AsIo, BorrowedIo, Direction, Directions};
pub use observation::Observation;
pub use parker::{Parker, Team, Unparker};
pub use reactor::Reactor;
pub use ready::Ready;
pub use ready_list::{Event, ReadyList};
pub use registration::Registration;
pub use source::{KeepOpen, Source};
pub use system::System;
pub use word::Tick;

/// What [`global_reactor!`] expands to; no part of the API.
#[doc(hidden)]
pub mod __private {
    pub use crate::sys::links::*;
}
