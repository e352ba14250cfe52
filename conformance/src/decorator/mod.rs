//! What a decorator of a backend has to do: see [`decorator!`](crate::decorator!).

mod clauses;
mod list;
mod spy;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mini_reactor::GlobalReactor;

pub use self::spy::Spy;
use crate::clause::{Clause, Context, Failure, Terms, find};
use crate::process::Place;

/// Every clause about decorators.
static CLAUSES: &[Clause<Trial>] = crate::__each_decorator_clause! { __table [Trial] };

/// What a clause about decorators works on.
struct Trial {
    context: Context,
    spy: Spy,
    decorated: Arc<dyn GlobalReactor>,
}

impl Trial {
    fn new(context: Context, decorate: &Decorate) -> Trial {
        let spy = Spy::default();
        Trial { context, decorated: decorate(spy.clone()), spy }
    }
}

type Decorate = Arc<dyn Fn(Spy) -> Arc<dyn GlobalReactor> + Send + Sync>;

/// A decorator: what [`decorator!`](crate::decorator!) makes of its argument. See
/// [`backend::Suite`](crate::backend::Suite).
#[derive(Clone)]
pub struct Suite {
    decorate: Decorate,
    terms: Terms,
}

impl Suite {
    /// A suite on what `decorate` makes of a backend. `module` is the [`module_path!`] of the tests
    /// that call [`check`](Suite::check).
    pub fn new<D: GlobalReactor + 'static>(
        decorate: impl Fn(Spy) -> D + Send + Sync + 'static,
        module: &'static str,
    ) -> Suite {
        let decorate = move |spy| Arc::new(decorate(spy)) as Arc<dyn GlobalReactor>;
        Suite { decorate: Arc::new(decorate), terms: Terms::new(&[], Place::Module(module)) }
    }

    /// How long a wait may last before it counts as a hang; 20 seconds, unless set. A clause may
    /// take three times as long.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Suite {
        self.terms.patience = patience;
        self
    }

    /// Runs one clause, for a test.
    ///
    /// # Panics
    ///
    /// If the clause does not hold: with its sentence, and what happened instead.
    pub fn check(&self, name: &str) {
        let decorate = Arc::clone(&self.decorate);
        self.terms.check(CLAUSES, name, move |context| Trial::new(context, &decorate));
    }

    /// Runs one clause.
    ///
    /// # Errors
    ///
    /// What happened instead of what the clause demands.
    ///
    /// # Panics
    ///
    /// If there is no clause of this name.
    pub fn run(&self, name: &str) -> Result<(), String> {
        let decorate = Arc::clone(&self.decorate);
        self.terms.run(find(CLAUSES, name), move |context| Trial::new(context, &decorate))
    }

    /// Runs all clauses for which everything is claimed that they need, and says which fail. Those
    /// that are `expected` to fail may wait only for a moment.
    ///
    /// For suites that are run from one test. In a process that a clause starts
    /// for itself, which comes to this again, it ends that process.
    pub fn failures(&self, expected: &[&str]) -> Vec<Failure> {
        self.terms.failures(CLAUSES, expected, || {
            let decorate = Arc::clone(&self.decorate);
            move |context| Trial::new(context, &decorate)
        })
    }

    /// The names of the clauses.
    pub fn claimed(&self) -> impl Iterator<Item = &'static str> {
        CLAUSES.iter().map(|clause| clause.name)
    }
}

impl fmt::Debug for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite").field("terms", &self.terms).finish_non_exhaustive()
    }
}

/// Has a decorator's author know that nothing gets lost in it: a test for each method of
/// [`GlobalReactor`](mini_reactor::GlobalReactor), present and provided.
///
/// The argument is a closure that decorates a backend, which is a
/// [`Spy`](crate::decorator::Spy). A decorator that is there to change something fails the clause
/// about it; it is for those that only look.
///
/// # Examples
///
/// ```
/// mod boxed {
///     mini_reactor_conformance::decorator! { decorate: |inner| Box::new(inner) }
/// }
/// ```
#[macro_export]
macro_rules! decorator {
    (decorate: $decorate:expr $(,)?) => {
        fn conformance_suite() -> $crate::decorator::Suite {
            $crate::decorator::Suite::new($decorate, module_path!())
        }
        $crate::__suite! { $__each_decorator_clause }
    };
}
