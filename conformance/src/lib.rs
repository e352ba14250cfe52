//! The contracts of this workspace, executable: whoever implements one knows that it is right
//! without asking anybody.
//!
//! | macro | checks | |
//! |---|---|---|
//! | [`backend!`] | an implementation of [`GlobalReactor`](mini_reactor::GlobalReactor) | on real or simulated endpoints |
//! | [`decorator!`] | one that wraps another | that every method is forwarded, and every event |
//! | [`executor!`] | an executor with async-executor's names | by itself, or on the reactor |
//!
//! Each expands to one named test per clause of its contract, so `cargo test` lists them, runs one
//! by its name, and runs them side by side. A test is documented with the sentence that it checks,
//! and a failure says it:
//!
//! ```text
//! test system::a_notify_before_the_turn_ends_it ... FAILED
//! the contract says: `notify` makes the next turn return at once if none is under way.
//! but it hangs; the last thing that it waited for is a turn that was notified before it began
//! ```
//!
//! Contracts have parts that do not apply to everybody (a simulator has no descriptors). What
//! applies is said by *claims*; a clause that needs something which is not claimed shows as
//! *ignored*, with the claim that it needs, and never as *ok*.
//!
//! ```
//! mod system {
//!     use mini_reactor::System;
//!     use mini_reactor_conformance::{backend, os};
//!     use std::net::Shutdown;
//!
//!     backend! {
//!         backend: System::new(),                             // a fresh one for each clause
//!         pair: |_| os::tcp_pair(),                           // two connected endpoints
//!         half_close: |end| end.shutdown(Shutdown::Write),    // optional
//!         claims: [edge, ends, threads, any_driver, os_descriptors, pollable],
//!     }
//! }
//! ```
//!
//! # What a clause may rely on
//!
//! A clause checks what the contract says and nothing else: spurious events, late ones and early
//! returns are allowed where the contract allows them, and no clause asserts how long anything
//! took. What never comes is a failure after 20 seconds. The clauses that count what a process
//! shares (its descriptors) start the test program again, for themselves.
//!
//! `MINI_REACTOR_SEED=n` runs the random sequences of seed `n` instead of the usual ones; a
//! sequence that fails says its seed.
//!
//! # By hand
//!
//! [`backend::Suite`], [`decorator::Suite`] and [`executor::Suite`] are what the macros make: lists
//! of clauses that can be run one by one, with a result instead of a panic. The tests of this crate
//! use them to plant faults and to see that each fails the clause that names it.
//!
//! Deliberately absent: benchmarks (timings may not be asserted), and clauses about the core, which
//! has tests of its own.

#[macro_use]
mod claims;
pub mod backend;
mod clause;
pub mod decorator;
pub mod executor;
pub mod os;
mod process;
mod random;
mod threads;
mod waiting;
mod waking;

pub use clause::Failure;
