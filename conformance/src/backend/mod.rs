//! The contract of [`GlobalReactor`], clause by clause: see [`backend!`](crate::backend!).

mod clauses;
mod elsewhere;
mod endpoint;
mod list;
mod probe;
mod trial;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use mini_reactor::GlobalReactor;

use self::clauses::CLAUSES;
use self::endpoint::End;
pub use self::endpoint::Endpoint;
use self::trial::{Made, Make, Trial};
use crate::clause::{Failure, Terms, find};
use crate::process::Place;

/// A backend and what is claimed of it: what [`backend!`](crate::backend!) makes of its arguments.
///
/// Made by hand where clauses are to be run otherwise than as tests: to see that a backend with a
/// planted fault fails the clause that names it.
#[derive(Clone)]
pub struct Suite {
    make: Make,
    terms: Terms,
}

impl Suite {
    /// A suite on what `backend` makes, whose connected endpoints `pair` makes, and `half_close`
    /// closes for writing; with these claims. `module` is the [`module_path!`] of the tests that
    /// call [`check`](Suite::check).
    pub fn new<B: GlobalReactor + 'static, E: Endpoint>(
        backend: impl Fn() -> B + Send + Sync + 'static,
        pair: impl Fn(&B) -> io::Result<(E, E)> + Send + Sync + 'static,
        half_close: impl Fn(&E) -> io::Result<()> + Send + Sync + 'static,
        claims: &[&'static str],
        module: &'static str,
    ) -> Suite {
        let (pair, half_close) = (Arc::new(pair), Arc::new(half_close));
        let make = move || {
            let backend = Arc::new(backend());
            let (of, pair, half_close) =
                (Arc::clone(&backend), Arc::clone(&pair), half_close.clone());
            let pair = move || {
                let (here, there) = pair(&of)?;
                Ok((End::new(here, &half_close), End::new(there, &half_close)))
            };
            Made { backend: Box::new(backend), pair: Arc::new(pair) }
        };
        Suite { make: Arc::new(make), terms: Terms::new(claims, Place::Module(module)) }
    }

    /// Has all clauses be run from one test, of this name: where [`run`](Suite::run) is called.
    #[must_use]
    pub fn from_test(mut self, name: &str) -> Suite {
        self.terms.place = Place::Test(name.to_owned());
        self
    }

    /// How long a wait may last before it counts as a hang; 20 seconds, unless set. A clause may
    /// take three times as long.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Suite {
        self.terms.patience = patience;
        self
    }

    /// Of what clauses repeat, so many percent; 100, unless set.
    #[must_use]
    pub fn with_effort(mut self, percent: usize) -> Suite {
        self.terms.effort = percent;
        self
    }

    /// Runs one clause, for a test.
    ///
    /// # Panics
    ///
    /// If the clause does not hold: with its sentence, and what happened instead.
    pub fn check(&self, name: &str) {
        let make = Arc::clone(&self.make);
        self.terms.check(CLAUSES, name, move |context| Trial::new(context, &make));
    }

    /// Runs one clause.
    ///
    /// # Errors
    ///
    /// What happened instead of what the clause demands; or that it needs what is not claimed.
    ///
    /// # Panics
    ///
    /// If there is no clause of this name.
    pub fn run(&self, name: &str) -> Result<(), String> {
        let make = Arc::clone(&self.make);
        self.terms.run(find(CLAUSES, name), move |context| Trial::new(context, &make))
    }

    /// Runs all clauses for which everything is claimed that they need, and says which fail. Those
    /// that are `expected` to fail may wait only for a moment.
    ///
    /// For suites that are run [from a test](Suite::from_test). In a process that a clause starts
    /// for itself, which comes to this again, it ends that process.
    pub fn failures(&self, expected: &[&str]) -> Vec<Failure> {
        self.terms.failures(CLAUSES, expected, || {
            let make = Arc::clone(&self.make);
            move |context| Trial::new(context, &make)
        })
    }

    /// The names of the clauses for which everything is claimed that they need.
    pub fn claimed(&self) -> impl Iterator<Item = &'static str> {
        CLAUSES.iter().filter(|clause| self.terms.claimed(clause)).map(|clause| clause.name)
    }
}

impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite").field("terms", &self.terms).finish_non_exhaustive()
    }
}

/// Has a backend's author know that it is right: a test for each clause of the contract of
/// [`GlobalReactor`](mini_reactor::GlobalReactor).
///
/// A test that fails says the sentence of the contract, and what happened instead. A clause that
/// needs something not claimed is shown as ignored, and which claim is missing. Each test has a
/// fresh backend, on a thread of its own, and ends: what hangs is a failure.
///
/// The arguments, in this order:
///
/// - `backend`: an expression, evaluated anew for each clause;
/// - `pair`: a closure that gets the backend and makes two connected, non-blocking
///   [`Endpoint`](crate::backend::Endpoint)s of the same type, as an `io::Result`. For the system's
///   sockets, [`os`](crate::os) has them ready;
/// - `half_close`, which may be absent: a closure that gets an endpoint and says on it that nothing
///   more will be written, as `shutdown(Shutdown::Write)` does. Clauses that need it are ignored
///   without;
/// - `claims`: what is claimed beyond the trait, any of
///
/// | claim | |
/// |---|---|
/// | `edge` | both directions are watched from `register` on, and events disarm nothing |
/// | `one_shot` | nothing is watched until `rearm`, and every event disarms both directions |
/// | `ends` | the end of a direction is reported as such: `push_closed` |
/// | `threads` | other threads can end a turn that sleeps; no claim of a simulator that has only one |
/// | `any_driver` | any thread may call `turn`, as the trait says; no claim of what belongs to a thread |
/// | `os_descriptors` | it watches descriptors of the (Unix) system |
/// | `pollable` | `pollable` gives a descriptor |
/// | `virtual_time` | its clock stands still between turns, and a turn that has to wait makes it jump |
///
/// Claim one of `edge` and `one_shot`. Two suites need a module each.
///
/// # Examples
///
/// ```
/// mod system {
///     use mini_reactor::System;
///     use mini_reactor_conformance::{backend, os};
///     use std::net::Shutdown;
///
///     backend! {
///         backend: System::new(),
///         pair: |_| os::tcp_pair(),
///         half_close: |end| end.shutdown(Shutdown::Write),
///         claims: [edge, ends, threads, any_driver, os_descriptors, pollable],
///     }
/// }
/// ```
///
/// A backend whose objects are its own makes them of itself:
///
/// ```ignore
/// backend! {
///     backend: Sim::new(7),
///     pair: |sim| Ok(sim.stream_pair()),
///     claims: [edge, virtual_time],
/// }
/// ```
#[macro_export]
macro_rules! backend {
    (
        backend: $backend:expr,
        pair: $pair:expr,
        claims: [$($claim:tt),* $(,)?] $(,)?
    ) => {
        $crate::__backend! {
            ($backend) ($pair) (|_| Err(::std::io::ErrorKind::Unsupported.into()))
            [$($claim)*] [$($claim)*]
        }
    };
    (
        backend: $backend:expr,
        pair: $pair:expr,
        half_close: $half_close:expr,
        claims: [$($claim:tt),* $(,)?] $(,)?
    ) => {
        $crate::__backend! {
            ($backend) ($pair) ($half_close) [$($claim)*] [half_close $($claim)*]
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __backend {
    (($backend:expr) ($pair:expr) ($half_close:expr) [$($own:tt)*] [$($claim:tt)*]) => {
        $($crate::__backend_claim! { $own })*

        fn conformance_suite() -> $crate::backend::Suite {
            let claims = &[$(stringify!($claim)),*];
            $crate::backend::Suite::new(|| $backend, $pair, $half_close, claims, module_path!())
        }
        $crate::__suite! { $ __each_backend_clause $($claim)* }
    };
}
