//! Runs many random sequences, and makes of one that fails a short one that can be run again.
//!
//! `MINI_REACTOR_SEED=n` runs the sequences of seed `n` instead of the usual ones,
//! `MINI_REACTOR_SEQUENCE=hex` (or `@file`, as a fuzzer leaves it) that sequence alone, and
//! `MINI_REACTOR_SEQUENCES=n` so many.

use std::env;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};

use crate::interpreter::last_steps;

/// Attempts at making a failing sequence shorter.
const SHRINKING_MAX: usize = 10_000;

/// The most bytes that one step is made of.
const STEP_BYTES: usize = 6;

/// xorshift64*: good enough to choose steps by, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
}

fn number(name: &str) -> Option<u64> {
    let value = env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is a number, not {value}")))
}

/// Runs `count` sequences of up to `length_max` bytes, unless the environment says otherwise.
///
/// # Panics
///
/// If one of them fails; the message has the shortest that was found.
pub(crate) fn many(run: fn(&[u8]), count: u64, length_max: u64) {
    if let Ok(sequence) = env::var("MINI_REACTOR_SEQUENCE") {
        let sequence = match sequence.strip_prefix('@') {
            Some(file) => std::fs::read(file).expect("the sequence's file"),
            None => from_hex(&sequence),
        };
        return check(run, &sequence, "that of MINI_REACTOR_SEQUENCE");
    }
    let seed = number("MINI_REACTOR_SEED").unwrap_or(1);
    let count = number("MINI_REACTOR_SEQUENCES").unwrap_or(count);
    for index in 0..count {
        // Mixed, so that near seeds have nothing in common, and never zero.
        let mixed = (seed << 32 | index).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut random = Random(mixed);
        let length = random.next() % length_max;
        let sequence: Vec<u8> = (0..length).map(|_| (random.next() >> 32) as u8).collect();
        check(run, &sequence, &format!("number {index} of MINI_REACTOR_SEED={seed}"));
    }
}

fn check(run: fn(&[u8]), sequence: &[u8], name: &str) {
    if passes(run, sequence) {
        return;
    }
    let hook = take_hook();
    set_hook(Box::new(|_| {})); // of this thread and of others that fail meanwhile
    let short = shrink(run, sequence.to_vec());
    set_hook(hook);
    let again = catch_unwind(AssertUnwindSafe(|| run(&short)));
    let mut steps = String::new();
    for step in last_steps() {
        let _ = writeln!(steps, "  {step}");
    }
    assert!(
        again.is_ok(),
        "sequence {name} fails; MINI_REACTOR_SEQUENCE={} runs a shorter one:\n{steps}the last of \
         these broke a promise, see above",
        to_hex(&short)
    );
    panic!("sequence {name} fails now and then: {}", to_hex(sequence));
}

fn passes(run: fn(&[u8]), sequence: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| run(sequence))).is_ok()
}

/// Leaves out what is not needed for the failure, and makes numbers zero: first in big parts, then
/// in parts of about a step's size, again and again.
fn shrink(run: fn(&[u8]), mut sequence: Vec<u8>) -> Vec<u8> {
    let mut attempts = 0;
    let mut part = sequence.len();
    while attempts < SHRINKING_MAX {
        let before = sequence.clone();
        let mut at = 0;
        while at < sequence.len() {
            let end = sequence.len().min(at + part);
            let without = [&sequence[..at], &sequence[end..]].concat();
            let mut zeroed = sequence.clone();
            zeroed[at..end].fill(0);
            attempts += 2;
            if !passes(run, &without) {
                sequence = without;
                continue;
            }
            if zeroed != sequence && !passes(run, &zeroed) {
                sequence = zeroed;
            }
            at += part.clamp(1, STEP_BYTES);
        }
        match part {
            0 | 1 if sequence == before => break,
            0 | 1 => part = STEP_BYTES,
            _ if part > STEP_BYTES => part = (part / 2).max(STEP_BYTES),
            _ => part -= 1,
        }
    }
    sequence
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn from_hex(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
    (0..hex.len() / 2).map(|byte| digit(2 * byte)).collect()
}
