//! What a trace counts and records, on a backend whose time and events are the test's decision; and
//! what it writes.

#![expect(clippy::unwrap_used, reason = "what tests share fails as tests do")]

mod counting;
mod recording;
mod threads;
mod virtual_backend;
mod writing;
