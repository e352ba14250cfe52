//! The checks: a file for each part of what executors promise, a function for each sentence of
//! `list.rs`.

mod closing;
mod ending;
mod fairness;
mod running;
mod sequences;
mod threads;
mod waking;

use super::trial::Trial;
use crate::clause::Clause;

/// Every clause about executors.
pub(super) static CLAUSES: &[Clause<Trial>] = crate::__each_executor_clause! { __table [Trial] };
