//! What a ring's own ways could get wrong, beyond the contract that all backends share.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests fail by it")]

mod kinds;
mod leaving;
mod outside;
mod queues;
mod refusal;
mod threads;
mod tools;
