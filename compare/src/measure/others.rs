//! What else the machine was doing: figures taken beside a build are worth little, and say nothing
//! of it.

use std::fs;
use std::io;
use std::time::Duration;

use rustix::param::clock_ticks_per_second;

use crate::proc;

/// Watches how much of the machine goes to processes that are not ours.
#[derive(Debug)]
pub(crate) struct Others {
    began: io::Result<Times>,
}

/// CPU times since the machine and this process started, all processors together.
#[derive(Clone, Copy, Debug)]
struct Times {
    /// Of all processes, and stolen by other machines on the same hardware.
    busy: Duration,
    idle: Duration,
    /// Of this process and its children that ended.
    ours: Duration,
}

impl Others {
    /// Begins to watch.
    pub(crate) fn watch() -> Self {
        Self { began: Times::now() }
    }

    /// The share of the machine's CPU time that others had since then, from 0 to 1; `None` if the
    /// kernel does not tell.
    pub(crate) fn share(&self) -> Option<f64> {
        let (began, now) = (self.began.as_ref().ok()?, Times::now().ok()?);
        let busy = now.busy.saturating_sub(began.busy);
        let idle = now.idle.saturating_sub(began.idle);
        let others = busy.saturating_sub(now.ours.saturating_sub(began.ours));
        let all = (busy + idle).as_secs_f64();
        (all > 0.0).then(|| others.as_secs_f64() / all)
    }

    /// A sentence for the user, if others had so much that it matters.
    pub(crate) fn warning(&self) -> Option<String> {
        let share = self.share().filter(|share| *share > 0.1)?;
        Some(format!(
            "Others had {:.0} % of this machine's CPU time meanwhile: trust the counts, not the times.",
            share * 100.0
        ))
    }
}

impl Times {
    fn now() -> io::Result<Self> {
        let text = fs::read_to_string("/proc/stat")?;
        let total = text.lines().next().and_then(|line| line.strip_prefix("cpu "));
        let ticks: Option<Vec<u64>> = total
            .and_then(|total| total.split_whitespace().map(|field| field.parse().ok()).collect());
        // user nice system idle iowait irq softirq steal; guest times are part of user.
        let Some(&[user, nice, system, idle, waiting, irq, softirq, steal, ..]) = ticks.as_deref()
        else {
            return Err(io::Error::other("/proc/stat begins differently"));
        };
        let time =
            |ticks: u64| Duration::from_secs_f64(ticks as f64 / clock_ticks_per_second() as f64);
        Ok(Self {
            busy: time(user + nice + system + irq + softirq + steal),
            idle: time(idle + waiting),
            ours: proc::used_with_children()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_share_is_a_share() {
        let others = Others::watch();
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(50) {} // longer than a tick
        let share = others.share().expect("Linux tells");
        assert!((0.0..=1.0).contains(&share), "{share}");
    }
}
