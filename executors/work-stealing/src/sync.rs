//! The primitives of the protocols between threads, in one place: the models
//! (`tests/loom_executor`) compile the files of this crate with loom's types under this name, and
//! with the core's own files for `mini_reactor`.

/// One that a thread writes for others to look at, now and then.
pub(crate) use std::sync::atomic::AtomicU32 as Gauge;
pub(crate) use std::sync::atomic::Ordering;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU8, AtomicU64};
pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError};
pub(crate) use std::thread::sleep;
pub(crate) use std::time::Instant;

pub(crate) use mini_reactor::{Handle, Parker, Reactor, Team, Unparker};
