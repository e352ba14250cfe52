//! The synchronisation primitives of the modules that are model-checked, in one place: a model
//! (`tests/loom_*.rs`) compiles those modules with loom's types under this name.

pub(crate) use std::sync::atomic::{AtomicUsize, Ordering};
pub(crate) use std::sync::{Arc, Mutex};
