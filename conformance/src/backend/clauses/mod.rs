//! The checks: a file for each part of the contract, a function for each sentence of `list.rs`.

mod arming;
mod ending;
mod leaving;
mod notifying;
mod readiness;
mod registering;
mod sharing;
mod turning;
mod waking;

use super::trial::Trial;
use crate::clause::Clause;

/// Every clause about backends.
pub(super) static CLAUSES: &[Clause<Trial>] = crate::__each_backend_clause! { __table [Trial] };
