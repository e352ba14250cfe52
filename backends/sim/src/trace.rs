//! What happened, step by step: a sum of it always, and as text if the run is recorded.
//!
//! Everything in it is numbered by the simulation itself, and time is virtual: no address, no hash
//! order, no number of the process. So the same seed and the same program give the same text, byte
//! for byte, in any process and on any machine. The text is made only when it is asked for; a step
//! costs the addition to the sum, and 40 bytes in a recorded run.

use std::fmt;
use std::sync::Arc;

use mini_reactor::{Direction, Directions};

use crate::chance::mix;
use crate::fault::Strike;

/// One step. Numbers are of objects, unless the field says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Opened(u32),
    Closed(u32),
    Watched(u32),
    Unwatched(u32),
    Reported {
        number: u32,
        ready: Directions,
        closed: Directions,
    },
    Did {
        number: u32,
        op: &'static str,
        outcome: Outcome,
    },
    Came {
        number: u32,
        what: &'static str,
        bytes: u32,
    },
    /// Between two hosts: `what` became of a message or of the link.
    Link {
        from: u16,
        to: u16,
        what: &'static str,
    },
    Struck(Strike),
    Task {
        task: u32,
        what: &'static str,
    },
    /// The program's own words, by their place in the list.
    Said(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Moved { bytes: u32, of: u32 },
    Blocked,
    Failed(&'static str),
}

/// What happened in a simulation, up to the moment at which it was taken.
///
/// As text, a line for each step: the virtual time in seconds, and what happened. Two traces are
/// equal only if everything in them is.
///
/// # Examples
///
/// ```
/// use mini_reactor_sim::{Settings, Sim};
///
/// let run = |seed| {
///     let sim = Sim::new(Settings::new().seed(seed));
///     sim.block_on(async { sim.note("hello") });
///     sim.trace()
/// };
/// assert_eq!(run(1), run(1));
/// assert!(run(1).to_string().contains("0.000000000 note: hello"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Trace {
    sum: u64,
    steps: u64,
    records: bool,
    list: Vec<(u64, What)>,
    /// What the numbers of objects, tasks, hosts and notes stand for; kept if the run is recorded.
    objects: Vec<Arc<str>>,
    tasks: Vec<Arc<str>>,
    hosts: Vec<Arc<str>>,
    notes: Vec<Arc<str>>,
    said: u32,
}

impl Trace {
    pub(crate) fn new(seed: u64, records: bool) -> Trace {
        let list = Vec::with_capacity(if records { 256 } else { 0 });
        Trace {
            sum: mix(seed),
            steps: 0,
            records,
            list,
            objects: Vec::new(),
            tasks: Vec::new(),
            hosts: Vec::new(),
            notes: Vec::new(),
            said: 0,
        }
    }

    /// A number made of everything that happened: runs with the same sum went the same way.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// How many steps there were.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The lines of the text. There are none if the run was not recorded, as those of
    /// [`explore`](crate::explore) are not, until one fails.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.list.iter().map(|(at, what)| format!("{} {}", Seconds(*at), Line(self, *what)))
    }

    /// A part of the lines, the last ones before step `end`: how many were left out, and the rest.
    pub(crate) fn tail(
        &self,
        lines: usize,
        end: Option<usize>,
    ) -> (usize, impl Iterator<Item = String> + '_) {
        let end = end.unwrap_or(self.list.len());
        let left_out = end.saturating_sub(lines);
        (left_out, self.lines().take(end).skip(left_out))
    }

    pub(crate) fn add(&mut self, at: u64, what: What) {
        self.steps += 1;
        self.sum = what.add_to(mix(self.sum ^ at));
        if self.records {
            self.list.push((at, what));
        }
    }

    /// The program says something.
    pub(crate) fn say(&mut self, at: u64, text: &str) {
        self.sum = add_bytes(self.sum, text);
        if self.records {
            self.notes.push(text.into());
        }
        self.add(at, What::Said(self.said));
        self.said += 1;
    }

    /// Whether names are worth making.
    pub(crate) fn records(&self) -> bool {
        self.records
    }

    /// Objects, tasks and hosts are named in the order of their numbers, from 1.
    pub(crate) fn name_object(&mut self, name: String) {
        self.objects.push(name.into());
    }

    pub(crate) fn name_task(&mut self, name: &Arc<str>) {
        self.sum = add_bytes(self.sum, name);
        if self.records {
            self.tasks.push(Arc::clone(name));
        }
    }

    pub(crate) fn name_host(&mut self, name: &Arc<str>) {
        self.sum = add_bytes(self.sum, name);
        self.hosts.push(Arc::clone(name));
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace")
            .field("steps", &self.steps)
            .field("sum", &format_args!("{:016x}", self.sum))
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl What {
    fn add_to(self, sum: u64) -> u64 {
        let (kind, first, second, third) = match self {
            What::Opened(number) => (1, number, 0, 0),
            What::Closed(number) => (2, number, 0, 0),
            What::Watched(number) => (3, number, 0, 0),
            What::Unwatched(number) => (4, number, 0, 0),
            What::Reported { number, ready, closed } => (5, number, bits(ready), bits(closed)),
            What::Did { number, op, outcome } => {
                let (bytes, of) = match outcome {
                    Outcome::Done => (1, 0),
                    Outcome::Moved { bytes, of } => (bytes, of),
                    Outcome::Blocked => (2, 0),
                    Outcome::Failed(_) => (3, 0),
                };
                let failure = if let Outcome::Failed(failure) = outcome { failure } else { "" };
                return add_bytes(add_bytes(add(sum, 6, number, bytes, of), op), failure);
            }
            What::Came { number, what, bytes } => {
                return add_bytes(add(sum, 7, number, bytes, 0), what);
            }
            What::Link { from, to, what } => {
                return add_bytes(add(sum, 8, from.into(), to.into(), 0), what);
            }
            What::Struck(strike) => (9, strike.fault as u32, strike.whom, strike.occasion),
            What::Task { task, what } => return add_bytes(add(sum, 10, task, 0, 0), what),
            What::Said(place) => (11, place, 0, 0),
        };
        add(sum, kind, first, second, third)
    }
}

fn add(sum: u64, kind: u32, first: u32, second: u32, third: u32) -> u64 {
    let low = u64::from(kind) << 32 | u64::from(first);
    let high = u64::from(second) << 32 | u64::from(third);
    mix(sum.wrapping_mul(3) ^ low).wrapping_add(high.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn add_bytes(sum: u64, text: &str) -> u64 {
    text.bytes().fold(sum, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

fn bits(directions: Directions) -> u32 {
    u32::from(directions.contains(Direction::Read))
        | u32::from(directions.contains(Direction::Write)) << 1
}

/// A time of the virtual clock, as seconds.
pub(crate) struct Seconds(pub(crate) u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.0 / 1_000_000_000, self.0 % 1_000_000_000)
    }
}

struct Line<'a>(&'a Trace, What);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = |number: u32| match named(&self.0.objects, number) {
            Some(name) => format!("#{number} {name}"),
            None => format!("#{number}"),
        };
        let host = |index: u16| named(&self.0.hosts, u32::from(index) + 1).map_or("?", |name| name);
        match self.1 {
            What::Opened(number) => write!(f, "{}: opened", object(number)),
            What::Closed(number) => write!(f, "{}: closed", object(number)),
            What::Watched(number) => write!(f, "{}: registered", object(number)),
            What::Unwatched(number) => write!(f, "{}: deregistered", object(number)),
            What::Reported { number, ready, closed } => {
                write!(f, "{}: reported {ready:?}", object(number))?;
                if closed.is_empty() { Ok(()) } else { write!(f, ", closed {closed:?}") }
            }
            What::Did { number, op, outcome } => {
                write!(f, "{}: {op}", object(number))?;
                match outcome {
                    Outcome::Done => Ok(()),
                    Outcome::Moved { bytes, of } => write!(f, " {bytes} of {of}"),
                    Outcome::Blocked => f.write_str(" would block"),
                    Outcome::Failed(why) => write!(f, " failed: {why}"),
                }
            }
            What::Came { number, what, bytes: 0 } => write!(f, "{}: {what}", object(number)),
            What::Came { number, what, bytes } => {
                write!(f, "{}: {what}, {bytes} bytes", object(number))
            }
            What::Link { from, to, what } => write!(f, "{} -> {}: {what}", host(from), host(to)),
            What::Struck(strike) => write!(f, "fault {strike}"),
            What::Task { task, what } => {
                write!(f, "task `{}` {what}", named(&self.0.tasks, task).map_or("?", |name| name))
            }
            What::Said(place) => {
                write!(f, "note: {}", named(&self.0.notes, place + 1).map_or("?", |text| text))
            }
        }
    }
}

fn named(names: &[Arc<str>], number: u32) -> Option<&str> {
    names.get(number as usize - 1).map(|name| &**name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;

    #[test]
    fn every_field_of_every_step_is_in_the_sum() {
        let (none, read, write) = (Directions::NONE, Directions::READ, Directions::WRITE);
        let did = |number, op, outcome| What::Did { number, op, outcome };
        let reported = |number, ready, closed| What::Reported { number, ready, closed };
        let moved = |bytes, of| Outcome::Moved { bytes, of };
        let steps = [
            What::Opened(1),
            What::Opened(2),
            What::Closed(1),
            What::Watched(1),
            What::Unwatched(1),
            reported(1, read, none),
            reported(1, write, none),
            reported(1, read, read),
            reported(2, read, none),
            did(1, "read", Outcome::Blocked),
            did(1, "write", Outcome::Blocked),
            did(1, "read", Outcome::Done),
            did(1, "read", moved(3, 4)),
            did(1, "read", moved(3, 5)),
            did(1, "read", moved(2, 4)),
            did(1, "read", Outcome::Failed("x")),
            did(1, "read", Outcome::Failed("y")),
            What::Came { number: 1, what: "data", bytes: 1 },
            What::Came { number: 1, what: "data", bytes: 2 },
            What::Came { number: 1, what: "end", bytes: 1 },
            What::Link { from: 1, to: 2, what: "cut" },
            What::Link { from: 2, to: 1, what: "cut" },
            What::Link { from: 1, to: 2, what: "whole" },
            What::Struck(Strike { fault: Fault::Reset, whom: 1, occasion: 1 }),
            What::Struck(Strike { fault: Fault::Reset, whom: 1, occasion: 2 }),
            What::Struck(Strike { fault: Fault::Reset, whom: 2, occasion: 1 }),
            What::Struck(Strike { fault: Fault::Loss, whom: 1, occasion: 1 }),
            What::Task { task: 1, what: "polled" },
            What::Task { task: 2, what: "polled" },
            What::Task { task: 1, what: "ended" },
            What::Said(0),
        ];
        let sum_of = |at, what| {
            let mut trace = Trace::new(1, false);
            trace.add(at, what);
            assert_eq!(trace.lines().count(), 0, "it was not recorded");
            trace.sum()
        };
        let mut sums: Vec<u64> = steps.iter().map(|what| sum_of(1, *what)).collect();
        sums.push(sum_of(2, steps[0]));
        sums.push(Trace::new(2, false).sum());
        sums.sort_unstable();
        let count = sums.len();
        sums.dedup();
        assert_eq!(sums.len(), count);
    }
}
