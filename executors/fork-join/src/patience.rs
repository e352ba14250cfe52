//! Staying awake for a moment, for as long as that has paid.
//!
//! To sleep and to be woken costs two threads several microseconds, and a processor that has
//! nothing else to do takes longer yet to come back. Who waits for something short is better off to
//! look again a few times; who waits for something long has lost what the looks cost. Which of them
//! it is, the last times tell.
//!
//! After the first looks, others are let run between two of them: what is waited for may need this
//! processor. If they have kept it, the moment is over, too.

use std::hint;
use std::thread;
use std::time::{Duration, Instant};

use crate::sync::{AtomicU32, Ordering};

/// Looks that leave the processor to nobody: what is short is over by then.
const SPINS: u32 = 20;
/// How long a moment is: less than it costs to sleep and to be woken.
const MOMENT: Duration = Duration::from_micros(10);
/// How often in a row it may be in vain,
const VAIN: u32 = 4;
/// and how often it is tried after that: once in so many times.
const SELDOM: u32 = 32;

/// What is known of one kind of waiting.
#[derive(Debug)]
pub(crate) struct Patience {
    /// Times since one that paid. Of threads that count at once some may not be counted.
    vain: AtomicU32,
}

impl Patience {
    pub(crate) fn new() -> Patience {
        Patience { vain: AtomicU32::new(0) }
    }

    /// Whether to stay awake this time. If so, [`linger`](Patience::linger) is to follow.
    pub(crate) fn is_left(&self) -> bool {
        let vain = self.vain.load(Ordering::Relaxed);
        let is_left = vain < VAIN || vain % SELDOM == 0;
        if !is_left {
            self.vain.store(vain.wrapping_add(1), Ordering::Relaxed);
        }
        is_left
    }

    /// Looks for a moment whether `waits` is over.
    pub(crate) fn linger(&self, mut waits: impl FnMut() -> bool) {
        if linger(&mut waits) {
            self.vain.store(0, Ordering::Relaxed);
        } else {
            let vain = self.vain.load(Ordering::Relaxed);
            self.vain.store(vain.wrapping_add(1), Ordering::Relaxed);
        }
    }
}

/// True if it is over.
fn linger(waits: &mut dyn FnMut() -> bool) -> bool {
    for _ in 0..SPINS {
        if !waits() {
            return true;
        }
        hint::spin_loop();
    }
    let began = Instant::now();
    loop {
        thread::yield_now();
        if !waits() {
            return true;
        }
        if began.elapsed() > MOMENT {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_in_vain_is_tried_seldom_until_it_pays() {
        let patience = Patience::new();
        for _ in 0..VAIN {
            assert!(patience.is_left());
            patience.linger(|| true);
        }
        let tries = |times| (0..times).filter(|_| patience.is_left() && lingers(&patience)).count();
        assert_eq!(tries(10 * SELDOM), 10);
        assert!((0..SELDOM).any(|_| patience.is_left()), "now and then it is tried");
        patience.linger(|| false);
        assert!((0..SELDOM).all(|_| patience.is_left()), "it has paid");
    }

    fn lingers(patience: &Patience) -> bool {
        patience.linger(|| true);
        true
    }
}
