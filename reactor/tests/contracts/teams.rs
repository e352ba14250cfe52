//! Threads of one team keep the role among themselves; nobody else is affected.

use std::sync::mpsc;
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Duration;

use mini_reactor::{Direction, Directions, Handle, Parker, Team, Unparker};

use crate::lab::Call;
use crate::tools::{one_that_parks, system, until, watch};
use crate::world::World;

const LONG: Duration = Duration::from_secs(3600);

/// A thread of the team that parks once and says whether it drove. It keeps its parker until it is
/// let go.
fn one_of<'scope>(
    scope: &'scope Scope<'scope, '_>,
    reactor: &Handle,
    team: &'scope Team,
    park: fn(&Parker) -> bool,
) -> (ScopedJoinHandle<'scope, bool>, Unparker, mpsc::Sender<()>) {
    let (reactor, (tx, rx), (go, may_go)) = (reactor.clone(), mpsc::channel(), mpsc::channel());
    let thread = scope.spawn(move || {
        let parker = Parker::new_in_team(reactor, team);
        tx.send(parker.unparker()).expect("somebody waits for this");
        let drove = park(&parker);
        let _until_dropped = may_go.recv();
        drove
    });
    (thread, rx.recv().expect("it has begun"), go)
}

fn park(parker: &Parker) -> bool {
    parker.park_for(None, |_| true).expect("no fault was planned")
}

fn watch_long(parker: &Parker) -> bool {
    parker.watch(LONG, |_| true).expect("no fault was planned")
}

/// Gives a thread that is about to park beside the driver the time to do so.
fn parks_beside(world: &World) {
    world.until_asleep();
    (0..1000).for_each(|_| thread::yield_now());
}

/// A driver leaves; true if the other one of its team was not sent to drive.
fn leaves_it_asleep() -> bool {
    let (world, team) = (World::by_hand(), Team::new());
    thread::scope(|scope| {
        let (driver, wakes_driver, driver_may_go) = one_of(scope, &world.reactor, &team, park);
        world.until_asleep();
        let (other, wakes_other, other_may_go) = one_of(scope, &world.reactor, &team, park);
        parks_beside(&world);
        wakes_driver.unpark();
        // Somebody else gets the role now: this thread, unless the other one has it.
        until(|| {
            world.disturb();
            world.turn();
            let last = world.drivers().pop();
            [thread::current().id(), other.thread().id()].map(Some).contains(&last)
        });
        wakes_other.unpark();
        drop((driver_may_go, other_may_go));
        assert!(driver.join().expect("it does not panic"));
        !other.join().expect("it does not panic")
    })
}

#[test]
fn a_driver_leaves_the_threads_of_its_team_asleep() {
    // One that had not parked yet finds the role free and takes it, but not each time.
    assert!((0..1000).any(|_| leaves_it_asleep()));
}

#[test]
fn a_driver_sends_a_thread_outside_of_its_team_to_drive() {
    let (world, team) = (World::by_hand(), Team::new());
    let object = world.object(1);
    thread::scope(|scope| {
        let (driver, wakes_driver, may_go) = one_of(scope, &world.reactor, &team, park);
        let driver_id = world.until_asleep();
        let (mate, wakes_mate, mate_may_go) = one_of(scope, &world.reactor, &team, park);
        let other = scope.spawn(|| world.reactor.block_on(object.ready(Direction::Read)));
        until(|| world.is_watched(1));
        parks_beside(&world);
        wakes_driver.unpark();
        until(|| world.until_asleep() != driver_id);
        world.happen(1, Directions::READ);
        other.join().unwrap().unwrap();
        wakes_mate.unpark();
        drop((may_go, mate_may_go));
        assert!(driver.join().unwrap());
        mate.join().unwrap();
    });
}

#[test]
fn a_watcher_does_not_take_the_role_and_who_parks_does() {
    let (world, team) = (World::by_hand(), Team::new());
    let parker = Parker::new_in_team(&world.reactor, &team);
    let mut asked = Vec::new();
    let drove = parker.watch(Duration::from_millis(1), |drives| {
        asked.push(drives);
        true
    });
    assert!(!drove.unwrap());
    parker.unparker().unpark();
    let drove = parker.park_for(Some(LONG), |drives| {
        asked.push(drives);
        false
    });
    assert!(drove.unwrap());
    assert_eq!((asked, world.drivers()), (vec![false], vec![])); // woken before it could ask
    let drove = parker.park_for(Some(LONG), |drives| !drives);
    assert!(drove.unwrap());
}

#[test]
fn a_watcher_that_is_sent_to_drive_does() {
    let (world, team) = (World::by_hand(), Team::new());
    thread::scope(|scope| {
        let (watcher, wakes_watcher, may_go) = one_of(scope, &world.reactor, &team, watch_long);
        // A stranger that leaves before the other one has parked sends nobody.
        until(|| {
            let (stranger, wakes_stranger) = one_that_parks(scope, &world.reactor);
            parks_beside(&world);
            wakes_stranger.unpark();
            stranger.join().unwrap();
            world.drivers().contains(&watcher.thread().id())
        });
        wakes_watcher.unpark();
        drop(may_go);
        assert!(watcher.join().unwrap());
    });
}

#[test]
fn who_hands_over_and_who_leaves_sends_another_of_the_team_to_drive() {
    let (world, team) = (World::by_hand(), Team::new());
    thread::scope(|scope| {
        let parker = Parker::new_in_team(&world.reactor, &team);
        for leaves in [false, true] {
            let (first, wakes_first, first_may_go) = one_of(scope, &world.reactor, &team, park);
            world.until_asleep();
            let (second, wakes_second, second_may_go) = one_of(scope, &world.reactor, &team, park);
            parks_beside(&world);
            wakes_first.unpark();
            until(|| {
                match leaves {
                    true => first_may_go.send(()).unwrap_or_default(),
                    false => parker.hand_over(),
                }
                world.drivers().contains(&second.thread().id())
            });
            wakes_second.unpark();
            drop((first_may_go, second_may_go));
            assert!(first.join().unwrap());
            assert!(second.join().unwrap());
        }
    });
}

#[test]
fn park_for_turns_no_longer_than_its_limit() {
    let world = World::edge(); // its time passes by being waited for
    let parker = Parker::new(&world.reactor);
    let limit = Duration::from_secs(5);
    assert!(parker.park_for(Some(limit), |_| true).unwrap());
    assert_eq!(world.calls(), [Call::Turn(Some(limit))]);
    assert_eq!(world.elapsed(), limit);
}

#[test]
fn park_for_sleeps_no_longer_than_its_limit_beside_a_driver() {
    let (reactor, _watch) = (system(), watch());
    thread::scope(|scope| {
        let (driver, wakes_driver) = one_that_parks(scope, &reactor);
        let parker = Parker::new(&reactor);
        until(|| !parker.park_for(Some(Duration::from_millis(1)), |_| true).unwrap());
        wakes_driver.unpark();
        driver.join().unwrap();
    });
}
