//! Numbers for sources and teams, used once each.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static NEXT: AtomicUsize = AtomicUsize::new(1);

/// Never zero and never the largest number, which systems reserve for themselves. On 32 bits it
/// would wrap after four thousand million sources, and a backend's table then refuses a number in
/// use.
pub(crate) fn next() -> usize {
    loop {
        let id = NEXT.fetch_add(1, Relaxed);
        if id != 0 && id != usize::MAX {
            return id;
        }
    }
}
