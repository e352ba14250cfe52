//! The synchronisation primitives of the protocols between threads, in one place: the models
//! (`tests/loom_core`) compile the files of this crate with loom's types under this name.
//!
//! Absent: what orders nothing (counts and switches that are read `Relaxed`) and `Arc`, which is
//! never the means by which one thread sees what another did. A file that takes its types from here
//! has its unit tests in a file of their own, for they would be part of the models otherwise.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
pub(crate) use std::sync::{Mutex, MutexGuard};
pub(crate) use std::thread;
