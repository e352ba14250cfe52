//! Backends, decorators and executors with a planted fault each: every one fails the clause that
//! names its fault, and no other.
//!
//! The random sequences name nothing and may fail along with the clause: they are there for faults
//! that nobody has thought of.

#![expect(clippy::unwrap_used, reason = "tests fail by it")]

#[cfg(target_os = "linux")]
mod backends;
mod decorators;
mod executors;

use mini_reactor_conformance::Failure;

/// How long clauses may wait that are to pass.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Names nothing.
const SEQUENCES: &str = "random_sequences_agree_with_a_model";

/// Asserts that a suite fails one clause and no other.
fn fails_only(expected: &str, failures: impl FnOnce(&[&str]) -> Vec<Failure>) {
    let failures = failures(&[expected, SEQUENCES]);
    let failed: Vec<&str> = failures.iter().map(|failure| failure.clause).collect();
    let others: Vec<_> = failures
        .iter()
        .filter(|failure| failure.clause != expected && failure.clause != SEQUENCES)
        .collect();
    assert!(failed.contains(&expected), "the fault was not seen by {expected}, but by {failed:?}");
    assert!(others.is_empty(), "beside {expected} there failed {others:#?}");
    println!("{}", failures.iter().find(|failure| failure.clause == expected).unwrap().reason);
}
