//! The synchronisation primitives of the module that is model-checked, in one place: the model
//! (`tests/loom_inbox.rs`) compiles `inbox.rs` with loom's types under this name.

pub(crate) use std::sync::atomic::{AtomicBool, Ordering};
pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError};
