//! Code written for async-io, with async-io itself: the proof that `parity/shared.rs` is such code.
#![cfg(target_os = "linux")]

use async_io as api;

#[path = "parity/shared.rs"]
mod shared;
