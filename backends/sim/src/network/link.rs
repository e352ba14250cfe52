//! Links: how long a message takes from host to host, and whether it gets there.

use crate::fault::Fault;
use crate::network::{Network, Parcel};
use crate::trace::What;
use crate::world::{Due, World};

/// From one host to another, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(super) from: u16,
    pub(super) to: u16,
}

/// The latency from a host to itself, in nanoseconds.
const LOOPBACK: (u64, u64) = (5_000, 20_000);

impl Link {
    pub(super) fn reversed(self) -> Link {
        Link { from: self.to, to: self.from }
    }

    /// The same for both ways.
    fn pair(self) -> (u16, u16) {
        (self.from.min(self.to), self.from.max(self.to))
    }
}

impl Network {
    pub(super) fn is_cut(&self, link: Link) -> bool {
        !self.cut.is_empty() && self.cut.contains(&link.pair())
    }

    /// What is held back: the two hosts, and how many messages.
    pub(crate) fn held(&self) -> Vec<(&str, &str, usize)> {
        let count = |pair| self.held.iter().filter(|parcel| parcel.link.pair() == pair).count();
        let name = |host: u16| &*self.hosts[usize::from(host)].name;
        let held = self.cut.iter().map(|pair| (name(pair.0), name(pair.1), count(*pair)));
        held.filter(|(_, _, count)| *count > 0).collect()
    }
}

impl World {
    /// How long a message for, or of, an object takes: the least that it can, but for jitter.
    pub(super) fn delay(&mut self, link: Link, whom: u32) -> u64 {
        let (least, most) = match self.network.latencies.get(&link.pair()) {
            Some(latency) => *latency,
            None if link.from == link.to => LOOPBACK,
            None => self.settings.latency,
        };
        match self.strikes(Fault::Jitter, whom) {
            Some(draw) => least + draw % (most - least).saturating_add(1),
            None => least,
        }
    }

    pub(crate) fn set_latency(&mut self, link: Link, latency: (u64, u64)) {
        self.network.latencies.insert(link.pair(), latency);
    }

    pub(crate) fn cut(&mut self, link: Link) {
        if self.network.cut.insert(link.pair()) {
            self.log_link(link, "the link is cut");
        }
    }

    /// What was held back goes on its way, and what is under way must not overtake it.
    pub(crate) fn heal(&mut self, link: Link) {
        if !self.network.cut.remove(&link.pair()) {
            return;
        }
        self.log_link(link, "the link is whole");
        let on_it = |parcel: &Parcel| parcel.link.pair() == link.pair();
        let held = std::mem::take(&mut self.network.held);
        let (free, held) = held.into_iter().partition::<Vec<_>, _>(on_it);
        self.network.held = held;
        let least = self.clock.saturating_add(self.delay(link, 0));
        let under_way = self.recall(on_it);
        let all = free.into_iter().map(|parcel| (least, parcel)).chain(under_way);
        for (at, parcel) in all {
            let at = at.max(least);
            if let Some(number) = parcel.message.in_order_for() {
                if let Some(end) = self.network.end_mut(number) {
                    end.incoming.last = at.max(end.incoming.last);
                }
            }
            self.schedule_at(at, Due::Parcel(parcel));
        }
    }

    pub(super) fn log_link(&mut self, link: Link, what: &'static str) {
        self.log(What::Link { from: link.from, to: link.to, what });
    }
}
