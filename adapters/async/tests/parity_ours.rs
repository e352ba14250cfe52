//! Code written for async-io, with this crate, and without a word of `unsafe`.
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

use mini_async as api;

#[path = "parity/shared.rs"]
mod shared;
