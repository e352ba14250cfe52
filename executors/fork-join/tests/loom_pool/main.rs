//! The pool's own protocols between threads under every interleaving that loom can tell apart. The
//! files are the crate's, with loom's types for the standard library's.

#[path = "../../src/demand.rs"]
#[expect(dead_code, reason = "the models use a part")]
mod demand;
#[path = "../../src/latch.rs"]
mod latch;
#[path = "../../src/presence.rs"]
#[expect(dead_code, reason = "the models use a part")]
mod presence;

mod changing_hands;
mod serving;
mod sleeping;
mod waiting;

mod sync {
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
    pub(crate) use loom::sync::{Mutex, MutexGuard};
    pub(crate) use std::sync::PoisonError;
}

use std::sync::Arc;
use std::task::{Wake, Waker};

use loom::sync::{Condvar, Mutex};

/// A thread's place to sleep, for `Parker`, of which `reactor/tests/loom_core` has the model.
struct Sleeper {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Sleeper {
    /// For this thread.
    fn new() -> Arc<Sleeper> {
        Arc::new(Sleeper { woken: Mutex::new(false), changed: Condvar::new() })
    }

    fn waker(self: &Arc<Sleeper>) -> Waker {
        Waker::from(self.clone())
    }

    /// As `Parker::park`: `idle` is asked when a wake would be noticed already.
    fn park(&self, mut idle: impl FnMut() -> bool) {
        if !idle() {
            return;
        }
        let mut woken = self.woken.lock().expect("nothing panics under it");
        while !*woken {
            woken = self.changed.wait(woken).expect("nothing panics under it");
        }
        *woken = false;
    }
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        *self.woken.lock().expect("nothing panics under it") = true;
        self.changed.notify_one();
    }
}

/// Checks a model, with a bound on preemptions where it would take hours without.
fn check(preemptions: Option<usize>, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.check(model);
}
