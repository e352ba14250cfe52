//! The contracts of the executor, a module each.

mod block_on;
mod closing;
mod fairness;
mod foreign;
mod hook;
mod info;
mod run;
mod sharing;
mod spawn;
mod started;
mod support;
mod system;
mod watch;
