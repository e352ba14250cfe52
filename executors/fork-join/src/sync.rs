//! The synchronisation primitives of the modules that are model-checked, in one place: the models
//! (`tests/loom_pool`) compile those files with loom's types under this name.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError};
