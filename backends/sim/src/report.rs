//! Why a run cannot go on, in words: who waits for what, and since when.
//!
//! The core tells the simulator of each wait when it begins; in whose poll that is (of which named
//! task) the simulator knows; and which waits still go on, it asks the core. What a task waits for
//! that is not simulated (a channel, a lock, another task) it cannot know, and says so.

use std::fmt::{self, Write};
use std::sync::MutexGuard;

use mini_reactor::Direction;

use crate::task::UNNAMED;
use crate::trace::Seconds;
use crate::world::World;

/// What is wrong with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Deadlock,
    TimeLimit,
    Spins,
}

/// Somebody who waits for an object.
struct Waiting {
    task: u32,
    /// `None`: nobody has said who waits, as when a decorator does not forward `observe`.
    since: Option<u64>,
    number: u32,
    purpose: &'static str,
}

/// Ends the run: panics with the report. The lock is released first.
pub(crate) fn fail(world: MutexGuard<'_, World>, verdict: Verdict) -> ! {
    let report = world.report_of(verdict);
    drop(world);
    panic!("{report}");
}

impl World {
    fn report_of(&self, verdict: Verdict) -> String {
        let mut text = String::new();
        self.write_report(&mut text, verdict).expect("a string takes everything");
        text
    }

    fn write_report(&self, text: &mut String, verdict: Verdict) -> fmt::Result {
        let (now, limit) = (Seconds(self.clock), self.settings.time_limit);
        match verdict {
            Verdict::Deadlock => write!(
                text,
                "deadlock at {now} s: nothing can run, no timer is set, nothing is under way"
            )?,
            Verdict::TimeLimit => {
                write!(text, "time limit at {now} s: not finished after {limit:?}")?;
            }
            Verdict::Spins => write!(
                text,
                "livelock at {now} s: {} turns and polls, and neither the clock nor a byte moved",
                self.idle - 1
            )?,
        }
        writeln!(text, " (seed {})", self.settings.seed)?;
        let waits = self.waits();
        for (number, task) in &self.tasks.live {
            let mut own = waits.iter().filter(|wait| wait.task == *number).peekable();
            if own.peek().is_none() {
                let timer = if verdict == Verdict::Deadlock { "" } else { "a timer, " };
                writeln!(
                    text,
                    "  task `{}`, polled last at {} s, waits for nothing that is simulated \
                     ({timer}a channel, a lock, another task?)",
                    task.name,
                    Seconds(task.polled)
                )?;
            }
            own.try_for_each(|wait| self.write_wait(text, &format!("task `{}`", task.name), wait))?;
        }
        let named = |wait: &&Waiting| self.tasks.live.contains_key(&wait.task);
        for wait in waits.iter().filter(|wait| !named(wait)) {
            self.write_wait(text, "a task without a name", wait)?;
        }
        for (one, other, count) in self.network.held() {
            writeln!(text, "  held back by the cut link between {one} and {other}: {count}")?;
        }
        Ok(())
    }

    fn write_wait(&self, text: &mut String, who: &str, wait: &Waiting) -> fmt::Result {
        let Waiting { since, number, purpose, .. } = wait;
        let name = self.network.name(*number);
        match since.map(Seconds) {
            Some(since) => {
                writeln!(text, "  {who} waits {purpose} #{number} {name} since {since} s")
            }
            None => writeln!(text, "  somebody waits {purpose} #{number} {name}"),
        }
    }

    /// Every wait of which the core knows, with what is known of who waits.
    fn waits(&self) -> Vec<Waiting> {
        let mut waits = Vec::new();
        for (&number, watched) in &self.watched {
            let waited_for = watched.source.waited_for();
            for direction in [Direction::Read, Direction::Write] {
                if !waited_for.contains(direction) {
                    continue;
                }
                let purpose = self.network.purpose(number, direction);
                let known = self.network.waits(number, direction).iter().filter(|wait| {
                    wait.task == UNNAMED || self.tasks.live.contains_key(&wait.task)
                });
                let wait = |task, since| Waiting { task, since, number, purpose };
                let before = waits.len();
                waits.extend(known.map(|one| wait(one.task, Some(one.since))));
                if waits.len() == before {
                    waits.push(wait(UNNAMED, None));
                }
            }
        }
        waits
    }
}
