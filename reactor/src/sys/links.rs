//! The reactors declared in the program, collected by the linker.

pub use linkme;

pub use crate::global::Declaration;

/// One entry for each `global_reactor!` of the program.
#[linkme::distributed_slice]
pub static DECLARED: [Declaration];

pub(crate) fn declarations() -> &'static [Declaration] {
    &DECLARED
}

/// Leaves a declaration for the linker to collect.
#[doc(hidden)]
#[macro_export]
macro_rules! __declare {
    ($declaration:expr) => {
        #[$crate::__private::linkme::distributed_slice($crate::__private::DECLARED)]
        #[linkme(crate = $crate::__private::linkme)]
        static __DECLARATION: $crate::__private::Declaration = $declaration;
    };
}
