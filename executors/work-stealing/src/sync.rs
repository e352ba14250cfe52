//! The synchronisation primitives of `crew.rs`, `slots.rs` and `shared.rs`, in one place, so that a
//! model can compile those files with loom's types under this name. (There is none yet.)

pub(crate) use std::sync::atomic::Ordering;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU8, AtomicU32, AtomicU64};
pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) use mini_reactor::{Team, Unparker};
