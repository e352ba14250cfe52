//! Somebody who runs tasks and may have to sleep for lack of them: `run`, `tick`, `block_on`.
//!
//! Several may be under way at once on the executor's thread, nested or joined. Each runs whatever
//! task comes next. One that goes away while it still owes work wakes another; the argument that no
//! wake-up gets lost between them is in `inbox.rs`.

use std::rc::Rc;
use std::task::Waker;

use crate::local::Local;

/// One `run`, `tick` or `block_on`, for as long as its future exists.
pub(crate) struct Runner<'l> {
    local: &'l Rc<Local>,
    /// Under which it is registered in the inbox, if it ever slept.
    key: Option<u64>,
}

impl<'l> Runner<'l> {
    pub(crate) fn new(local: &'l Rc<Local>) -> Self {
        Runner { local, key: None }
    }

    /// Arranges for `waker` to be called when there is work; `false` means there is some in the
    /// inbox.
    ///
    /// The queue must be empty: what this thread puts there later wakes a sleeper in turn.
    pub(crate) fn sleep(&mut self, waker: &Waker) -> bool {
        self.local.inbox().sleep(&mut self.key, waker)
    }
}

impl Drop for Runner<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.local.inbox().leave(key);
        }
        self.local.pass_on();
    }
}
