//! Systems whose linker `linkme` has no words for (WebAssembly, NetBSD and others), or that throws
//! away what it collects (GNU's for Windows): nothing can be declared, so a program chooses its
//! reactor with `set_global`.

pub use crate::global::Declaration;

pub(crate) fn declarations() -> &'static [Declaration] {
    &[]
}

/// Refuses at compile time, rather than be ignored when the program runs.
#[doc(hidden)]
#[macro_export]
macro_rules! __declare {
    ($declaration:expr) => {
        compile_error!(
            "`global_reactor!` has no support on this target; call `set_global` instead"
        );
    };
}
