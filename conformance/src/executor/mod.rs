//! What every executor has to do: see [`executor!`](crate::executor!).

mod clauses;
mod list;
mod subject;
mod trial;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::clauses::CLAUSES;
pub use self::subject::{Executes, LocalWork, Shared, Task, Work};
use self::trial::Trial;
use crate::clause::{Failure, Terms, find};
use crate::process::Place;

/// How executors are made.
#[derive(Clone)]
pub(crate) struct Make {
    own: Arc<dyn Fn() -> Box<dyn Executes> + Send + Sync>,
    shared: Option<Arc<dyn Fn() -> Shared + Send + Sync>>,
}

/// An executor and what is claimed of it: what [`executor!`](crate::executor!) makes of its
/// arguments. See [`backend::Suite`](crate::backend::Suite).
#[derive(Clone)]
pub struct Suite {
    make: Make,
    terms: Terms,
}

impl Suite {
    /// A suite on what `make` makes, with these claims. `module` is the [`module_path!`] of the
    /// tests that call [`check`](Suite::check).
    pub fn new<E: Executes + 'static>(
        make: impl Fn() -> E + Send + Sync + 'static,
        claims: &[&'static str],
        module: &'static str,
    ) -> Suite {
        let own = move || Box::new(make()) as Box<dyn Executes>;
        let make = Make { own: Arc::new(own), shared: None };
        Suite { make, terms: Terms::new(claims, Place::Module(module)) }
    }

    /// Also makes executors that threads share, for which `threads` is claimed.
    #[must_use]
    pub fn shared(mut self, make: impl Fn() -> Shared + Send + Sync + 'static) -> Suite {
        self.make.shared = Some(Arc::new(make));
        self
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
        let make = self.make.clone();
        self.terms.check(CLAUSES, name, move |context| Trial::new(context, make));
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
        let make = self.make.clone();
        self.terms.run(find(CLAUSES, name), move |context| Trial::new(context, make))
    }

    /// Runs all clauses for which everything is claimed that they need, and says which fail. Those
    /// that are `expected` to fail may wait only for a moment.
    ///
    /// For suites that are run [from a test](Suite::from_test). In a process that a clause starts
    /// for itself, which comes to this again, it ends that process.
    pub fn failures(&self, expected: &[&str]) -> Vec<Failure> {
        self.terms.failures(CLAUSES, expected, || {
            let make = self.make.clone();
            move |context| Trial::new(context, make)
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

/// Has an executor's author know that it is right: a test for each clause of what executors with
/// async-executor's names promise.
///
/// The executor has the inherent methods `spawn`, `spawn_many`, `is_empty`, `try_tick`, `tick` and
/// `run`, and its tasks are [`async_task::Task`]s. See [`backend!`](crate::backend!) for what the
/// tests do.
///
/// The arguments, in this order:
///
/// - `executor`: its type;
/// - `new`: an expression that makes one, evaluated anew for each clause;
/// - `claims`: what is claimed beyond, any of
///
/// | claim | |
/// |---|---|
/// | `local` | `spawn` takes futures that are not `Send`; they never leave the thread |
/// | `threads` | it is `Send` and `Sync`, and any number of threads may run it |
/// | `drives` | it has `block_on`, which drives the reactor |
/// | `drains` | when it is dropped, wakes that are under way on other threads leave no task behind |
/// | `drop_panics` | a future that panics while it is dropped takes nobody along |
///
/// Claim one of `local` and `threads`. Two suites need a module each.
///
/// # Examples
///
/// ```
/// mod single_thread {
///     use mini_executor_single_thread::LocalExecutor;
///
///     mini_reactor_conformance::executor! {
///         executor: LocalExecutor<'static>,
///         new: LocalExecutor::new(),
///         claims: [local, drives, drains, drop_panics],
///     }
/// }
/// ```
#[macro_export]
macro_rules! executor {
    (
        executor: $executor:ty,
        new: $new:expr,
        claims: [$($claim:tt),* $(,)?] $(,)?
    ) => {
        $($crate::__executor_claim! { $claim })*

        struct ConformanceSubject($executor);

        impl $crate::executor::Executes for ConformanceSubject {
            fn spawn(&self, future: $crate::executor::Work) -> $crate::executor::Task<u64> {
                self.0.spawn(future)
            }
            fn spawn_many(
                &self,
                futures: ::std::vec::Vec<$crate::executor::Work>,
            ) -> ::std::vec::Vec<$crate::executor::Task<u64>> {
                let mut tasks = ::std::vec::Vec::new();
                self.0.spawn_many(futures, &mut tasks);
                tasks
            }
            fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
            fn try_tick(&self) -> bool {
                self.0.try_tick()
            }
            fn tick(
                &self,
            ) -> ::std::pin::Pin<::std::boxed::Box<dyn ::std::future::Future<Output = ()> + '_>>
            {
                ::std::boxed::Box::pin(self.0.tick())
            }
            fn run<'a>(
                &'a self,
                future: $crate::executor::LocalWork<'a>,
            ) -> $crate::executor::LocalWork<'a> {
                ::std::boxed::Box::pin(self.0.run(future))
            }
            $crate::__if_claimed! { local [$($claim)*]
                fn spawn_local(
                    &self,
                    future: $crate::executor::LocalWork<'static>,
                ) -> $crate::executor::Task<u64> {
                    self.0.spawn(future)
                }
            }
            $crate::__if_claimed! { drives [$($claim)*]
                fn block_on(&self, future: $crate::executor::LocalWork<'_>) -> u64 {
                    self.0.block_on(future)
                }
            }
        }

        fn conformance_suite() -> $crate::executor::Suite {
            let claims = &[$(stringify!($claim)),*];
            let new = || ConformanceSubject($new);
            let suite = $crate::executor::Suite::new(new, claims, module_path!());
            $crate::__if_claimed! { threads [$($claim)*]
                let suite = suite.shared(move || ::std::sync::Arc::new(ConformanceSubject($new)));
            }
            suite
        }
        $crate::__suite! { $ __each_executor_clause $($claim)* }
    };
}

/// Leaves out what is for a claim that is not made.
#[doc(hidden)]
#[macro_export]
macro_rules! __if_claimed {
    ($claim:ident [] $($code:tt)*) => {};
    (local [local $($left:tt)*] $($code:tt)*) => { $($code)* };
    (drives [drives $($left:tt)*] $($code:tt)*) => { $($code)* };
    (threads [threads $($left:tt)*] $($code:tt)*) => { $($code)* };
    ($claim:ident [$other:tt $($left:tt)*] $($code:tt)*) => {
        $crate::__if_claimed! { $claim [$($left)*] $($code)* }
    };
}
