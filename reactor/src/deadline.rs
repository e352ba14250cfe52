//! One timer: what sleeps, timeouts and intervals are made of.

use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::handle::Handle;
use crate::timers::TimerKey;

/// Becomes ready at an instant by its reactor's clock; never early, and late by at most the
/// reactor's [slack](crate::Reactor::set_timer_slack) beside what the system itself needs.
///
/// Nothing is inserted before the first [`poll`](Deadline::poll). Inserting and dropping make no
/// system call, unless the deadline is earlier than all others while another thread sleeps.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
///
/// let begin = Instant::now();
/// let mut nap = mini_reactor::Deadline::after(Duration::from_millis(2));
/// mini_reactor::block_on(std::future::poll_fn(|cx| nap.poll(cx)));
/// assert!(begin.elapsed() >= Duration::from_millis(2));
/// ```
#[derive(Debug)]
pub struct Deadline {
    reactor: Handle,
    /// `None`: further away than time reaches.
    at: Option<Instant>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Not inserted.
    New,
    Inserted(TimerKey),
    Done,
}

impl Deadline {
    /// At `at`, on the current reactor.
    pub fn new(at: Instant) -> Deadline {
        Deadline::new_in(at, Handle::current())
    }

    /// At `at`, on `reactor`.
    pub fn new_in(at: Instant, reactor: impl Into<Handle>) -> Deadline {
        Deadline { reactor: reactor.into(), at: Some(at), state: State::New }
    }

    /// After `duration` from now, on the current reactor. Never, if that is beyond what an
    /// `Instant` can say.
    pub fn after(duration: Duration) -> Deadline {
        Deadline::after_in(duration, Handle::current())
    }

    /// After `duration` from now, on `reactor`.
    pub fn after_in(duration: Duration, reactor: impl Into<Handle>) -> Deadline {
        let reactor = reactor.into();
        let at = reactor.now().checked_add(duration);
        Deadline { reactor, at, state: State::New }
    }

    /// When; `None`: never.
    pub fn at(&self) -> Option<Instant> {
        self.at
    }

    /// The reactor whose clock counts.
    pub fn reactor(&self) -> &Handle {
        &self.reactor
    }

    /// Moves the deadline; `None`: to never.
    pub fn reset(&mut self, at: impl Into<Option<Instant>>) {
        self.cancel();
        self.at = at.into();
    }

    /// Ready once the instant has come, and from then on; else keeps the waker, instead of the one
    /// of the last call.
    ///
    /// In a child process after `fork`, on a reactor that was used before it, it does not come.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.at else { return Poll::Pending };
        match self.state {
            State::Done => return Poll::Ready(()),
            State::Inserted(key) if self.reactor.update_timer(key, cx.waker()) => {
                return Poll::Pending;
            }
            State::New if self.reactor.now() < at => {}
            State::New | State::Inserted(_) => {
                self.state = State::Done;
                return Poll::Ready(());
            }
        }
        self.state = match self.reactor.insert_timer(at, cx.waker()) {
            Some(key) => State::Inserted(key),
            None => State::New,
        };
        Poll::Pending
    }

    fn cancel(&mut self) {
        if let State::Inserted(key) = std::mem::replace(&mut self.state, State::New) {
            self.reactor.remove_timer(key);
        }
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.cancel();
    }
}
