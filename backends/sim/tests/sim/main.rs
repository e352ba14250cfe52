//! What the simulator promises, a test for each sentence.
#![expect(clippy::unwrap_used, reason = "in helpers of tests too, a failure ends the test")]

mod clock;
mod common;
mod connecting;
mod datagrams;
mod exploring;
mod faults;
mod jobs;
mod links;
mod pipes;
mod processes;
mod registering;
mod reports;
mod streams;
