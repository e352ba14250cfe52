//! `cargo +nightly fuzz run virtual`: any bytes, as a sequence of calls on virtual objects and
//! time, against the model.
//!
//! What it finds can be run again, shortened and spelled out, without a fuzzer:
//! `MINI_REACTOR_SEQUENCE=@FILE cargo test -p mini-reactor --test sequences every_wait`.
#![no_main]

#[path = "../../tests/sequences/interpreter/mod.rs"]
#[expect(dead_code, reason = "sockets have a target of their own; steps are printed elsewhere")]
mod interpreter;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| interpreter::run_virtual(bytes));
