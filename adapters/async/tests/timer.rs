//! Timers as futures and as streams.

mod common;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use common::{poll_once, run};
use futures_lite::{StreamExt, future};
use mini_async::Timer;
use mini_reactor::{Handle, Reactor, System};

const SHORT: Duration = Duration::from_millis(3);

#[test]
fn a_timer_never_fires_early() {
    run(async {
        for micros in (0..3000).step_by(37) {
            let (start, duration) = (Instant::now(), Duration::from_micros(micros));
            let set_to = Timer::after(duration).await;
            assert!(start + duration <= set_to && set_to <= Instant::now());
            let at = Instant::now() + duration;
            assert_eq!(Timer::at(at).await, at);
            assert!(Instant::now() >= at);
        }
    });
}

#[test]
fn the_past_fires_at_the_first_poll() {
    run(async {
        let past = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
        assert_eq!(poll_once(Timer::at(past)), Poll::Ready(past));
        assert!(poll_once(Timer::after(Duration::ZERO)).is_ready());
        assert!(poll_once(Timer::interval_at(past, SHORT)).is_ready());
    });
}

#[test]
fn what_cannot_be_expressed_never_fires() {
    run(async {
        for mut timer in [
            Timer::never(),
            Timer::after(Duration::MAX),
            Timer::interval(Duration::MAX),
            Timer::after(Duration::from_secs(u64::MAX)),
        ] {
            assert!(!timer.will_fire());
            assert!(poll_once(&mut timer).is_pending());
            let nap = async {
                Timer::after(SHORT).await;
                None
            };
            assert_eq!(future::or(async { Some(timer.await) }, nap).await, None);
        }
    });
}

#[test]
fn far_futures_wait_without_harm_to_near_ones() {
    run(async {
        let century = Duration::from_secs(100 * 365 * 24 * 3600);
        let mut far = Timer::after(century);
        assert!(far.will_fire());
        assert!(poll_once(&mut far).is_pending());
        Timer::after(SHORT).await;
        assert!(poll_once(&mut far).is_pending());
    });
}

#[test]
fn a_timer_that_fired_once_never_fires_again() {
    run(async {
        let mut timer = Timer::after(SHORT);
        assert!(timer.will_fire());
        (&mut timer).await;
        assert!(!timer.will_fire());
        assert!(poll_once(&mut timer).is_pending());
        timer.set_after(SHORT);
        timer.await;
    });
}

#[test]
fn an_interval_keeps_to_its_schedule_when_polled_late() {
    run(async {
        let start = Instant::now();
        let mut ticks = Timer::interval_at(start, SHORT);
        Timer::after(SHORT * 5).await;
        // Those that are overdue come at once, each with the moment it was due at.
        for tick in 0..5 {
            assert_eq!(poll_once(ticks.next()), Poll::Ready(Some(start + tick * SHORT)));
        }
        for tick in 5..8 {
            assert_eq!(ticks.next().await, Some(start + tick * SHORT));
            assert!(Instant::now() >= start + tick * SHORT);
        }
    });
}

#[test]
fn an_interval_whose_next_moment_cannot_be_expressed_fires_once() {
    run(async {
        let mut ticks = Timer::interval_at(Instant::now(), Duration::MAX);
        assert!(ticks.next().await.is_some());
        assert!(!ticks.will_fire());
    });
}

#[test]
fn an_interval_is_awaited_again_and_again_as_a_future() {
    run(async {
        let mut ticks = Timer::interval(SHORT);
        let first = (&mut ticks).await;
        let second = (&mut ticks).await;
        assert_eq!(second - first, SHORT);
        ticks.clear();
        assert!(!ticks.will_fire());
    });
}

/// Counts its wake-ups.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn poll_with(timer: &mut Timer, waker: &Waker) -> Poll<Instant> {
    Pin::new(timer).poll(&mut Context::from_waker(waker))
}

use std::future::Future;

#[test]
fn a_waiting_task_is_woken_for_a_moment_set_meanwhile() {
    run(async {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let woken = || count.0.load(Relaxed);
        let century = Duration::from_secs(100 * 365 * 24 * 3600);

        for mut timer in [Timer::never(), Timer::after(century)] {
            let before = woken();
            assert!(poll_with(&mut timer, &waker).is_pending());
            timer.set_after(SHORT);
            while woken() == before {
                Timer::after(SHORT).await;
            }
            assert!(poll_with(&mut timer, &waker).is_ready());

            let before = woken();
            assert!(poll_with(&mut timer, &waker).is_pending());
            timer.set_at(Instant::now());
            while woken() == before {
                Timer::after(SHORT).await;
            }
            assert!(poll_with(&mut timer, &waker).is_ready());
        }
    });
}

#[test]
fn a_timer_dropped_or_cleared_or_set_later_does_not_wake() {
    run(async {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut timers = [Timer::after(SHORT), Timer::after(SHORT), Timer::after(SHORT)];
        for timer in &mut timers {
            assert!(poll_with(timer, &waker).is_pending());
        }
        let [dropped, mut cleared, mut later] = timers;
        drop(dropped);
        cleared.clear();
        later.set_after(Duration::from_secs(3600));
        Timer::after(SHORT * 3).await;
        assert_eq!(count.0.load(Relaxed), 0);
        assert!(poll_with(&mut cleared, &waker).is_pending());
        assert!(poll_with(&mut later, &waker).is_pending());
    });
}

#[test]
fn a_timer_moves_between_threads_while_it_waits() {
    let mut timer = Timer::after(SHORT);
    assert!(poll_once(&mut timer).is_pending());
    std::thread::spawn(move || run(timer)).join().unwrap();
}

#[test]
fn a_timer_fires_on_its_own_reactor() {
    let reactor = Handle::from(Arc::new(Reactor::new(System::new())));
    let timer = Timer::at_in(reactor.now() + SHORT, reactor.clone());
    reactor.block_on(timer);
    let mut timer = Timer::never_in(reactor.clone());
    timer.set_after(SHORT);
    reactor.block_on(timer);
}

#[test]
fn many_timers_fire_in_order() {
    run(async {
        let start = Instant::now();
        let mut timers: Vec<Timer> =
            (0..1000).map(|i| Timer::at(start + Duration::from_micros(i * 7919 % 5000))).collect();
        let mut fired = Vec::new();
        std::future::poll_fn(|cx| {
            timers.retain_mut(|timer| match Pin::new(timer).poll(cx) {
                Poll::Ready(moment) => {
                    fired.push(moment);
                    false
                }
                Poll::Pending => true,
            });
            if timers.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        assert_eq!(fired.len(), 1000);
        assert!(fired.iter().all(|moment| *moment <= Instant::now()));
    });
}

#[test]
fn timers_can_be_shared_and_sent() {
    fn check<T: Send + Sync + Unpin + std::fmt::Debug>(_: T) {}
    check(Timer::never());
    check(Timer::after(SHORT));
}
