//! From claims to tests: which clause is a test, and which is shown as ignored.
//!
//! This is decided when the macro is expanded, since a test that finds out later that it has
//! nothing to check could only say *ok*. The claims are tokens: they become the rules of a macro,
//! `conformance_clause`, in the module of the tests, which takes what a clause needs from its list
//! until nothing is left, or something that has no rule.

/// Makes the macro that makes the tests, and has it make them.
#[doc(hidden)]
#[macro_export]
macro_rules! __suite {
    ($dollar:tt $each:ident $($claim:ident)*) => {
        macro_rules! conformance_clause {
            ([] ($dollar name:ident $dollar sentence:literal)) => {
                #[doc = $dollar sentence]
                #[test]
                fn $dollar name() {
                    conformance_suite().check(stringify!($dollar name));
                }
            };
            $(
                ([$claim $dollar($dollar more:tt)*] $dollar clause:tt) => {
                    conformance_clause! { [$dollar($dollar more)*] $dollar clause }
                };
            )*
            ([$dollar need:tt $dollar($dollar more:tt)*] $dollar clause:tt) => {
                $crate::__ignored! { $dollar need $dollar clause }
            };
        }
        $crate::$each! { __tests [] }
    };
}

/// A test for each clause of a list.
#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    ($nothing:tt $($module:ident :: $name:ident $needs:tt $sentence:literal)*) => {$(
        conformance_clause! { $needs ($name $sentence) }
    )*};
}

/// The table of a list of clauses.
#[doc(hidden)]
#[macro_export]
macro_rules! __table {
    ([$kind:ty] $($module:ident :: $name:ident [$($need:ident)*] $sentence:literal)*) => {
        &[$($crate::clause::Clause::<$kind> {
            name: stringify!($name),
            sentence: $sentence,
            needs: &[$(stringify!($need)),*],
            check: $module::$name,
        }),*]
    };
}

/// A test that says why it is none: a reason has to be one literal. Run all the same, it fails.
#[doc(hidden)]
#[macro_export]
macro_rules! __ignored {
    (edge $clause:tt) => {
        $crate::__ignored! { @ "not claimed: edge" $clause }
    };
    (one_shot $clause:tt) => {
        $crate::__ignored! { @ "not claimed: one_shot" $clause }
    };
    (ends $clause:tt) => {
        $crate::__ignored! { @ "not claimed: ends" $clause }
    };
    (threads $clause:tt) => {
        $crate::__ignored! { @ "not claimed: threads" $clause }
    };
    (any_driver $clause:tt) => {
        $crate::__ignored! { @ "not claimed: any_driver" $clause }
    };
    (os_descriptors $clause:tt) => {
        $crate::__ignored! { @ "not claimed: os_descriptors" $clause }
    };
    (pollable $clause:tt) => {
        $crate::__ignored! { @ "not claimed: pollable" $clause }
    };
    (virtual_time $clause:tt) => {
        $crate::__ignored! { @ "not claimed: virtual_time" $clause }
    };
    (half_close $clause:tt) => {
        $crate::__ignored! { @ "no `half_close` was given" $clause }
    };
    (local $clause:tt) => {
        $crate::__ignored! { @ "not claimed: local" $clause }
    };
    (drives $clause:tt) => {
        $crate::__ignored! { @ "not claimed: drives" $clause }
    };
    (drains $clause:tt) => {
        $crate::__ignored! { @ "not claimed: drains" $clause }
    };
    (drop_panics $clause:tt) => {
        $crate::__ignored! { @ "not claimed: drop_panics" $clause }
    };
    (@ $reason:literal ($name:ident $sentence:literal)) => {
        #[doc = $sentence]
        #[test]
        #[ignore = $reason]
        fn $name() {
            conformance_suite().check(stringify!($name));
        }
    };
}

/// Refuses what is no claim of a backend.
#[doc(hidden)]
#[macro_export]
macro_rules! __backend_claim {
    (edge) => {};
    (one_shot) => {};
    (ends) => {};
    (threads) => {};
    (any_driver) => {};
    (os_descriptors) => {};
    (pollable) => {};
    (virtual_time) => {};
    (half_close) => {
        compile_error!("give `half_close: |end| …` instead of claiming it");
    };
    ($other:tt) => {
        compile_error!(concat!("a backend cannot claim `", stringify!($other), "`"));
    };
}

/// Refuses what is no claim of an executor.
#[doc(hidden)]
#[macro_export]
macro_rules! __executor_claim {
    (local) => {};
    (threads) => {};
    (drives) => {};
    (drains) => {};
    (drop_panics) => {};
    ($other:tt) => {
        compile_error!(concat!("an executor cannot claim `", stringify!($other), "`"));
    };
}
