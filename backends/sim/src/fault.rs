//! What can go otherwise than a program expects: the kinds, sets of them, and single occurrences.
//!
//! Order and delay are in the same list as errors, because for whoever looks for a bug they are the
//! same: something that happens or does not, at one moment of one run. A run is known by its seed
//! and by what struck in it, so a failing run can be made smaller by leaving occurrences out.

use std::fmt;
use std::str::FromStr;

/// A kind of thing that may strike whenever there is an occasion.
///
/// The first eight are [mild](Faults::MILD): every system may do that at any time, so a correct
/// program's result does not depend on it. The others are failures that a program has to be written
/// for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// What became ready is reported in another order, and perhaps not all of it in the same turn.
    Reorder,
    /// A message takes longer than the least that its link takes.
    Jitter,
    /// A [named](crate::Sim::named) task is polled later than others that were woken after it.
    LatePoll,
    /// Readiness is reported for no reason.
    SpuriousWake,
    /// Readiness is reported some time after it came about.
    LateEvent,
    /// A read transfers less than there is.
    ShortRead,
    /// A write transfers less than there is room for.
    ShortWrite,
    /// An operation, or the reactor's turn, is interrupted by a signal.
    Interrupted,
    /// A connection breaks (`ECONNRESET`), for both ends.
    Reset,
    /// There is no descriptor left (`EMFILE`): at connect, accept, listen, bind, or when the
    /// reactor should watch one more object.
    NoDescriptors,
    /// A datagram gets lost.
    Loss,
    /// A datagram arrives twice.
    Duplication,
}

impl Fault {
    /// Every kind.
    pub const ALL: [Fault; 12] = [
        Fault::Reorder,
        Fault::Jitter,
        Fault::LatePoll,
        Fault::SpuriousWake,
        Fault::LateEvent,
        Fault::ShortRead,
        Fault::ShortWrite,
        Fault::Interrupted,
        Fault::Reset,
        Fault::NoDescriptors,
        Fault::Loss,
        Fault::Duplication,
    ];

    /// The name, as a replay line has it.
    pub fn name(self) -> &'static str {
        match self {
            Fault::Reorder => "reorder",
            Fault::Jitter => "jitter",
            Fault::LatePoll => "late-poll",
            Fault::SpuriousWake => "spurious-wake",
            Fault::LateEvent => "late-event",
            Fault::ShortRead => "short-read",
            Fault::ShortWrite => "short-write",
            Fault::Interrupted => "interrupted",
            Fault::Reset => "reset",
            Fault::NoDescriptors => "no-descriptors",
            Fault::Loss => "loss",
            Fault::Duplication => "duplication",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Fault, String> {
        let known = Fault::ALL.into_iter().find(|fault| fault.name() == name);
        known.ok_or_else(|| format!("no fault is named `{name}`"))
    }
}

/// A set of [`Fault`]s.
///
/// # Examples
///
/// ```
/// use mini_reactor_sim::{Fault, Faults};
///
/// let faults = Faults::MILD.with(Fault::Reset).without(Fault::Jitter);
/// assert!(faults.contains(Fault::Reset) && !faults.contains(Fault::Jitter));
/// assert_eq!("reset,loss".parse(), Ok(Faults::NONE.with(Fault::Loss).with(Fault::Reset)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults(u16);

impl Faults {
    /// Nothing: events in the order in which they came about, and the least latency.
    pub const NONE: Faults = Faults(0);
    /// What every system may do at any time, and no correct program notices.
    pub const MILD: Faults = Faults((1 << Fault::Reset as u16) - 1);
    /// Everything.
    pub const ALL: Faults = Faults((1 << Fault::ALL.len()) - 1);

    /// This set and `fault`.
    #[must_use]
    pub const fn with(self, fault: Fault) -> Faults {
        Faults(self.0 | 1 << fault as u16)
    }

    /// This set without `fault`.
    #[must_use]
    pub const fn without(self, fault: Fault) -> Faults {
        Faults(self.0 & !(1 << fault as u16))
    }

    /// Whether `fault` is in this set.
    pub const fn contains(self, fault: Fault) -> bool {
        self.0 & 1 << fault as u16 != 0
    }
}

/// As [`Faults::MILD`].
impl Default for Faults {
    fn default() -> Faults {
        Faults::MILD
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Faults {
        faults.into_iter().fold(Faults::NONE, Faults::with)
    }
}

/// The names, with commas; `none` if there are none.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_list(f, Fault::ALL.into_iter().filter(|fault| self.contains(*fault)))
    }
}

impl FromStr for Faults {
    type Err = String;

    fn from_str(names: &str) -> Result<Faults, String> {
        read_list(names).map(|faults| faults.into_iter().collect())
    }
}

/// One occurrence: which fault struck whom, and at which occasion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Strike {
    /// What struck.
    pub fault: Fault,
    /// Whom: the object, or for [`Fault::LatePoll`] the task, by its number in the simulation. Zero
    /// for what has none: turns, and objects that are still to be opened.
    pub whom: u32,
    /// How many occasions for it had come before, of this fault with this object.
    pub occasion: u32,
}

/// Such as `reset@5.3`.
impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}.{}", self.fault, self.whom, self.occasion)
    }
}

impl FromStr for Strike {
    type Err = String;

    fn from_str(text: &str) -> Result<Strike, String> {
        let parts = text.split_once('@');
        let parts = parts.and_then(|(fault, when)| Some((fault, when.split_once('.')?)));
        let (fault, (whom, occasion)) =
            parts.ok_or_else(|| format!("`{text}` is not of the form `reset@5.3`"))?;
        let number = |part: &str| part.parse().map_err(|_| format!("no number in `{text}`"));
        Ok(Strike { fault: fault.parse()?, whom: number(whom)?, occasion: number(occasion)? })
    }
}

/// Writes a list with commas; `none` if it is empty.
pub(crate) fn write_list<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    list: impl IntoIterator<Item = T>,
) -> fmt::Result {
    let mut empty = true;
    for one in list {
        write!(f, "{}{one}", if empty { "" } else { "," })?;
        empty = false;
    }
    if empty { f.write_str("none") } else { Ok(()) }
}

pub(crate) fn read_list<T: FromStr>(list: &str) -> Result<Vec<T>, T::Err> {
    match list {
        "none" => Ok(Vec::new()),
        list => list.split(',').map(str::parse).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for fault in Fault::ALL {
            assert_eq!(fault.name().parse(), Ok(fault));
            let strike = Strike { fault, whom: 3, occasion: 7 };
            assert_eq!(strike.to_string().parse(), Ok(strike));
        }
        for faults in [Faults::NONE, Faults::MILD, Faults::ALL] {
            assert_eq!(faults.to_string().parse(), Ok(faults));
        }
        assert_eq!("rset".parse::<Fault>(), Err("no fault is named `rset`".to_owned()));
        for wrong in ["reset", "reset@1", "reset@x.1", "reset@1.x", "rset@1.1", "reset.1@1"] {
            assert!(wrong.parse::<Strike>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_list_is_in_the_order_of_the_variants() {
        for (place, fault) in Fault::ALL.into_iter().enumerate() {
            assert_eq!(fault as usize, place);
        }
        let mut mild = Fault::ALL.into_iter().filter(|fault| Faults::MILD.contains(*fault));
        assert_eq!(mild.next_back(), Some(Fault::Interrupted));
    }
}
