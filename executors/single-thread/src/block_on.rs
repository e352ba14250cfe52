//! `block_on`: one loop that runs tasks, polls a future, and drives a reactor when both have to
//! wait.
//!
//! It differs from `reactor.block_on(executor.run(future))` in what a wake-up costs. The executor
//! stays the current one of the thread while the thread sleeps in the reactor, so a task that an
//! I/O event wakes goes straight to the queue; and the future is polled when it was woken, not each
//! time.
//!
//! # Who is next
//!
//! The future counts as one more task in the queue: between two of its polls every task that was
//! queued gets one, or 61 of them do, whichever is less. After 61 polls of either kind the reactor
//! is asked for events without waiting.
//!
//! # No wake-up is lost
//!
//! Before it sleeps, the loop looks at three words: the queue, which only this thread writes; the
//! inbox's mail flag; and `woken`. It does so inside `Parker::park`, after the parker has published
//! that it parks. Other threads write first and unpark second (`Inbox::push`, `Wake for Main`), so
//! either the look finds their word or the parker finds their unpark. This thread writes without an
//! unpark, but only from inside the loop or from a waker that `park` calls before it returns; both
//! come back to the look.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use async_task::Runnable;
use mini_reactor::{Handle, Parker, Unparker};

use crate::inbox::Inbox;
use crate::runner::Runner;
use crate::{LocalExecutor, TURN, current};

/// Whom to tell that the future of a `block_on` wants to be polled.
struct Main {
    woken: AtomicBool,
    inbox: Arc<Inbox<Runnable>>,
    unparker: Unparker,
}

impl Wake for Main {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Release pairs with the Acquire in `LocalExecutor::drive`: the poll sees what preceded the
        // wake.
        let woken = self.woken.swap(true, Ordering::Release);
        if !woken && !current::is(&self.inbox) {
            self.unparker.unpark();
        }
    }
}

impl LocalExecutor<'_> {
    /// The body of `block_on`, on `reactor`, which this thread has entered.
    pub(crate) fn drive<T>(&self, reactor: &Handle, future: impl Future<Output = T>) -> T {
        let local = self.local();
        let parker = Parker::new(reactor.clone());
        let _current = current::enter(local);
        let mut runner = Runner::new(local);
        let inbox = local.inbox().clone();
        let main =
            Arc::new(Main { woken: AtomicBool::new(true), inbox, unparker: parker.unparker() });
        let waker = Waker::from(main.clone());
        let mut cx = Context::from_waker(&waker);
        let mut future = pin!(future);

        let mut polls = 0; // since the reactor was looked at
        let mut round = 0; // tasks to be polled before `future` has its turn
        loop {
            if round == 0 {
                // Acquire pairs with the Release in `Main::wake_by_ref`.
                if main.woken.load(Ordering::Relaxed) && main.woken.swap(false, Ordering::Acquire) {
                    let poll = self.poll_in_turn(|| future.as_mut().poll(&mut cx));
                    if let Poll::Ready(output) = poll {
                        return output;
                    }
                    polls += 1;
                }
                round = local.queued().clamp(1, TURN);
            }
            let share = round.min(TURN - polls);
            let ran = self.run_tasks(share);
            polls += ran;
            round = if ran == share { round - ran } else { 0 };
            if polls == TURN {
                polls = 0;
                parker.turn().expect("the reactor failed to look for events");
            }
            let idle = || local.is_idle() && !main.woken.load(Ordering::Relaxed);
            if idle() && runner.sleep(parker.waker()) {
                let mut slept = false;
                let idle = || {
                    slept = idle();
                    slept
                };
                parker.park(idle).expect("the reactor failed to wait for events");
                if slept {
                    polls = 0; // the events have just been looked at
                }
            }
        }
    }
}
