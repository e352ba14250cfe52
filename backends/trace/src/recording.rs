//! What is noted: kinds of things that happen, and the last of them as records.

use std::collections::{BTreeMap, VecDeque};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use mini_reactor::BorrowedIo;

/// Defines [`Kind`], and [`KINDS`] beside it.
macro_rules! kinds {
    ($($(#[$text:meta])+ $kind:ident: $value:literal, $drawn:expr;)+) => {
        /// Something that happens.
        ///
        /// Each text says what [`Record::subject`] and [`Record::value`] are: a *source* is the
        /// number of one ([`Source::id`](mini_reactor::Source::id)), directions are 1 for reading,
        /// 2 for writing and 3 for both, and whatever is not mentioned is 0.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Kind { $($(#[$text])+ $kind),+ }

        /// Every kind, in order; what its value is called; and how it is drawn.
        pub(crate) const KINDS: &[(Kind, &str, &[(&str, &str)])] =
            &[$((Kind::$kind, $value, &$drawn)),+];
    };
}

// A kind is drawn as phases of Chrome's format, each with what it is of. Where that depends on the
// value, `chrome.rs` says so.
kinds! {
    /// `register` of a source.
    Registers: "value", [("b", "source")];
    /// `rearm` of a source, for these directions.
    Rearms: "directions", [("i", "Rearms")];
    /// `deregister` of a source.
    Deregisters: "value", [("e", "read"), ("e", "write"), ("e", "source")];
    /// The call failed, of a source if it is about one, with this error of the system or 0.
    Fails: "error", [("i", "Fails")];
    /// A task waits for a source, in this direction.
    Waits: "direction", [("b", "read")];
    /// An event: a source can be read. The value has 1 if that is the end of it, and 2 if the
    /// backend watches the source no more.
    Readable: "flags", [("e", "read"), ("i", "Readable")];
    /// An event: a source can be written to. The value is as for reading.
    Writable: "flags", [("e", "write"), ("i", "Writable")];
    /// An event of a source calls wakers: so many. All of them are counted.
    Wakes: "wakers", [("i", "Wakes")];
    /// A turn begins, which may wait so many nanoseconds; `u64::MAX`: for ever.
    TurnBegins: "timeout_ns", [("B", "drives")];
    /// It ends, with so many events.
    TurnEnds: "events", [("E", "")];
    /// It ends, with none.
    TurnEndsEmpty: "events", [("E", "")];
    /// `notify`.
    Notifies: "value", [("i", "Notifies")];
    /// A timer is set, due in so many nanoseconds.
    TimerSet: "due_ns", [("b", "timer")];
    /// A timer is dropped before it has expired.
    TimerDropped: "value", [("e", "timer")];
    /// Timers expire: so many, those that were due first. All of them are counted.
    TimersExpire: "timers", [("i", "TimersExpire")];
    /// The thread goes to sleep beside the driver.
    Parks: "value", [("B", "parked")];
    /// Something has woken it.
    Unparks: "value", [("E", "")];
    /// It was sent to drive, because the driver left.
    HandedOver: "value", [("E", ""), ("f", "hand-over")];
}

/// One line of a [`Recording`].
#[derive(Clone, Debug)]
pub struct Record {
    /// Nanoseconds since the recording began, by the backend's clock.
    pub at: u64,
    /// On which thread.
    pub thread: Thread,
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
    /// What there was room for, the older first.
    pub records: VecDeque<Record>,
    /// How many older records there was no room for.
    pub dropped: u64,
    /// What those sources are called that were registered during the recording, and are still
    /// registered or have records here.
    pub sources: BTreeMap<u64, String>,
    pub(crate) began: Instant,
    pub(crate) capacity: usize,
}

impl Recording {
    pub(crate) fn record(&mut self, at: Instant, kind: Kind, subject: u64, value: u64) {
        let at = nanos(at.saturating_duration_since(self.began));
        if self.records.len() == self.capacity {
            self.dropped += 1;
            // Nothing that is kept speaks of that source.
            let gone = self.records.pop_front().filter(|gone| gone.kind == Kind::Deregisters);
            _ = gone.map(|gone| self.sources.remove(&gone.subject));
        }
        self.records.push_back(Record { at, thread: thread::current(), kind, subject, value });
    }

    /// A page with the timeline. It needs no other file and no network.
    pub fn to_html(&self) -> String {
        // No name ends the script that it is in.
        let json = self.to_chrome().replace('<', "\\u003c");
        include_str!("timeline.html").replacen("\"the recording\"", &json, 1)
    }
}

/// What an object is called: a socket by where it is and its peer, which takes two system calls.
pub(crate) fn name(io: BorrowedIo<'_>) -> String {
    #[cfg(unix)]
    if let Some(fd) = io.as_fd() {
        use rustix::net::{getpeername, getsockname};
        let number = std::os::fd::AsRawFd::as_raw_fd(&fd);
        return match (getsockname(fd), getpeername(fd)) {
            (Ok(here), Ok(Some(peer))) => format!("fd {number}: {here:?} ⇄ {peer:?}"),
            (Ok(here), _) => format!("fd {number}: {here:?}"),
            (Err(_), _) => format!("fd {number}"),
        }
        .replace("\"\"", "a socket");
    }
    io.as_virtual().map_or_else(|| "a socket".to_owned(), |number| format!("virtual {number}"))
}

pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
