//! Driven from outside: by somebody else's loop, which sleeps where it likes.
//!
//! It waits for the backend's pollable object and the next deadline, and calls `poll_once` then.
//! Threads may drive beside it; `driving.rs` has the argument why it misses nothing then.

use std::cell::Cell;
use std::fmt;
use std::io;

use crate::backend::GlobalReactor;
use crate::reactor::{Batch, Reactor};

thread_local! {
    /// The buffers of this thread's last `poll_once`, for the next one.
    static SPARE: Cell<Option<Batch>> = const { Cell::new(None) };
}

impl<R: GlobalReactor + ?Sized> Reactor<R> {
    /// Reports what is ready and what is due, without waiting; true if there may be more to report.
    /// Does nothing if a thread drives this reactor at the moment; if that leaves the role to
    /// nobody, it calls [`notify`](GlobalReactor::notify), which makes the pollable object
    /// readable.
    ///
    /// For driving from somebody else's loop: see [`drive_externally`](Reactor::drive_externally).
    ///
    /// # Errors
    ///
    /// What the backend's `turn` returns; `Unsupported` in a child process after `fork`.
    pub fn poll_once(&self) -> io::Result<bool> {
        self.check_fork()?;
        if crate::parker::is_driving() || !self.driving.try_acquire_or_miss() {
            return Ok(false);
        }
        let _role = GiveBack::new(self);
        let mut batch = SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default();
        let result = self.turn(true, &mut batch);
        let full = batch.is_full();
        let _ = SPARE.try_with(|spare| spare.set(Some(batch)));
        result?;
        Ok(full || self.is_due())
    }

    /// Says that somebody else's loop drives this reactor, by [`poll_once`](Reactor::poll_once)
    /// when [`pollable`](GlobalReactor::pollable) is readable or
    /// [`next_deadline`](Reactor::next_deadline) has come. While the guard lives, each timer that
    /// is earlier than all others calls [`notify`](GlobalReactor::notify), which makes the pollable
    /// object readable.
    pub fn drive_externally(&self) -> DrivenExternally<'_> {
        self.driving.external(true);
        let ends = || {
            if self.driving.external(false) {
                self.notify(); // what this loop was told of, the others may have missed
            }
        };
        DrivenExternally(Box::new(ends))
    }
}

/// The role of the driver, for one turn.
struct GiveBack<'a, R: GlobalReactor + ?Sized>(&'a Reactor<R>);

impl<'a, R: GlobalReactor + ?Sized> GiveBack<'a, R> {
    fn new(reactor: &'a Reactor<R>) -> GiveBack<'a, R> {
        crate::parker::set_driving(true);
        GiveBack(reactor)
    }
}

impl<R: GlobalReactor + ?Sized> Drop for GiveBack<'_, R> {
    fn drop(&mut self) {
        crate::parker::set_driving(false);
        if self.0.driving.release() {
            self.0.notify();
        }
    }
}

/// The guard of [`Reactor::drive_externally`].
pub struct DrivenExternally<'a>(Box<dyn Fn() + Send + Sync + 'a>);

impl Drop for DrivenExternally<'_> {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl fmt::Debug for DrivenExternally<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DrivenExternally").finish_non_exhaustive()
    }
}
