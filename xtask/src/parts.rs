//! The parts of a long check: every part runs, whatever the ones before it said, so that one run
//! tells everything; the summary names what failed and what could not run, and why.

use crate::command::Typed;
use std::time::{Duration, Instant};

/// How a part ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed(String),
    /// Something that it needs is not there; what.
    NotRun(String),
}

impl From<Result<(), String>> for Outcome {
    fn from(result: Result<(), String>) -> Outcome {
        result.map_or_else(Outcome::Failed, |()| Outcome::Passed)
    }
}

/// The parts that have run so far.
#[derive(Debug, Default)]
pub(crate) struct Parts(Vec<(String, Duration, Outcome)>);

impl Parts {
    /// Announces and runs a part; true if it passed.
    pub(crate) fn run<O: Into<Outcome>>(
        &mut self,
        name: &str,
        why: &str,
        work: impl FnOnce() -> O,
    ) -> bool {
        println!("\n== {name}: {why}");
        let begun = Instant::now();
        let outcome = work().into();
        let passed = outcome == Outcome::Passed;
        self.0.push((name.to_owned(), begun.elapsed(), outcome));
        passed
    }

    /// Prints the summary.
    ///
    /// # Errors
    /// If a part failed or could not run.
    pub(crate) fn finish(self) -> Result<(), String> {
        println!("\n== summary");
        let (mut failed, mut not_run) = (0, 0);
        for (name, time, outcome) in &self.0 {
            let verdict = match outcome {
                Outcome::Passed => "ok".to_owned(),
                Outcome::Failed(error) => {
                    failed += 1;
                    format!("FAILED: {error}")
                }
                Outcome::NotRun(reason) => {
                    not_run += 1;
                    format!("not run: {reason}")
                }
            };
            println!("{name:<26}{:>7.1} s  {verdict}", time.as_secs_f64());
        }
        let passed = self.0.len() - failed - not_run;
        println!("parts: {passed} passed, {failed} failed, {not_run} not run");
        if failed + not_run == 0 {
            return Ok(());
        }
        Err(format!("{failed} failed, {not_run} not run"))
    }
}

/// Runs all the commands, also after one that failed.
pub(crate) fn all(commands: &[Typed]) -> Outcome {
    let failed: Vec<String> = commands.iter().filter_map(|command| command.run().err()).collect();
    if failed.is_empty() { Outcome::Passed } else { Outcome::Failed(failed.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_or_did_not_run_fails_the_whole() {
        let summary = |outcomes: &[Outcome]| {
            let mut parts = Parts::default();
            for outcome in outcomes {
                parts.run("a", "b", || outcome.clone());
            }
            parts.finish()
        };
        let (failed, not_run) = (Outcome::Failed("x".into()), Outcome::NotRun("y".into()));
        assert_eq!(summary(&[Outcome::Passed]), Ok(()));
        assert_eq!(summary(&[Outcome::Passed, failed]), Err("1 failed, 0 not run".to_owned()));
        assert_eq!(summary(&[not_run, Outcome::Passed]), Err("0 failed, 1 not run".to_owned()));
    }
}
