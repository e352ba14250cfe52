//! A clause of a contract: a name, a sentence, and the check; and how one is run.
//!
//! A check runs on a thread of its own, and whoever asked for it waits only so long: a lost wake-up
//! is a failure with a sentence, not a test that never ends. What it waits for is noted, so that
//! the failure can say it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::process::Place;
use crate::threads::{self, End, message};

/// One sentence of a contract, and what checks it; `T` is what the check works on.
pub(crate) struct Clause<T: 'static> {
    /// Unique within its suite.
    pub(crate) name: &'static str,
    /// What has to be true.
    pub(crate) sentence: &'static str,
    /// The claims without which it does not apply.
    pub(crate) needs: &'static [&'static str],
    pub(crate) check: fn(&T),
}

/// How the clauses of a suite are run.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) claims: Vec<&'static str>,
    pub(crate) place: Place,
    /// How long one wait may last.
    pub(crate) patience: Duration,
    /// The share of its repetitions that a clause does, in percent.
    pub(crate) effort: usize,
}

impl Terms {
    pub(crate) fn new(claims: &[&'static str], place: Place) -> Terms {
        Terms { claims: claims.to_vec(), place, patience: Duration::from_secs(20), effort: 100 }
    }

    pub(crate) fn claimed<T>(&self, clause: &Clause<T>) -> bool {
        clause.needs.iter().all(|need| self.claims.contains(need))
    }

    /// Runs one clause.
    ///
    /// # Errors
    ///
    /// Why it does not hold.
    pub(crate) fn run<T: 'static>(
        &self,
        clause: &'static Clause<T>,
        make: impl FnOnce(Context) -> T + Send + 'static,
    ) -> Result<(), String> {
        let terms = self.clone();
        if let Some(need) = clause.needs.iter().find(|need| !terms.claims.contains(need)) {
            return Err(format!("not claimed: {need}"));
        }
        let context = Context { clause: clause.name, terms, note: Arc::default() };
        let note = Arc::clone(&context.note);
        let thread = threads::start(clause.name, move || (clause.check)(&make(context)));
        // Each wait inside has its own end, so this one is for what is no wait of the clause's.
        match thread.wait(3 * self.patience) {
            End::Returned(()) => Ok(()),
            End::Panicked(payload) => Err(message(&*payload)),
            End::Hangs => {
                let noted = note.lock().unwrap_or_else(PoisonError::into_inner).clone();
                Err(format!("it hangs; the last thing that it waited for is {noted}"))
            }
        }
    }

    /// As `run`, for a test.
    ///
    /// # Panics
    ///
    /// If the clause does not hold: with its sentence, and what happened instead.
    pub(crate) fn check<T: 'static>(
        &self,
        clauses: &'static [Clause<T>],
        name: &str,
        make: impl FnOnce(Context) -> T + Send + 'static,
    ) {
        let clause = find(clauses, name);
        if let Err(reason) = self.run(clause, make) {
            panic!("the contract says: {}\nbut {reason}", clause.sentence);
        }
    }
}

/// A clause that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its name.
    pub clause: &'static str,
    /// What happened instead of what it demands.
    pub reason: String,
}

/// So long a clause may wait that is expected to fail, perhaps by waiting.
const IMPATIENCE: Duration = Duration::from_millis(500);

impl Terms {
    /// Runs all clauses that are claimed and collects those that fail. Those `expected` to fail
    /// have little patience, so that a hang does not take long.
    ///
    /// In a process that a clause has started for itself, runs that clause, and ends the process.
    pub(crate) fn failures<T: 'static, M: FnOnce(Context) -> T + Send + 'static>(
        &self,
        clauses: &'static [Clause<T>],
        expected: &[&str],
        make: impl Fn() -> M,
    ) -> Vec<Failure> {
        if let Some(only) = Place::only() {
            match self.run(find(clauses, &only), make()) {
                Ok(()) => std::process::exit(0),
                Err(reason) => panic!("{reason}"),
            }
        }
        let mut failures = Vec::new();
        for clause in clauses.iter().filter(|clause| self.claimed(clause)) {
            let mut terms = self.clone();
            if expected.contains(&clause.name) {
                terms.patience = IMPATIENCE;
            }
            if let Err(reason) = terms.run(clause, make()) {
                failures.push(Failure { clause: clause.name, reason });
            }
        }
        failures
    }
}

pub(crate) fn find<T>(clauses: &'static [Clause<T>], name: &str) -> &'static Clause<T> {
    let found = clauses.iter().find(|clause| clause.name == name);
    found.unwrap_or_else(|| panic!("the suite has no clause {name}"))
}

/// What every check has at hand, whatever it works on.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) clause: &'static str,
    pub(crate) terms: Terms,
    /// What is being waited for.
    note: Arc<Mutex<String>>,
}

impl Context {
    pub(crate) fn patience(&self) -> Duration {
        self.terms.patience
    }

    pub(crate) fn claims(&self, claim: &str) -> bool {
        self.terms.claims.contains(&claim)
    }

    /// How often to do what should be done `full` times.
    pub(crate) fn times(&self, full: usize) -> usize {
        (full * self.terms.effort).div_ceil(100)
    }

    /// Notes what is about to be waited for.
    pub(crate) fn note(&self, what: &str) {
        what.clone_into(&mut self.note.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Repeats `step` until it says that it is done.
    ///
    /// # Panics
    ///
    /// If that takes too long.
    pub(crate) fn repeat(&self, what: &str, mut step: impl FnMut() -> bool) {
        self.note(what);
        let begin = Instant::now();
        while !step() {
            let patience = self.patience();
            assert!(begin.elapsed() < patience, "in {patience:?} this has not come: {what}");
        }
    }

    /// Runs the clause in a process of its own, since it counts or uses up what all the threads of
    /// a process share.
    pub(crate) fn in_a_process_of_its_own(&self, body: impl FnOnce()) {
        self.terms.place.run(self.clause, 3 * self.patience(), body);
    }

    /// As above; `beside` is done to that process, from here, again and again.
    #[cfg(unix)]
    pub(crate) fn in_a_disturbed_process(
        &self,
        body: impl FnOnce(),
        beside: impl FnMut(&std::process::Child),
    ) {
        self.terms.place.run_beside(self.clause, 3 * self.patience(), body, beside);
    }
}
