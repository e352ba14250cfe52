//! A test for each sentence of the contract: what is promised of joins, scopes, futures, panics and
//! threads, and what must not happen to who holds a lock.

mod blocking;
mod broadcasts;
mod closing;
#[cfg(target_os = "linux")]
mod counts;
mod crumbs;
mod futures;
mod joins;
mod leaving;
mod locks;
mod nesting;
mod outside;
mod panics;
mod scopes;
mod serving;
mod spawns;
mod support;
mod view;
