//! The synchronisation primitives of `word.rs`, `waiters.rs` and `source.rs`, in one place, so that
//! a model can compile those modules with its own types under this name. There is no model yet.

pub(crate) use std::sync::atomic::{AtomicUsize, Ordering};
pub(crate) use std::sync::{Arc, Mutex};
