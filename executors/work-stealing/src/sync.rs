//! The synchronisation primitives of the modules that are model-checked, in one place: the models
//! (`tests/loom_crew`) compile `crew.rs`, `slots.rs` and `shared.rs` with loom's types under this
//! name.

pub(crate) use std::sync::atomic::Ordering;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU8, AtomicU32, AtomicU64};
pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) use mini_reactor::{Team, Unparker};
