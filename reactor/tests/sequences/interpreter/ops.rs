//! What a sequence is made of, and how it is read from bytes.
//!
//! Any bytes are a sequence, so that a fuzzer's input, a random one and a shortened one are the
//! same thing. What an operation names and is not there (a future that ended) makes it do nothing.

use std::io::ErrorKind;

use mini_reactor::{Direction, Directions};

/// Registrations, I/O objects, futures, wakers and timers at a time.
pub(crate) const SLOTS: usize = 2;
pub(crate) const NUMBERS: usize = 2;
pub(crate) const FUTURES: usize = 4;
pub(crate) const TASKS: usize = 4;
pub(crate) const TIMERS: usize = 4;

/// One step of a sequence.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    /// Puts object `number` in the reactor's care; what was in the slot is dropped.
    New {
        slot: usize,
        number: usize,
    },
    /// The object is another: one that never ends, and of which the system says that it is always
    /// ready, or not.
    Renew {
        number: usize,
        always: bool,
    },
    /// Makes a future that waits for readiness.
    Ready {
        slot: usize,
        direction: Direction,
        future: usize,
    },
    /// Makes a future that does I/O. `race`: an event comes after its first failed attempt.
    Io {
        slot: usize,
        direction: Direction,
        future: usize,
        race: bool,
    },
    Poll {
        future: usize,
        task: usize,
    },
    DropFuture {
        future: usize,
    },
    PollReady {
        slot: usize,
        direction: Direction,
        task: usize,
    },
    /// Polls for I/O so many times in a row, until one does not succeed.
    PollIo {
        slot: usize,
        direction: Direction,
        task: usize,
        times: u8,
        race: bool,
    },
    /// One transfer, with room for `length`.
    PollStream {
        slot: usize,
        direction: Direction,
        task: usize,
        length: u8,
    },
    /// Data, or room, comes to the object.
    Arrive {
        number: usize,
        direction: Direction,
        amount: u8,
    },
    /// The last data come with the end of the stream, as one event.
    Finish {
        number: usize,
        amount: u8,
    },
    /// The backend reports something, whether or not it is so.
    Report {
        slot: usize,
        what: What,
    },
    Turn,
    /// The next turn says that there may be more.
    Full,
    Fail {
        slot: usize,
        kind: ErrorKind,
    },
    DropSlot {
        slot: usize,
    },
    IntoInner {
        slot: usize,
    },
    /// Remembers what is known.
    Tick {
        slot: usize,
        direction: Direction,
    },
    /// The next call of this kind fails.
    Refuse {
        call: Refusal,
        kind: ErrorKind,
    },
    TimerNew {
        timer: usize,
        after: u64,
    },
    /// By an instant, not a duration.
    TimerAt {
        timer: usize,
        at: u64,
    },
    TimerPoll {
        timer: usize,
        task: usize,
    },
    TimerReset {
        timer: usize,
        at: Option<u64>,
    },
    TimerDrop {
        timer: usize,
    },
    Advance {
        by: u64,
    },
    /// Drives by `block_on` until a timer of its own.
    Sleep {
        duration: u64,
    },
    /// Somebody else's loop begins or ceases to drive.
    External {
        begins: bool,
    },
    /// Nothing is refused any more, and everything there is to report is reported.
    Settle,
}

/// A call of the backend's that may be refused.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    Register,
    Rearm,
    Deregister,
    Turn,
}

/// What a backend reports.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum What {
    Ready(Directions),
    Closed(Directions),
    Disarmed(Directions),
}

/// The rest of a sequence.
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// A number below `bound`, a small one.
    pub(crate) fn below(&mut self, bound: usize) -> Option<usize> {
        Some(usize::from(self.byte()?) % bound)
    }

    fn flag(&mut self) -> Option<bool> {
        Some(self.byte()? & 1 != 0)
    }

    pub(crate) fn direction(&mut self) -> Option<Direction> {
        Some(if self.flag()? { Direction::Write } else { Direction::Read })
    }

    fn directions(&mut self) -> Option<Directions> {
        let all = [Directions::READ, Directions::WRITE, Directions::BOTH, Directions::NONE];
        Some(all[self.below(all.len())?])
    }

    pub(crate) fn kind(&mut self) -> Option<ErrorKind> {
        let kinds = [
            ErrorKind::OutOfMemory,
            ErrorKind::PermissionDenied,
            ErrorKind::NotFound,
            ErrorKind::BrokenPipe,
        ];
        Some(kinds[self.below(kinds.len())?])
    }

    /// Nanoseconds, few of them, so that timers meet.
    fn nanoseconds(&mut self) -> Option<u64> {
        Some(u64::from(self.byte()? % 32))
    }

    fn what(&mut self) -> Option<What> {
        let directions = self.directions()?;
        Some(match self.below(3)? {
            0 => What::Ready(directions),
            1 => What::Closed(directions),
            _ => What::Disarmed(directions),
        })
    }

    fn refusal(&mut self) -> Option<Op> {
        let calls = [Refusal::Register, Refusal::Rearm, Refusal::Deregister, Refusal::Turn];
        let (call, kind) = (calls[self.below(calls.len())?], self.kind()?);
        let interrupted = matches!(call, Refusal::Turn) && kind == ErrorKind::NotFound;
        Some(Op::Refuse { call, kind: if interrupted { ErrorKind::Interrupted } else { kind } })
    }

    /// The next step; what comes often has more than one number.
    pub(crate) fn op(&mut self) -> Option<Op> {
        let code = self.below(46)?;
        if code >= 28 {
            return self.rarer_op(code);
        }
        Some(match code {
            0 | 1 => Op::New { slot: self.below(SLOTS)?, number: self.below(NUMBERS)? },
            2 => Op::Renew { number: self.below(NUMBERS)?, always: self.flag()? },
            3 | 4 => Op::Ready {
                slot: self.below(SLOTS)?,
                direction: self.direction()?,
                future: self.below(FUTURES)?,
            },
            5 | 6 => Op::Io {
                slot: self.below(SLOTS)?,
                direction: self.direction()?,
                future: self.below(FUTURES)?,
                race: self.flag()?,
            },
            7..=10 => Op::Poll { future: self.below(FUTURES)?, task: self.below(TASKS)? },
            11 => Op::DropFuture { future: self.below(FUTURES)? },
            12 | 13 => Op::PollReady {
                slot: self.below(SLOTS)?,
                direction: self.direction()?,
                task: self.below(TASKS)?,
            },
            14 | 15 => Op::PollIo {
                slot: self.below(SLOTS)?,
                direction: self.direction()?,
                task: self.below(TASKS)?,
                times: if code == 14 { 1 } else { self.byte()? },
                race: self.flag()?,
            },
            16 => self.poll_stream()?,
            17..=19 => Op::Arrive {
                number: self.below(NUMBERS)?,
                direction: self.direction()?,
                amount: if code == 19 { self.byte()? } else { 1 },
            },
            20 => Op::Report { slot: self.below(SLOTS)?, what: self.what()? },
            21..=23 => Op::Turn,
            24 => Op::Fail { slot: self.below(SLOTS)?, kind: self.kind()? },
            25 => match self.flag()? {
                true => Op::DropSlot { slot: self.below(SLOTS)? },
                false => Op::IntoInner { slot: self.below(SLOTS)? },
            },
            26 => Op::Tick { slot: self.below(SLOTS)?, direction: self.direction()? },
            _ => self.refusal()?,
        })
    }

    fn rarer_op(&mut self, code: usize) -> Option<Op> {
        Some(match code {
            28 => Op::TimerNew { timer: self.below(TIMERS)?, after: self.nanoseconds()? },
            29 => Op::TimerAt { timer: self.below(TIMERS)?, at: 4 * self.nanoseconds()? },
            30..=32 => Op::TimerPoll { timer: self.below(TIMERS)?, task: self.below(TASKS)? },
            33 => Op::TimerReset {
                timer: self.below(TIMERS)?,
                at: Some(4 * self.nanoseconds()?).filter(|at| *at != 0),
            },
            34 => Op::TimerDrop { timer: self.below(TIMERS)? },
            35 => Op::Advance { by: self.nanoseconds()? },
            36 => Op::Sleep { duration: self.nanoseconds()? },
            37 => Op::External { begins: self.flag()? },
            38 => Op::Full,
            39 => Op::Settle,
            40 | 41 => Op::Finish { number: self.below(NUMBERS)?, amount: self.byte()? % 3 },
            _ => self.poll_stream()?,
        })
    }

    fn poll_stream(&mut self) -> Option<Op> {
        Some(Op::PollStream {
            slot: self.below(SLOTS)?,
            direction: self.direction()?,
            task: self.below(TASKS)?,
            length: 1 + self.byte()? % 3,
        })
    }
}
