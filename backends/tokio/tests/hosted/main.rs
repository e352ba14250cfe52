//! A reactor inside of a tokio runtime: each sentence of what the crate promises.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "what tests share fails as tests do")]

mod attaching;
mod beside;
mod ending;
mod http;
mod stalling;
mod threads;
mod timers;
mod tools;
