//! The contracts of the executor, a module each.

mod block_on;
mod closing;
mod foreign;
mod hook;
mod reactor;
mod run;
mod spawn;
mod support;
