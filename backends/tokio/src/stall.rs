//! The report of a `block_on` of ours that keeps a runtime's only thread.
//!
//! A current-thread runtime runs nothing while its thread is in somebody else's `block_on`. What
//! only tokio drives (its sockets, timers and tasks) does not come then, and if the `block_on`
//! waits for that, it waits for ever. Nobody can see what a future waits for, and what is ours does
//! come; so this looks whether the thread sleeps in the reactor, in one stretch, for longer than
//! makes sense, and says so.
//!
//! One stretch: when the thread is about to sleep, the task that drives is woken. If the thread
//! goes back to the runtime, that task runs, and the stretch is over. If it does not, whichever
//! thread drives finds out, as its turns wait no longer than that.
//!
//! Deliberately absent: a panic. The `block_on` may wait for something of ours that takes its time.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use tokio::runtime::{Handle, RuntimeFlavor};

const REPORT: &str = "\
mini-reactor-tokio: for a second, a `block_on` of mini-reactor has been waiting on the only thread \
of a tokio runtime, which runs nothing meanwhile. If it waits for something that only tokio drives \
(its sockets, timers, tasks), that never comes. In async code `.await` instead; from a function \
that is not async, go through `tokio::task::spawn_blocking`; or use a multi-thread runtime. (This \
is said once.)\n";

/// So long may the only thread sleep in one stretch.
const PATIENCE: Duration = Duration::from_secs(1);

/// All Relaxed: what is seen late is said late.
#[derive(Debug, Default)]
pub(crate) struct Stall {
    /// Whether the runtime has one thread, and which that is, if known; else zero.
    alone: AtomicBool,
    thread: AtomicUsize,
    /// When the stretch began, in nanoseconds since `zero`; zero: there is none.
    since: AtomicU64,
    zero: OnceLock<Instant>,
    reported: AtomicBool,
    /// The task that drives.
    task: Mutex<Option<Waker>>,
}

/// A number for this thread that no other living one has.
fn here() -> usize {
    thread_local!(static HERE: u8 = const { 0 });
    HERE.with(|here| std::ptr::from_ref(here) as usize)
}

impl Stall {
    /// This runtime drives, from now on.
    pub(crate) fn watch(&self, runtime: &Handle) {
        self.alone.store(runtime.metrics().num_workers() == 1, Relaxed);
        let inside = Handle::try_current().is_ok_and(|here| here.id() == runtime.id());
        if inside && runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
            self.thread.store(here(), Relaxed); // until the task has run, and knows better
        }
    }

    /// There is no runtime any more.
    pub(crate) fn forget(&self) {
        self.thread.store(0, Relaxed);
        self.since.store(0, Relaxed);
        *self.task() = None;
    }

    /// The task that drives is running, here.
    pub(crate) fn over(&self, waker: &Waker) {
        if self.alone.load(Relaxed) {
            self.thread.store(here(), Relaxed);
            self.since.store(0, Relaxed);
            *self.task() = Some(waker.clone());
        }
    }

    /// This thread is about to sleep; true if that begins a stretch.
    pub(crate) fn begins(&self) -> bool {
        if self.thread.load(Relaxed) != here() || self.since.load(Relaxed) != 0 {
            return false;
        }
        self.since.store(self.now(), Relaxed);
        let task = self.task().clone();
        task.iter().for_each(Waker::wake_by_ref);
        true
    }

    /// How long a turn may wait at most, if somebody is to be watched over.
    pub(crate) fn before(&self, timeout: Option<Duration>) -> Option<Duration> {
        if timeout == Some(Duration::ZERO) {
            return None;
        }
        self.begins();
        let since = self.since.load(Relaxed);
        if since == 0 || self.reported.load(Relaxed) {
            return None;
        }
        let left = PATIENCE.saturating_sub(Duration::from_nanos(self.now() - since));
        Some(timeout.map_or(left, |timeout| timeout.min(left)))
    }

    /// A turn that was watched is over.
    pub(crate) fn after(&self) {
        let since = self.since.load(Relaxed);
        let long = since != 0 && Duration::from_nanos(self.now() - since) >= PATIENCE;
        if long && !self.reported.swap(true, Relaxed) {
            let _ = io::stderr().write_all(REPORT.as_bytes()); // whether anybody hears it or not
        }
    }

    fn task(&self) -> MutexGuard<'_, Option<Waker>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        let zero = *self.zero.get_or_init(Instant::now);
        u64::try_from(zero.elapsed().as_nanos()).map_or(u64::MAX, |now| now.max(1))
    }
}
