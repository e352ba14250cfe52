//! The queues of tasks: crossbeam-deque's, under the names that the models put theirs behind.
//!
//! A worker's queue is first in, first out; pushing costs no read-modify-write and popping one.
//! Stealing takes half in one step.

use async_task::Runnable;
pub(crate) use crossbeam_deque::{Injector, Steal, Stealer, Worker};

/// What is queued.
pub(crate) type Job = Runnable;
