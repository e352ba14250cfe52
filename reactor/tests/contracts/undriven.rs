//! The report, in debug builds, that something waits on a reactor which nobody drives.

use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use mini_reactor::{Deadline, Direction, Handle, Parker, Registration};

use crate::lab::Object;
use crate::tools::{in_a_process, poll_ready};
use crate::world::World;

const REPORT: &str = "nobody drives";

/// How often the report came, in a process of its own.
fn reports(name: &str, body: impl FnOnce()) -> Option<usize> {
    let output = in_a_process(name, body)?;
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    for advice in ["`mini_reactor::block_on`", "`Reactor::drive`", "`Reactor::drive_externally`"] {
        assert_eq!(told.contains(advice), told.contains(REPORT), "{told}");
    }
    Some(told.matches(REPORT).count())
}

/// The next wait after a while in which the ones before were left alone.
fn later(wait: impl FnOnce()) {
    thread::sleep(Duration::from_millis(1050));
    wait();
}

fn wait(object: &Registration<Object>) {
    assert!(poll_ready(object, Direction::Read, Waker::noop()).is_pending());
}

fn set(reactor: &Handle) -> Deadline {
    let mut timer = Deadline::after_in(Duration::from_secs(3600), reactor);
    assert!(timer.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    timer
}

fn expected() -> usize {
    usize::from(cfg!(debug_assertions))
}

#[test]
fn registrations_that_nobody_drives_are_reported_at_the_next_registration() {
    let name = "undriven::registrations_that_nobody_drives_are_reported_at_the_next_registration";
    let reports = reports(name, || {
        let world = World::edge();
        let objects = [1, 2].map(|number| world.object(number));
        wait(&objects[0]);
        later(|| wait(&objects[1]));
    });
    assert!(reports.is_none_or(|reports| reports == expected()), "{reports:?}");
}

#[test]
fn registrations_that_nobody_drives_are_reported_at_the_next_wait_and_once() {
    let name = "undriven::registrations_that_nobody_drives_are_reported_at_the_next_wait_and_once";
    let reports = reports(name, || {
        let world = World::edge();
        let object = world.object(1);
        wait(&object);
        for _ in 0..2 {
            later(|| wait(&object));
        }
        world.turn();
        wait(&object);
        later(|| wait(&object));
    });
    assert!(reports.is_none_or(|reports| reports == expected()), "{reports:?}");
}

#[test]
fn timers_that_nobody_drives_are_reported_at_the_next_timer() {
    let name = "undriven::timers_that_nobody_drives_are_reported_at_the_next_timer";
    let reports = reports(name, || {
        let world = World::edge();
        let _timer = set(&world.reactor);
        later(|| drop(set(&world.reactor)));
    });
    assert!(reports.is_none_or(|reports| reports == expected()), "{reports:?}");
}

#[test]
fn what_is_driven_or_may_be_is_not_reported() {
    let reports = reports("undriven::what_is_driven_or_may_be_is_not_reported", || {
        // One reactor for each reason, so that one second does for all.
        let worlds: [_; 6] = std::array::from_fn(|_| World::edge());
        let [turned, lent, busy, external, empty, fresh] = worlds.each_ref();
        let objects = worlds.each_ref().map(|world| world.object(1));
        let parker = Parker::new(&lent.reactor);
        let guard = external.reactor.drive_externally();
        objects[..4].iter().for_each(wait);
        drop(set(&empty.reactor)); // nothing waits any more
        busy.reactor.block_on(async {
            // The thread that would drive is busy; that is another matter.
            later(|| {
                turned.turn();
                objects[..4].iter().for_each(wait);
                drop(set(&empty.reactor));
                wait(&objects[5]);
            });
        });
        assert!(fresh.is_watched(1));
        drop((parker, guard));
    });
    assert!(reports.is_none_or(|reports| reports == 0), "{reports:?}");
}

#[test]
fn a_parker_that_was_lent_and_is_gone_does_not_count() {
    let name = "undriven::a_parker_that_was_lent_and_is_gone_does_not_count";
    let reports = reports(name, || {
        static STATIC: mini_reactor::Reactor<mini_reactor::System> =
            mini_reactor::Reactor::new(mini_reactor::System::new());
        let reactor = Handle::from(&STATIC);
        drop(Parker::new(&reactor));
        for _ in 0..2 {
            reactor.block_on(async {}); // whose parker is kept for the next one
        }
        let _timer = set(&reactor);
        later(|| drop(set(&reactor)));
    });
    assert!(reports.is_none_or(|reports| reports == expected()), "{reports:?}");
}
