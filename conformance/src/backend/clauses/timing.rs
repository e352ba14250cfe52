//! The clock, and the core's timers on it.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use mini_reactor::Deadline;

use crate::backend::trial::Trial;
use crate::threads::start;
use crate::waking::{Count, waker};

pub(crate) fn the_clock_never_goes_back(trial: &Trial) {
    let mut before = trial.backend().now();
    let mut look = || {
        let now = trial.backend().now();
        assert!(now >= before, "the clock went back by {:?}", before - now);
        before = now;
    };
    for round in 0..400 {
        look();
        if round % 100 == 0 {
            trial.bare_turn(Some(Duration::from_micros(50)));
            look();
            trial.turn_for(Duration::from_millis(1));
        }
    }
}

pub(crate) fn the_clock_never_goes_back_between_threads(trial: &Trial) {
    let reactor = trial.reactor.clone();
    let rounds = trial.times(2_000);
    let (to_other, from_here) = std::sync::mpsc::sync_channel::<Instant>(1);
    let other = start("a thread that looks at the clock", move || {
        while let Ok(then) = from_here.recv() {
            let now = reactor.now();
            assert!(now >= then, "on another thread the clock is behind by {:?}", then - now);
        }
    });
    for _ in 0..rounds {
        to_other.send(trial.backend().now()).expect("the other thread listens");
    }
    drop(to_other);
    other.join(trial.patience());
}

pub(crate) fn timers_fire_in_order_and_never_early(trial: &Trial) {
    let begin = trial.reactor.now();
    let fired = Arc::new(Mutex::new(Vec::new()));
    let mut timers: Vec<_> = [20_u64, 5, 15, 10, 25]
        .into_iter()
        .filter_map(|millis| {
            let at = begin + Duration::from_millis(millis);
            let mut timer = Deadline::new_in(at, &trial.reactor);
            let (fired, reactor) = (Arc::clone(&fired), trial.reactor.clone());
            let waker = waker(move || {
                fired.lock().expect("nobody panics under it").push((at, reactor.now()));
            });
            let poll = timer.poll(&mut Context::from_waker(&waker));
            if poll.is_ready() {
                assert!(trial.reactor.now() >= at, "a timer was ready before its time");
            }
            poll.is_pending().then_some(timer) // it may be due by now
        })
        .collect();
    let many = timers.len();
    trial.until("several timers", || fired.lock().expect("nobody panics under it").len() == many);
    let fired = fired.lock().expect("nobody panics under it").clone();
    for (at, now) in &fired {
        assert!(now >= at, "a timer has fired {:?} before its time", *at - *now);
    }
    let in_order = fired.is_sorted_by_key(|(at, _)| *at);
    assert!(in_order, "when each of them was due, and had come: {fired:?}");
    timers.iter_mut().for_each(|timer| {
        assert!(timer.poll(&mut Context::from_waker(Waker::noop())).is_ready(), "it has come");
    });
}

pub(crate) fn an_earlier_timer_ends_another_threads_turn_in_time(trial: &Trial) {
    trial.drive_beside(|trial| {
        let hours = Duration::from_secs(7_200);
        let (never, waker) = Count::new();
        let mut later = Deadline::after_in(hours, &trial.reactor);
        assert!(later.poll(&mut Context::from_waker(&waker)).is_pending(), "two hours have passed");
        for _ in 0..4 {
            std::thread::sleep(Duration::from_millis(2)); // so that the driver sleeps, most likely
            let mut soon = Deadline::after_in(Duration::from_millis(1), &trial.reactor);
            trial.wait(
                "a timer that is earlier than all that the driver knew",
                poll_fn(|cx| soon.poll(cx)),
            );
        }
        assert_eq!(never.wakes(), 0, "two hours have passed");
    });
}

pub(crate) fn a_virtual_clock_stands_still_between_turns(trial: &Trial) {
    trial.turn_for(Duration::from_millis(1));
    let now = trial.backend().now();
    std::thread::sleep(Duration::from_millis(2));
    assert_eq!(trial.backend().now(), now, "there was no turn");
}

pub(crate) fn a_turn_makes_a_virtual_clock_jump(trial: &Trial) {
    let (before, begin) = (trial.backend().now(), Instant::now());
    let day = Duration::from_secs(86_400);
    trial.note("a turn that lasts a day");
    trial.bare_turn(Some(day));
    assert_eq!(trial.backend().now() - before, day, "the time that has passed by its clock");
    trial.turn_for(day);
    assert!(begin.elapsed() < day, "that took two days");
}
