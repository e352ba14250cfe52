//! The reactors declared in the program, collected by the linker.

pub use linkme;

use crate::global::Declaration;

/// One entry for each `global_reactor!` of the program.
#[linkme::distributed_slice]
pub static DECLARED: [Declaration];

pub(crate) fn declarations() -> &'static [Declaration] {
    &DECLARED
}
