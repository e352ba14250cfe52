//! `cargo +nightly fuzz run sockets`: any bytes, as a sequence of calls on sockets of the system.
//!
//! What it finds can be run again, shortened and spelled out, without a fuzzer:
//! `MINI_REACTOR_SEQUENCE=@FILE cargo test -p mini-reactor --test sequences nobody_sleeps`.
#![no_main]

#[path = "../../tests/sequences/interpreter/mod.rs"]
#[expect(dead_code, reason = "virtual objects have a target of their own")]
mod interpreter;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| interpreter::run_sockets(bytes));
