//! `rt::Timer` and `rt::Sleep` on the timer of mini-async.
//!
//! hyper sets a connection's timeouts anew with every request; that moves the timer it has, and
//! allocates nothing.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use mini_async::Timer;
use mini_reactor::Handle;

/// hyper's timer, on a reactor.
///
/// Timeouts are measured by the reactor's clock, so in a simulated reactor they take no time.
///
/// # Examples
///
/// ```
/// use hyper::rt::Timer;
/// use mini_hyper::ReactorTimer;
/// use std::time::Duration;
///
/// let timer = ReactorTimer::new();
/// let start = timer.now();
/// mini_async::block_on(timer.sleep(Duration::from_millis(5)));
/// assert!(timer.now() >= start + Duration::from_millis(5));
/// ```
#[derive(Clone)]
pub struct ReactorTimer {
    reactor: Handle,
}

impl ReactorTimer {
    /// A timer on the current reactor.
    pub fn new() -> ReactorTimer {
        ReactorTimer::new_in(Handle::current())
    }

    /// A timer on `reactor`.
    pub fn new_in(reactor: impl Into<Handle>) -> ReactorTimer {
        ReactorTimer { reactor: reactor.into() }
    }
}

impl Default for ReactorTimer {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for ReactorTimer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReactorTimer").finish_non_exhaustive()
    }
}

impl hyper::rt::Timer for ReactorTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        let mut timer = Timer::never_in(self.reactor.clone());
        timer.set_after(duration);
        Box::pin(Sleep { timer })
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleep { timer: Timer::at_in(deadline, self.reactor.clone()) })
    }

    fn now(&self) -> Instant {
        self.reactor.now()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn hyper::rt::Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Sleep>() {
            Some(ours) => ours.get_mut().timer.set_at(deadline),
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

/// Future of [`ReactorTimer`], for hyper to wait on.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled or awaited"]
pub struct Sleep {
    timer: Timer,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.timer).poll(cx).map(drop)
    }
}

impl hyper::rt::Sleep for Sleep {}
