//! Dropping an executor: every task that is left is dropped here, on the executor's thread.
//!
//! 1. Wake all tasks that wait. Waking one of our own tasks runs nobody's code: it puts the task
//!    into the queue, unless another thread is just doing that.
//! 2. Drop what is in the queue and in the inbox, until both are empty. Destructors may wake tasks
//!    and cancel them, which only adds to the queue; if one panics, the panic ends with its task.
//! 3. Tasks that are still alive now are on their way: another thread has marked them as scheduled,
//!    and is about to push them to the inbox. Wait for those, not for ever.
//! 4. Close the inbox, and drop what slipped in. A push that comes later gets its task back and
//!    leaks it: it must not be dropped over there, and there is nobody left over here.
//!
//! Closing comes last, because every push that it turns away is a leak.

use std::thread;
use std::time::Duration;

use crate::{LocalExecutor, current};

/// How often to look for tasks that other threads are about to push, and how long to sleep in
/// between.
const PATIENCE: (u32, Duration) = (5_000, Duration::from_micros(100));

impl Drop for LocalExecutor<'_> {
    fn drop(&mut self) {
        let Some(local) = self.local.get() else { return };
        let _current = current::enter(local);
        local.wake_all();
        self.drop_queued();
        for _ in 0..PATIENCE.0 {
            if local.live() == 0 {
                break;
            }
            thread::sleep(PATIENCE.1);
            self.drop_queued();
        }
        local.inbox().close().into_iter().for_each(|runnable| local.push(runnable));
        self.drop_queued();
    }
}

impl LocalExecutor<'_> {
    /// Drops all tasks in the queue and in the inbox.
    fn drop_queued(&self) {
        while let Some(runnable) = self.local().pop() {
            self.hooked(|| drop(runnable));
        }
    }
}
