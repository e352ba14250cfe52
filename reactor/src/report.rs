//! What this crate says on standard error, where there is nobody to return it to.
//!
//! Not by `eprintln`, which panics if nobody can hear it: that must not end a wait, and not close
//! what is to be leaked.

use std::fmt;
use std::io::{self, Write};

/// Says it if that is possible.
pub(crate) fn report(what: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "mini-reactor: {what}");
}
