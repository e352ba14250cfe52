//! What is noted: kinds of things that happen, how often each did, and the last of them as records.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Write};
use std::ops::Index;
use std::time::{Duration, Instant};

use crate::chrome;

/// Something that happens.
///
/// Each text says what [`Record::subject`] and [`Record::value`] are: a *source* is the number of
/// one ([`Source::id`](mini_reactor::Source::id)), directions are 1 for reading, 2 for writing and
/// 3 for both, and whatever is not mentioned is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// `register` of a source.
    Registers,
    /// `rearm` of a source, for these directions.
    Rearms,
    /// `deregister` of a source.
    Deregisters,
    /// The call failed, of a source if it is about one, with this error of the system or 0.
    Fails,
    /// A task waits for a source, in this direction.
    Waits,
    /// An event: a source can be read. The value has 1 if that is the end of it, and 2 if the
    /// backend watches the source no more.
    Readable,
    /// An event: a source can be written to. The value is as for reading.
    Writable,
    /// An event of a source calls wakers: so many. All of them are counted.
    Wakes,
    /// A turn begins, which may wait so many nanoseconds; `u64::MAX`: for ever.
    TurnBegins,
    /// It ends, with so many events.
    TurnEnds,
    /// It ends, with none.
    TurnEndsEmpty,
    /// `notify`.
    Notifies,
    /// A timer is set, due in so many nanoseconds.
    TimerSet,
    /// A timer is dropped before it has expired.
    TimerDropped,
    /// Timers expire: so many, those that were due first. All of them are counted.
    TimersExpire,
    /// The thread goes to sleep beside the driver.
    Parks,
    /// Something has woken it.
    Unparks,
    /// It was sent to drive, because the driver left.
    HandedOver,
}

impl Kind {
    /// All of them, in order.
    pub const ALL: &[Kind] = &[
        Kind::Registers,
        Kind::Rearms,
        Kind::Deregisters,
        Kind::Fails,
        Kind::Waits,
        Kind::Readable,
        Kind::Writable,
        Kind::Wakes,
        Kind::TurnBegins,
        Kind::TurnEnds,
        Kind::TurnEndsEmpty,
        Kind::Notifies,
        Kind::TimerSet,
        Kind::TimerDropped,
        Kind::TimersExpire,
        Kind::Parks,
        Kind::Unparks,
        Kind::HandedOver,
    ];
}

pub(crate) const KINDS: usize = Kind::ALL.len();

/// How often everything has happened since the [`Trace`](crate::Trace) was made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub(crate) kinds: [u64; KINDS],
    /// Time, by the backend's clock, that was spent in turns that might wait.
    pub asleep: Duration,
}

impl Index<Kind> for Counts {
    type Output = u64;
    fn index(&self, kind: Kind) -> &u64 {
        &self.kinds[kind as usize]
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = Kind::ALL.iter().map(|kind| (kind, self[*kind]));
        f.debug_map().entries(kinds).entry(&"asleep", &self.asleep).finish()
    }
}

/// One line of a [`Recording`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Nanoseconds since the recording began, by the backend's clock.
    pub at: u64,
    /// The thread on which it happened, as a number; [`Recording::thread`] has the name.
    pub thread: u32,
    /// What happened.
    pub kind: Kind,
    /// To what: a source, or a timer.
    pub subject: u64,
    /// See [`Kind`].
    pub value: u64,
}

/// The last records of a time, and names for what they speak of.
#[derive(Clone, Debug)]
pub struct Recording {
    pub(crate) began: Instant,
    pub(crate) capacity: usize,
    pub(crate) records: VecDeque<Record>,
    pub(crate) dropped: u64,
    pub(crate) threads: Vec<String>,
    /// With the numbers of their sources.
    pub(crate) objects: VecDeque<(u64, String)>,
}

impl Recording {
    pub(crate) fn push(&mut self, record: Record) {
        if self.records.len() == self.capacity {
            self.dropped += u64::from(self.records.pop_front().is_some());
        }
        self.records.push_back(record);
    }

    /// The object of this source has a name. As many as records are kept, and the last ones too.
    pub(crate) fn call(&mut self, source: u64, name: &str) {
        if self.objects.len() == self.capacity {
            self.objects.pop_front();
        }
        self.objects.push_back((source, name.to_owned()));
    }

    /// What there was room for, the older first.
    pub fn records(&self) -> impl ExactSizeIterator<Item = &Record> {
        self.records.iter()
    }

    /// How many older records there was no room for.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// What the thread of this number is called.
    pub fn thread(&self, number: u32) -> Option<&str> {
        self.threads.get(number as usize).map(String::as_str)
    }

    /// What was called a source, if it was registered during the recording.
    pub fn source(&self, id: u64) -> Option<&str> {
        self.objects.iter().rev().find(|(other, _)| *other == id).map(|(_, name)| name.as_str())
    }

    /// Writes a page with the timeline. It needs no other file and no network.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_html(&self, mut out: impl Write) -> io::Result<()> {
        let page = include_str!("timeline.html");
        let place = page.split_once("\"the recording\"");
        let Some((before, after)) = place else { unreachable!("the page has this once") };
        out.write_all(before.as_bytes())?;
        self.write_chrome(&mut out)?;
        out.write_all(after.as_bytes())?;
        out.flush()
    }

    /// Writes JSON in Chrome's Trace Event Format, for Perfetto and other viewers.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_chrome(&self, out: impl Write) -> io::Result<()> {
        chrome::write(self, out)
    }
}
