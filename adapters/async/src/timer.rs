//! `Timer`: a moment, or a series of moments, to wait for.
//!
//! A thin layer on the core's [`Deadline`]: what it adds is the choice of never, once or again and
//! again, and that the moment can be changed while somebody waits for it. A moment too far away to
//! be expressed is never.
//!
//! Deliberately absent: a policy for ticks that were missed. An interval keeps to its schedule, and
//! what is overdue fires at once, one tick a poll; whoever wants to skip them calls
//! [`set_interval`](Timer::set_interval) when late.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_core::Stream;
use mini_reactor::{Deadline, Handle};

/// A future, and a stream, that fires at given moments.
///
/// As a future it waits for the next moment, and gives the moment that was set, which the present
/// may have passed. Then it is set to the next moment of its series, or to never if there is none:
/// so the same timer can be awaited again after an interval's tick, or after it was set anew. As a
/// stream it gives one moment after the other, and never ends.
///
/// Timers never fire early. Moments in the past fire at once, those too far away to be expressed
/// never do, and neither does a timer whose reactor nobody drives. How late a timer may be is the
/// reactor's timer slack.
///
/// # Cancel safety
///
/// Not polling loses nothing. Dropping the timer cancels it.
///
/// # Examples
///
/// ```
/// use futures_lite::{StreamExt, future};
/// use mini_async::{Timer, block_on};
/// use std::future::pending;
/// use std::time::{Duration, Instant};
///
/// block_on(async {
///     let start = Instant::now();
///     let fired = Timer::after(Duration::from_millis(5)).await;
///     assert!(fired >= start + Duration::from_millis(5));
///
///     // At most so long:
///     let answer = async { Some(pending::<()>().await) };
///     let timeout = async {
///         Timer::after(Duration::from_millis(5)).await;
///         None
///     };
///     assert!(future::or(answer, timeout).await.is_none());
///
///     // Again and again:
///     let mut ticks = Timer::interval(Duration::from_millis(1));
///     for _ in 0..3 {
///         ticks.next().await;
///     }
/// });
/// ```
pub struct Timer {
    /// The next moment, if there is one.
    deadline: Deadline,
    /// From one moment of a series to the next. `Duration::MAX`: there is no next.
    period: Duration,
    /// Who waits: the moment may be set anew meanwhile, also from never.
    waker: Option<Waker>,
}

impl Timer {
    /// A timer that does not fire, until it is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use mini_async::{Timer, block_on};
    /// use std::time::Duration;
    ///
    /// let mut timer = Timer::never();
    /// assert!(!timer.will_fire());
    /// timer.set_after(Duration::from_millis(1));
    /// assert!(timer.will_fire());
    /// block_on(timer);
    /// ```
    pub fn never() -> Timer {
        Timer::never_in(Handle::current())
    }

    /// As [`never`](Timer::never), on `reactor`. Each way to set a timer keeps its reactor.
    pub fn never_in(reactor: impl Into<Handle>) -> Timer {
        Timer::new(Deadline::after_in(Duration::MAX, reactor), Duration::MAX)
    }

    /// A timer that fires once, when `duration` has passed.
    ///
    /// # Examples
    ///
    /// ```
    /// use mini_async::{Timer, block_on};
    /// use std::time::Duration;
    ///
    /// block_on(Timer::after(Duration::from_millis(1)));
    /// assert!(!Timer::after(Duration::MAX).will_fire());
    /// ```
    pub fn after(duration: Duration) -> Timer {
        Timer::new(Deadline::after(duration), Duration::MAX)
    }

    /// A timer that fires once, at `at`.
    pub fn at(at: Instant) -> Timer {
        Timer::at_in(at, Handle::current())
    }

    /// As [`at`](Timer::at), on `reactor`, whose clock is meant.
    pub fn at_in(at: Instant, reactor: impl Into<Handle>) -> Timer {
        Timer::new(Deadline::new_in(at, reactor), Duration::MAX)
    }

    /// A timer that fires when `period` has passed, and then each time that it has passed again.
    ///
    /// The schedule is kept: each moment is the one before it plus `period`, however late the
    /// timer was polled. A period of zero is always due.
    pub fn interval(period: Duration) -> Timer {
        Timer::new(Deadline::after(period), period)
    }

    /// A timer that fires at `start`, and then each time that `period` has passed again.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::StreamExt;
    /// use mini_async::{Timer, block_on};
    /// use std::time::{Duration, Instant};
    ///
    /// let (start, period) = (Instant::now(), Duration::from_millis(1));
    /// let ticks = Timer::interval_at(start, period).take(3);
    /// let ticks: Vec<Instant> = block_on(ticks.collect());
    /// assert_eq!(ticks, [start, start + period, start + 2 * period]);
    /// ```
    pub fn interval_at(start: Instant, period: Duration) -> Timer {
        Timer::new(Deadline::new(start), period)
    }

    /// Whether there is a moment at which this timer fires, in the past or in the future.
    pub fn will_fire(&self) -> bool {
        self.deadline.at().is_some()
    }

    /// Sets the timer to fire once, when `duration` has passed. A task that waits for it goes on
    /// waiting, for the new moment; this holds for all ways to set a timer.
    pub fn set_after(&mut self, duration: Duration) {
        self.set(self.time_in(duration), Duration::MAX);
    }

    /// Sets the timer to fire once, at `at`.
    pub fn set_at(&mut self, at: Instant) {
        self.set(Some(at), Duration::MAX);
    }

    /// Sets the timer to fire when `period` has passed, and each time that it has passed again.
    pub fn set_interval(&mut self, period: Duration) {
        self.set(self.time_in(period), period);
    }

    /// Sets the timer to fire at `start`, and then each time that `period` has passed again.
    pub fn set_interval_at(&mut self, start: Instant, period: Duration) {
        self.set(Some(start), period);
    }

    /// Sets the timer to never.
    pub fn clear(&mut self) {
        self.set(None, Duration::MAX);
    }

    fn new(deadline: Deadline, period: Duration) -> Timer {
        Timer { deadline, period, waker: None }
    }

    fn time_in(&self, duration: Duration) -> Option<Instant> {
        self.deadline.reactor().now().checked_add(duration)
    }

    fn set(&mut self, at: Option<Instant>, period: Duration) {
        self.period = period;
        self.deadline.reset(at);
        if let Some(waker) = &self.waker {
            // Due already? Then whoever waits finds out when it polls.
            if self.deadline.poll(&mut Context::from_waker(waker)).is_ready() {
                waker.wake_by_ref();
            }
        }
    }

    fn poll_fire(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        if let (Poll::Ready(()), Some(moment)) = (self.deadline.poll(cx), self.deadline.at()) {
            self.waker = None;
            let next = match self.period {
                Duration::MAX => None,
                period => moment.checked_add(period),
            };
            self.set(next, self.period);
            return Poll::Ready(moment);
        }
        match &mut self.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

impl Future for Timer {
    type Output = Instant;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
        self.get_mut().poll_fire(cx)
    }
}

impl Stream for Timer {
    type Item = Instant;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.get_mut().poll_fire(cx).map(Some)
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer")
            .field("at", &self.deadline.at())
            .field("period", &self.period)
            .finish()
    }
}
