//! What only some operating systems have.

#[cfg(unix)]
pub mod unix;
