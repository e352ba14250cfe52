//! Dropping an executor: every task that is left is dropped here.
//!
//! 1. Wake all tasks that wait. Waking one of our own tasks runs nobody's code: it puts the task
//!    into the injector, unless another thread is just doing that.
//! 2. Drop what is in the queues. Destructors may wake tasks and cancel them, which only adds to
//!    the injector; if one panics, the panic ends with its task.
//! 3. Tasks that are still alive now are on their way: another thread has marked them as scheduled,
//!    and is about to push them. Wait for those, not for ever.
//! 4. Say that the executor is gone, and drop what slipped in. A push and the closing are changes
//!    of one word: either this sees the task or the one who pushes sees that nobody is there, and
//!    leaks it, because what the future borrows may be gone.
//!
//! No task is running meanwhile: whoever runs one borrows the executor.

use std::time::Duration;

use crate::sync::sleep;
use crate::{Executor, current};

/// How often to look for tasks that other threads are about to push, and how long to sleep in
/// between.
const PATIENCE: (u32, Duration) = (5_000, Duration::from_micros(100));

impl Drop for Executor<'_> {
    fn drop(&mut self) {
        let Some(home) = self.home.get() else { return };
        let shared = &home.shared;
        let _current = current::visit(shared);
        let wakers = shared.known(|known| known.waker.clone());
        wakers.into_iter().flatten().for_each(|waker| waker.wake());
        self.drop_queued();
        for _ in 0..PATIENCE.0 {
            if shared.is_empty() {
                break;
            }
            sleep(PATIENCE.1);
            self.drop_queued();
        }
        shared.crew.close();
        self.drop_queued();
    }
}

impl Executor<'_> {
    /// Drops all tasks in all queues.
    fn drop_queued(&self) {
        while let Some(runnable) = self.home().shared.take_one() {
            self.hooked(|| drop(runnable));
        }
    }
}
