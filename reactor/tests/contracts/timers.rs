//! Timers: never early, late by the slack at most, few at a time, and gone when they are dropped.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mini_reactor::{Deadline, Handle};

use crate::lab::Call;
use crate::tools::{Count, one_that_parks, sleep, system, until, waker, watch};
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);
/// Unless set.
const SLACK: Duration = Duration::from_micros(50);

fn poll(timer: &mut Deadline, waker: &Waker) -> Poll<()> {
    timer.poll(&mut Context::from_waker(waker))
}

/// Whether a turn of this timeout fires a timer that is `due` from now neither early nor too late.
/// How much of the slack is the reactor's and how much is left to the system is not promised.
fn honours(timeout: Option<Duration>, due: Duration, slack: Duration) -> bool {
    timeout.is_some_and(|timeout| (due..=due + slack).contains(&timeout))
}

fn turns(world: &World) -> Vec<Option<Duration>> {
    let timeout = |call| match call {
        Call::Turn(timeout) => Some(timeout),
        _ => None,
    };
    world.calls().into_iter().filter_map(timeout).collect()
}

#[test]
fn a_timer_in_the_past_is_ready_at_once_and_inserts_nothing() {
    let world = World::edge();
    let before = world.reactor.now();
    world.advance(SECOND);
    for mut timer in [
        Deadline::new_in(before, &world.reactor),
        Deadline::new_in(world.reactor.now(), &world.reactor),
        Deadline::after_in(Duration::ZERO, &world.reactor),
    ] {
        assert!(poll(&mut timer, Waker::noop()).is_ready());
        assert!(poll(&mut timer, Waker::noop()).is_ready(), "from then on");
    }
    assert_eq!(world.reactor.next_deadline(), None);
}

#[test]
fn a_timer_whose_time_came_before_its_first_poll_is_ready_at_once() {
    let world = World::edge();
    for after in [Duration::from_nanos(1), SECOND] {
        let mut timer = Deadline::after_in(after, &world.reactor);
        world.advance(after);
        assert!(poll(&mut timer, Waker::noop()).is_ready());
    }
    assert_eq!(world.reactor.next_deadline(), None);
}

#[test]
fn a_timer_beyond_what_time_can_say_never_comes() {
    let world = World::edge();
    let far = world.reactor.now() + Duration::from_secs(200 * 365 * 86_400);
    for mut timer in
        [Deadline::after_in(Duration::MAX, &world.reactor), Deadline::new_in(far, &world.reactor)]
    {
        assert!(poll(&mut timer, Waker::noop()).is_pending());
        assert!(poll(&mut timer, Waker::noop()).is_pending());
        assert_eq!(world.reactor.next_deadline(), None);
    }
    assert_eq!(Deadline::after_in(Duration::MAX, &world.reactor).at(), None);
}

#[test]
fn a_timer_that_never_comes_may_be_reset_to_one_that_does() {
    let world = World::edge();
    let mut timer = Deadline::after_in(Duration::MAX, &world.reactor);
    assert!(poll(&mut timer, Waker::noop()).is_pending());
    timer.reset(world.reactor.now() + SECOND);
    world.reactor.block_on(poll_fn(|cx| timer.poll(cx)));
    assert!(world.elapsed() >= SECOND);
}

#[test]
fn thousands_at_one_instant_all_fire_at_most_1024_a_turn_the_rest_without_waiting() {
    const TIMERS: usize = 5000;
    let world = World::edge();
    let at = world.reactor.now() + SECOND;
    let (count, waker) = Count::new();
    let mut timers: Vec<_> = (0..TIMERS).map(|_| Deadline::new_in(at, &world.reactor)).collect();
    assert!(timers.iter_mut().all(|timer| poll(timer, &waker).is_pending()));
    assert_eq!(count.kept(1), TIMERS);
    world.reactor.block_on(poll_fn(|cx| timers[TIMERS - 1].poll(cx)));
    while count.wakes() < TIMERS - 1 {
        assert!(world.reactor.poll_once().unwrap() || count.wakes() >= TIMERS - 1);
    }
    let turns = turns(&world);
    assert!(honours(turns[0], SECOND, SLACK), "{turns:?}");
    assert_eq!(turns[1..], [Some(Duration::ZERO); TIMERS.div_ceil(1024) - 1]);
    assert!(timers.iter_mut().all(|timer| poll(timer, &waker).is_ready()));
    assert_eq!(count.kept(1), 0);
}

#[test]
fn one_turn_expires_1024_and_says_that_there_is_more() {
    let world = World::edge();
    let at = world.reactor.now() + SECOND;
    let (count, waker) = Count::new();
    let mut timers: Vec<_> = (0..2500).map(|_| Deadline::new_in(at, &world.reactor)).collect();
    assert!(timers.iter_mut().all(|timer| poll(timer, &waker).is_pending()));
    assert!(!world.reactor.poll_once().unwrap());
    world.advance(SECOND);
    for (wakes, more) in [(1024, true), (2048, true), (2500, false)] {
        assert_eq!(world.reactor.poll_once().unwrap(), more);
        assert_eq!(count.wakes(), wakes);
    }
}

#[test]
fn a_timer_fires_neither_early_nor_later_than_the_slack() {
    let world = World::edge();
    let begin = world.reactor.now();
    let late = Arc::new(Mutex::new(Vec::new()));
    let mut random = 12345_u64;
    let mut timers: Vec<_> = (0..2000)
        .map(|_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = begin + Duration::from_nanos(random >> 34);
            let mut timer = Deadline::new_in(at, &world.reactor);
            let (reactor, late) = (world.reactor.clone(), Arc::clone(&late));
            let fires = waker(move || {
                let now = reactor.now();
                assert!(now >= at, "early by {:?}", at - now);
                late.lock().unwrap().push(now - at);
            });
            assert!(poll(&mut timer, &fires).is_pending() || at <= begin);
            timer
        })
        .collect();
    world.reactor.block_on(sleep(&world.reactor, 2 * SECOND));
    let late = late.lock().unwrap();
    assert_eq!(late.len(), timers.iter_mut().filter(|timer| timer.at() > Some(begin)).count());
    assert!(*late.iter().max().unwrap() <= SLACK, "{late:?}");
}

#[test]
fn timers_within_the_slack_share_one_turn() {
    let millisecond = Duration::from_millis(1);
    for (slack, together) in [(millisecond, true), (Duration::ZERO, false), (SECOND, true)] {
        let world = World::edge();
        world.reactor.set_timer_slack(slack);
        let begin = world.reactor.now();
        let counts = [0, 40].map(|micros| {
            let (count, waker) = Count::new();
            let at = begin + SECOND + Duration::from_micros(micros);
            let mut timer = Deadline::new_in(at, &world.reactor);
            assert!(poll(&mut timer, &waker).is_pending());
            (count, timer)
        });
        let parker = mini_reactor::Parker::new(&world.reactor);
        parker.park(|| counts[0].0.wakes() == 0).unwrap();
        let turns = turns(&world);
        assert!(turns.len() == 1 && honours(turns[0], SECOND, slack), "{turns:?}");
        assert_eq!(counts[1].0.wakes(), usize::from(together));
    }
}

#[test]
fn the_slack_does_not_delay_what_is_due_already() {
    let world = World::edge();
    world.reactor.set_timer_slack(Duration::MAX);
    let (count, waker) = Count::new();
    let mut timer = Deadline::after_in(SECOND, &world.reactor);
    assert!(poll(&mut timer, &waker).is_pending());
    world.advance(SECOND);
    world.turn();
    assert_eq!(count.wakes(), 1);
}

#[test]
fn a_slack_without_end_waits_for_no_timer_but_fires_them_when_something_else_happens() {
    let world = World::by_hand();
    world.reactor.set_timer_slack(Duration::MAX);
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| world.reactor.block_on(sleep(&world.reactor, SECOND)));
        world.until_asleep();
        world.advance(SECOND);
        world.disturb();
        sleeper.join().unwrap();
    });
}

/// One timer in each state that it can be in.
fn in_every_state(world: &World, waker: &Waker) -> Vec<(&'static str, Deadline)> {
    let now = world.reactor.now();
    let made = Deadline::new_in(now + SECOND, &world.reactor);
    let after = Deadline::after_in(SECOND, &world.reactor);
    let mut inserted = Deadline::new_in(now + SECOND, &world.reactor);
    assert!(poll(&mut inserted, waker).is_pending());
    let mut never = Deadline::after_in(Duration::MAX, &world.reactor);
    assert!(poll(&mut never, waker).is_pending());
    let mut done = Deadline::new_in(now, &world.reactor);
    assert!(poll(&mut done, waker).is_ready());
    let mut expired = Deadline::after_in(Duration::from_nanos(1), &world.reactor);
    assert!(poll(&mut expired, Waker::noop()).is_pending());
    world.advance(Duration::from_nanos(1));
    world.turn();
    let all = [made, after, inserted, never, done, expired];
    ["made", "after", "inserted", "never", "done", "expired"].into_iter().zip(all).collect()
}

#[test]
fn a_timer_may_be_dropped_in_every_state() {
    let world = World::edge();
    let (count, waker) = Count::new();
    let states = in_every_state(&world, &waker);
    assert_eq!(count.kept(1), 1);
    assert!(world.reactor.next_deadline().is_some());
    drop(states);
    assert_eq!((count.wakes(), count.kept(1)), (0, 0));
    assert_eq!(world.reactor.next_deadline(), None);
}

#[test]
fn a_timer_may_be_reset_in_every_state() {
    let world = World::edge();
    let (count, waker) = Count::new();
    for (state, mut timer) in in_every_state(&world, &waker) {
        for after in [SECOND / 3, SECOND / 2] {
            let at = world.reactor.now() + after;
            timer.reset(at);
            assert_eq!(timer.at(), Some(at), "{state}");
            assert!(poll(&mut timer, &waker).is_pending(), "{state}");
            assert_eq!(world.reactor.next_deadline(), Some(at), "{state}");
        }
        timer.reset(world.reactor.now());
        assert!(poll(&mut timer, &waker).is_ready(), "{state}");
        timer.reset(world.reactor.now() + SECOND);
        let before = count.kept(1);
        assert!(poll(&mut timer, &waker).is_pending(), "{state}");
        assert_eq!(count.kept(1), before + 1, "{state}");
        drop(timer);
        assert_eq!((count.wakes(), count.kept(1)), (0, before), "{state}");
    }
}

#[test]
fn a_timer_may_be_reset_or_dropped_from_inside_a_waker() {
    let world = World::edge();
    let own = Arc::new(Mutex::new(None::<Deadline>));
    let others: Arc<Mutex<Vec<Deadline>>> = Arc::default();
    let ran = Arc::new(AtomicUsize::new(0));
    let fires = {
        let (own, others, ran) = (Arc::clone(&own), Arc::clone(&others), Arc::clone(&ran));
        let reactor = world.reactor.clone();
        waker(move || {
            ran.fetch_add(1, SeqCst);
            others.lock().unwrap().clear();
            if let Some(timer) = &mut *own.lock().unwrap() {
                timer.reset(reactor.now() + SECOND);
            }
        })
    };
    let (count, counts) = Count::new();
    let mut timer = Deadline::after_in(SECOND, &world.reactor);
    assert!(poll(&mut timer, &fires).is_pending());
    *own.lock().unwrap() = Some(timer);
    for at in [SECOND, 2 * SECOND] {
        let mut other = Deadline::after_in(at, &world.reactor);
        assert!(poll(&mut other, &counts).is_pending());
        others.lock().unwrap().push(other);
    }
    world.advance(SECOND);
    world.turn();
    assert_eq!(ran.load(SeqCst), 1);
    assert_eq!(count.wakes(), 1, "what was due in the same turn is woken all the same");
    assert_eq!(world.reactor.next_deadline(), None);
    let mut timer = own.lock().unwrap().take().unwrap();
    world.reactor.block_on(poll_fn(|cx| timer.poll(cx)));
    let at = timer.at().unwrap();
    assert!((at..=at + SLACK).contains(&world.reactor.now()));
}

#[test]
fn a_timer_wakes_the_task_that_polled_it_last() {
    let world = World::edge();
    let (one, one_waker) = Count::new();
    let (two, two_waker) = Count::new();
    let mut timer = Deadline::after_in(SECOND, &world.reactor);
    for waker in [&one_waker, &one_waker, &two_waker, &two_waker] {
        assert!(poll(&mut timer, waker).is_pending());
    }
    assert_eq!((one.kept(1), two.kept(1)), (0, 1));
    world.advance(SECOND);
    world.turn();
    assert_eq!((one.wakes(), two.wakes()), (0, 1));
}

#[test]
fn the_earliest_one_is_the_next_deadline() {
    let world = World::edge();
    let timer = |after: u32| {
        let mut timer = Deadline::after_in(after * SECOND, &world.reactor);
        assert!(poll(&mut timer, Waker::noop()).is_pending());
        timer
    };
    let (three, one, two) = (timer(3), timer(1), timer(2));
    assert_eq!(world.reactor.next_deadline(), one.at());
    drop(two);
    assert_eq!(world.reactor.next_deadline(), one.at());
    drop(one);
    assert_eq!(world.reactor.next_deadline(), three.at());
    drop(three);
    assert_eq!(world.reactor.next_deadline(), None);
}

#[test]
fn inserting_and_cancelling_notify_nobody_unless_earlier_than_all_while_a_thread_sleeps() {
    let world = World::by_hand();
    let insert = |after: Duration| {
        let mut timer = Deadline::after_in(after, &world.reactor);
        assert!(poll(&mut timer, Waker::noop()).is_pending());
        timer
    };
    drop((insert(2 * SECOND), insert(SECOND)));
    assert_eq!(world.calls(), [], "nobody sleeps");
    thread::scope(|scope| {
        let (sleeper, unparker) = one_that_parks(scope, &world.reactor);
        world.until_asleep();
        assert_eq!(world.calls(), [Call::Turn(None)]);

        let first = insert(10 * SECOND);
        assert_eq!(world.notifies(), 1, "earlier than never");
        until(|| turns(&world).into_iter().any(|turn| honours(turn, 10 * SECOND, SLACK)));
        world.until_asleep();
        let later: Vec<_> = (10..1000).map(|seconds| insert(seconds * SECOND)).collect();
        drop(later);
        assert_eq!(world.notifies(), 0);
        drop(first);
        assert_eq!(world.notifies(), 0, "the sleeper comes round once for nothing");
        let _soon = insert(SECOND);
        assert_eq!(world.notifies(), 1);
        unparker.unpark();
        sleeper.join().unwrap();
    });
}

#[test]
fn the_clock_that_counts_is_the_backends() {
    let world = World::by_hand();
    let (count, waker) = Count::new();
    let mut timer = Deadline::after_in(Duration::from_nanos(1), &world.reactor);
    assert!(poll(&mut timer, &waker).is_pending());
    thread::sleep(Duration::from_millis(2));
    for _ in 0..10 {
        world.turn();
    }
    assert_eq!(count.wakes(), 0, "by that clock no time has passed");
    world.advance(Duration::from_nanos(1));
    world.turn();
    assert_eq!(count.wakes(), 1);
}

#[test]
fn a_hundred_thousand_timers_on_the_real_clock_fire_none_early() {
    let reactor: Handle = system();
    let begin = Instant::now();
    let mut timers: Vec<_> = (0..100_000)
        .map(|i| Deadline::after_in(Duration::from_micros(i % 20_000 * 7919 % 20_000), &reactor))
        .collect();
    reactor.block_on(poll_fn(|cx| {
        timers.retain_mut(|timer| {
            let fired = timer.poll(cx).is_ready();
            assert!(!fired || Instant::now() >= timer.at().unwrap());
            !fired
        });
        if timers.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }));
    assert!(begin.elapsed() >= Duration::from_micros(19_999));
}

#[test]
fn timers_of_many_threads_on_one_reactor_fire_each_its_own() {
    let (reactor, _watch) = (system(), watch());
    thread::scope(|scope| {
        for thread in 0..6_u64 {
            let reactor = &reactor;
            scope.spawn(move || {
                for round in 0..50 {
                    let begin = Instant::now();
                    let nap = Duration::from_micros((thread * 37 + round * 13) % 500);
                    reactor.block_on(sleep(reactor, nap));
                    assert!(begin.elapsed() >= nap);
                }
            });
        }
    });
}
