//! What a simulation is made with, and the part of it that a replay line holds.

use std::fmt;
use std::time::Duration;

use crate::fault::{Faults, Strike, read_list, write_list};

/// The variable that holds a replay line's settings: [`explore`](crate::explore) then makes that
/// one run.
pub const VARIABLE: &str = "MINI_REACTOR_SIM";

/// What a simulation is made with.
///
/// Shown as text, it is what differs between the runs of one test, for a replay line: the seed and
/// the faults. [`replaying`](Settings::replaying) reads that.
///
/// # Examples
///
/// ```
/// use mini_reactor_sim::{Fault, Faults, Settings};
///
/// let settings = Settings::new().seed(7).faults(Faults::NONE.with(Fault::Reset));
/// assert_eq!(settings.to_string(), "seed=7 faults=reset");
/// let again = Settings::new().replaying("seed=7 faults=reset")?;
/// assert_eq!(again.to_string(), settings.to_string());
/// # Ok::<_, String>(())
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) seed: u64,
    pub(crate) faults: Faults,
    pub(crate) only: Option<Vec<Strike>>,
    /// The least and the most that a message between two hosts takes, in nanoseconds.
    pub(crate) latency: (u64, u64),
    pub(crate) buffer: usize,
    pub(crate) time_limit: Duration,
    pub(crate) spin_limit: u32,
    pub(crate) foreign_threads: bool,
    pub(crate) record: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings::new()
    }
}

impl Settings {
    /// Seed 0, the [mild](Faults::MILD) faults, latencies from 100 µs to 1 ms, buffers of 64 KiB.
    pub const fn new() -> Settings {
        Settings {
            seed: 0,
            faults: Faults::MILD,
            only: None,
            latency: (100_000, 1_000_000),
            buffer: 64 * 1024,
            time_limit: Duration::from_secs(3600),
            spin_limit: 1_000_000,
            foreign_threads: false,
            record: true,
        }
    }

    /// What everything is drawn from.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Settings {
        self.seed = seed;
        self
    }

    /// Which faults may strike. How often each of them does, each seed draws: some never.
    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Settings {
        self.faults = faults;
        self.only = None;
        self
    }

    /// Exactly these faults strike, and no others.
    #[must_use]
    pub fn only(mut self, strikes: impl IntoIterator<Item = Strike>) -> Settings {
        self.only = Some(strikes.into_iter().collect());
        self
    }

    /// How long a message between two hosts takes: `least`, and up to `most` when
    /// [`Jitter`](crate::Fault::Jitter) strikes.
    #[must_use]
    pub fn latency(mut self, least: Duration, most: Duration) -> Settings {
        let least = nanoseconds(least);
        self.latency = (least, nanoseconds(most).max(least));
        self
    }

    /// How many bytes a stream or pipe takes in each direction before the reader has read any, and
    /// how many a datagram socket keeps; at least 1.
    #[must_use]
    pub fn buffer(mut self, bytes: usize) -> Settings {
        self.buffer = bytes.max(1);
        self
    }

    /// A run whose clock would pass this fails; an hour unless set.
    ///
    /// It ends programs that cannot deadlock, since some heartbeat goes on for ever, and that do
    /// not finish either.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Settings {
        self.time_limit = limit;
        self
    }

    /// A run in which so many turns of the reactor and polls of named tasks follow each other,
    /// without a step of the clock or a byte moved, fails; a million unless set.
    #[must_use]
    pub fn spin_limit(mut self, limit: u32) -> Settings {
        self.spin_limit = limit;
        self
    }

    /// Whether threads that the simulator knows nothing of may act: then a turn with nothing to
    /// wait for sleeps until one does, instead of reporting a deadlock. Such runs do not repeat.
    ///
    /// For work that is handed to a thread and awaited, take [`Sim::job`](crate::Sim::job), which
    /// also stops the clock.
    #[must_use]
    pub fn foreign_threads(mut self, may_act: bool) -> Settings {
        self.foreign_threads = may_act;
        self
    }

    /// These settings, with the seed and the faults of a replay line: the text that [`Failure`]
    /// gives and that [`VARIABLE`] holds.
    ///
    /// # Errors
    ///
    /// Says what of the text is no setting.
    ///
    /// [`Failure`]: crate::Failure
    pub fn replaying(mut self, line: &str) -> Result<Settings, String> {
        let mut seeded = false;
        for word in line.split_whitespace() {
            let (name, value) = word
                .split_once('=')
                .ok_or_else(|| format!("`{word}` is no setting: it lacks a `=`"))?;
            match name {
                "seed" => {
                    self.seed = value.parse().map_err(|_| format!("`{value}` is no seed"))?;
                    seeded = true;
                }
                "faults" => (self.faults, self.only) = (value.parse()?, None),
                "only" => self.only = Some(read_list(value)?),
                _ => return Err(format!("there is no setting `{name}`")),
            }
        }
        if seeded { Ok(self) } else { Err(format!("`{line}` names no seed")) }
    }

    pub(crate) fn record(mut self, record: bool) -> Settings {
        self.record = record;
        self
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed={} ", self.seed)?;
        match &self.only {
            Some(only) => {
                f.write_str("only=")?;
                write_list(f, only)
            }
            None => write!(f, "faults={}", self.faults),
        }
    }
}

/// As the simulator counts: 584 years at most.
pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;

    #[test]
    fn a_replay_line_says_everything_that_differs() {
        let strike = Strike { fault: Fault::Reset, whom: 5, occasion: 3 };
        for settings in [
            Settings::new().seed(u64::MAX),
            Settings::new().faults(Faults::NONE),
            Settings::new().seed(1).only([strike]),
            Settings::new().seed(1).only([]),
        ] {
            let line = settings.to_string();
            let again = Settings::new().faults(Faults::ALL).replaying(&line).unwrap();
            assert_eq!(again.to_string(), line);
        }
    }

    #[test]
    fn what_is_no_replay_line_is_refused() {
        for (line, said) in [
            ("", "`` names no seed"),
            ("faults=reset", "`faults=reset` names no seed"),
            ("seed=x", "`x` is no seed"),
            ("seed", "`seed` is no setting: it lacks a `=`"),
            ("seed=1 sed=1", "there is no setting `sed`"),
            ("seed=1 faults=rset", "no fault is named `rset`"),
            ("seed=1 only=reset", "`reset` is not of the form `reset@5.3`"),
        ] {
            assert_eq!(Settings::new().replaying(line).map(drop), Err(said.to_owned()));
        }
    }
}
