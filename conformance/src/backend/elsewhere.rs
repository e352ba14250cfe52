//! Another thread that uses the reactor, while the clause's own drives.

use super::trial::Trial;
use crate::threads::start;
use crate::waiting::Flag;

/// Raises its flag when it goes, also by a panic.
struct Raises(Flag);

impl Drop for Raises {
    fn drop(&mut self) {
        self.0.raise();
    }
}

impl Trial {
    /// Drives here until `body`, which does not drive, has ended on another thread; the waits in it
    /// are [`Context::wait`](crate::clause::Context::wait).
    pub(crate) fn drive_beside(&self, body: impl FnOnce(&Trial) + Send + 'static) {
        let (trial, ended) = (self.clone(), Flag::default());
        let raises = Raises(ended.clone());
        let other = start("a thread beside the one that drives", move || {
            let _raises = raises;
            body(&trial);
        });
        self.reactor.block_on(ended.raised());
        other.join(self.patience());
    }
}
