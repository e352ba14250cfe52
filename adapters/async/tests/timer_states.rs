//! Timers in quantity, and cancelled or moved in each state: not yet polled, waiting, expired,
//! expiring, fired.

mod common;

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use common::{poll_once, run};
use futures_lite::StreamExt;
use mini_async::Timer;
use mini_reactor::{Handle, Reactor, System};

const SHORT: Duration = Duration::from_millis(3);
const LONG: Duration = Duration::from_secs(3600);

/// A reactor whose timers are this test's alone, driven by hand.
fn own_reactor() -> Handle {
    Handle::from(Arc::new(Reactor::new(System::new())))
}

/// Turns until the reactor has nothing that is due.
fn turn_past(reactor: &Handle, moment: Instant) {
    while Instant::now() < moment {
        std::thread::sleep(moment.saturating_duration_since(Instant::now()));
    }
    while reactor.poll_once().expect("the system's turn works") {}
}

/// Counts its wake-ups.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

impl Count {
    fn get(&self) -> usize {
        self.0.load(Relaxed)
    }
}

fn counting() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    (count, waker)
}

fn poll(timer: &mut Timer, waker: &Waker) -> Poll<Instant> {
    Future::poll(Pin::new(timer), &mut Context::from_waker(waker))
}

#[test]
fn thousands_of_timers_at_one_instant_all_fire() {
    const TIMERS: usize = 10_000;
    let reactor = own_reactor();
    let moment = Instant::now() + SHORT;
    let (count, waker) = counting();
    let mut timers: Vec<Timer> =
        (0..TIMERS).map(|_| Timer::at_in(moment, reactor.clone())).collect();
    // On a slow machine the moment has come for the last of them.
    timers.retain_mut(|timer| poll(timer, &waker).is_pending());
    let waiting = timers.len();
    turn_past(&reactor, moment);
    assert_eq!(count.get(), waiting, "each is woken for once");
    timers.retain_mut(|timer| poll(timer, &waker) != Poll::Ready(moment));
    assert!(timers.is_empty(), "{} of {waiting} did not fire", timers.len());
    assert!(reactor.next_deadline().is_none());
}

#[test]
fn thousands_of_timers_at_one_instant_let_other_events_through() {
    // More than one turn lets expire, in one task with an interval of its own.
    run(async {
        let moment = Instant::now() + SHORT;
        let timers: Vec<Timer> = (0..5_000).map(|_| Timer::at(moment)).collect();
        let mut ticks = Timer::interval_at(moment, Duration::from_micros(100));
        for timer in timers {
            assert_eq!(timer.await, moment);
            ticks.next().await;
        }
    });
}

#[test]
fn a_timer_dropped_before_it_was_polled_was_never_there() {
    let reactor = own_reactor();
    drop(Timer::at_in(Instant::now() + LONG, reactor.clone()));
    let mut timer = Timer::never_in(reactor.clone());
    timer.set_after(LONG);
    timer.clear();
    assert!(reactor.next_deadline().is_none());
}

#[test]
fn a_timer_dropped_while_it_waits_leaves_nothing() {
    let reactor = own_reactor();
    let (count, waker) = counting();
    let (soon, later) = (Instant::now() + LONG, Instant::now() + 2 * LONG);
    let mut first = Timer::at_in(soon, reactor.clone());
    let mut second = Timer::at_in(later, reactor.clone());
    assert!(poll(&mut first, &waker).is_pending());
    assert!(poll(&mut second, &waker).is_pending());
    // Deadlines are kept in nanoseconds of the reactor's own clock, so they are exact.
    assert_eq!(reactor.next_deadline(), Some(soon));
    drop(first);
    assert_eq!(reactor.next_deadline(), Some(later));
    second.clear();
    assert!(reactor.next_deadline().is_none());
    drop((second, waker));
    assert_eq!((count.get(), Arc::strong_count(&count)), (0, 1));
}

#[test]
fn a_timer_dropped_after_it_expired_leaves_nothing() {
    let reactor = own_reactor();
    let (count, waker) = counting();
    let moment = Instant::now() + SHORT;
    let mut timer = Timer::at_in(moment, reactor.clone());
    assert!(poll(&mut timer, &waker).is_pending());
    turn_past(&reactor, moment);
    assert_eq!(count.get(), 1);
    drop((timer, waker));
    assert_eq!((count.get(), Arc::strong_count(&count)), (1, 1));
    assert!(reactor.next_deadline().is_none());
}

/// A waker that moves and drops a timer, in the middle of their expiry.
#[derive(Default)]
struct Meddler {
    victims: Mutex<Vec<Timer>>,
    woken: AtomicUsize,
}

impl Wake for Meddler {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Relaxed);
        let victim = self.victims.lock().expect("nobody panics").pop();
        if let Some(mut timer) = victim {
            timer.set_after(LONG);
        }
    }
}

#[test]
fn timers_dropped_during_expiry_from_inside_a_waker_do_no_harm() {
    const TIMERS: usize = 100;
    let reactor = own_reactor();
    let moment = Instant::now() + Duration::from_millis(250); // none may come before all are made
    let meddler = Arc::new(Meddler::default());
    let waker = Waker::from(Arc::clone(&meddler));
    let mut victims = Vec::new();
    for _ in 0..TIMERS {
        let mut timer = Timer::at_in(moment, reactor.clone());
        assert!(poll(&mut timer, &waker).is_pending());
        victims.push(timer);
    }
    *meddler.victims.lock().expect("nobody panics") = victims;
    turn_past(&reactor, moment);
    // Those that expired in one turn are all woken for, though dropped by then.
    assert!(meddler.woken.load(Relaxed) >= TIMERS);
    assert!(meddler.victims.lock().expect("nobody panics").is_empty());
    assert!(reactor.next_deadline().is_none(), "a dropped timer came back");
}

/// A waker that moves another timer, which its task waits for.
struct Mover {
    other: Mutex<Timer>,
    to: Instant,
}

impl Wake for Mover {
    fn wake(self: Arc<Self>) {
        self.other.lock().expect("nobody panics").set_at(self.to);
    }
}

#[test]
fn a_timer_moved_during_expiry_from_inside_a_waker_waits_for_its_new_moment() {
    let reactor = own_reactor();
    let (soon, later) = (Instant::now() + SHORT, Instant::now() + LONG);
    let (count, waker) = counting();
    let mut other = Timer::at_in(later + LONG, reactor.clone());
    assert!(poll(&mut other, &waker).is_pending());
    let mover = Arc::new(Mover { other: Mutex::new(other), to: later });
    let mut timer = Timer::at_in(soon, reactor.clone());
    assert!(poll(&mut timer, &Waker::from(Arc::clone(&mover))).is_pending());
    turn_past(&reactor, soon);
    assert_eq!(reactor.next_deadline(), Some(later));
    assert_eq!(count.get(), 0);
}

#[test]
fn a_fired_timer_is_set_again_and_again() {
    run(async {
        let mut timer = Timer::never();
        for _ in 0..20 {
            timer.set_after(Duration::from_micros(100));
            let set_to = (&mut timer).await;
            assert!(Instant::now() >= set_to);
            assert!(!timer.will_fire());
            assert!(poll_once(&mut timer).is_pending());
        }
    });
}

#[test]
fn a_task_that_was_woken_and_moves_the_timer_without_polling_it_is_woken_again() {
    let reactor = own_reactor();
    let (count, waker) = counting();
    let moment = Instant::now() + SHORT;
    let mut timer = Timer::at_in(moment, reactor.clone());
    assert!(poll(&mut timer, &waker).is_pending());
    turn_past(&reactor, moment);
    assert_eq!(count.get(), 1);
    // As a connection that has got its answer in the meantime: on with the next idle time.
    let moment = Instant::now() + SHORT;
    timer.set_at(moment);
    turn_past(&reactor, moment);
    assert_eq!(count.get(), 2);
    assert_eq!(poll(&mut timer, &waker), Poll::Ready(moment));
}

#[test]
fn a_timer_set_into_the_past_wakes_who_waits_for_it() {
    let reactor = own_reactor();
    for mut timer in [Timer::never_in(reactor.clone()), {
        let mut timer = Timer::never_in(reactor.clone());
        timer.set_after(LONG);
        timer
    }] {
        let (count, waker) = counting();
        assert!(poll(&mut timer, &waker).is_pending());
        timer.set_at(Instant::now());
        turn_past(&reactor, Instant::now());
        assert_eq!(count.get(), 1);
        assert!(poll(&mut timer, &waker).is_ready());
    }
}

#[test]
fn setting_one_moment_ends_a_series() {
    let start = Instant::now();
    let set: [fn(&mut Timer); 2] = [
        |timer| timer.set_after(Duration::ZERO),
        |timer| {
            timer.set_at(Instant::now());
        },
    ];
    for set in set {
        let mut timer = Timer::interval_at(start, SHORT);
        assert_eq!(poll_once(&mut timer), Poll::Ready(start));
        set(&mut timer);
        assert!(poll_once(&mut timer).is_ready());
        assert!(!timer.will_fire());
    }
}

#[test]
fn a_late_interval_catches_up_unless_it_is_set_anew() {
    run(async {
        let start = Instant::now();
        let mut ticks = Timer::interval_at(start, SHORT);
        Timer::at(start + 4 * SHORT).await;
        assert_eq!(ticks.next().await, Some(start));
        assert_eq!(ticks.next().await, Some(start + SHORT));
        // Enough: from now on again.
        let now = Instant::now();
        ticks.set_interval(SHORT);
        let next = ticks.next().await.expect("an interval goes on");
        assert!(next >= now + SHORT);
        assert_eq!(ticks.next().await, Some(next + SHORT));
    });
}

#[test]
fn an_interval_of_no_length_is_always_due_and_keeps_its_moment() {
    let start = Instant::now();
    let mut ticks = Timer::interval_at(start, Duration::ZERO);
    for _ in 0..100 {
        assert_eq!(poll_once(ticks.next()), Poll::Ready(Some(start)));
    }
}

#[test]
fn the_largest_durations_never_fire_however_they_are_set() {
    let reactor = own_reactor();
    let mut timer = Timer::never_in(reactor.clone());
    for duration in [Duration::MAX, Duration::MAX - Duration::from_nanos(1)] {
        timer.set_after(duration);
        assert!(!timer.will_fire());
        timer.set_interval(duration);
        assert!(!timer.will_fire());
        assert!(poll_once(&mut timer).is_pending());
    }
    // The last moment there is, by bisection: it is set, but nobody lives to see it.
    let (mut last, mut step) = (Instant::now(), Duration::from_secs(1 << 62));
    while step > Duration::ZERO {
        while let Some(later) = last.checked_add(step) {
            last = later;
        }
        step /= 2;
    }
    timer.set_at(last);
    assert!(timer.will_fire());
    assert!(poll_once(&mut timer).is_pending());
    // And those before it are not held up.
    let moment = Instant::now() + SHORT;
    let (count, waker) = counting();
    let mut near = Timer::at_in(moment, reactor.clone());
    assert!(poll(&mut near, &waker).is_pending());
    turn_past(&reactor, moment);
    assert_eq!(count.get(), 1);
    timer.set_interval_at(moment, Duration::MAX);
    assert_eq!(poll_once(&mut timer), Poll::Ready(moment));
    assert!(!timer.will_fire());
}
