//! Threads of one team keep the role among themselves; nobody else is affected.

use std::sync::mpsc::{self, Receiver, Sender};
use std::task::Waker;
use std::thread::{self, Scope, ScopedJoinHandle, ThreadId};
use std::time::Duration;

use mini_reactor::{Direction, Directions, Handle, Parker, Team, Unparker};

use crate::lab::Call;
use crate::tools::{one_that_parks, poll_ready, system, until, watch};
use crate::world::World;

const LONG: Duration = Duration::from_secs(3600);

/// A thread of the team that parks once. It keeps its parker until it is let go.
struct Member<'scope> {
    thread: ScopedJoinHandle<'scope, ()>,
    unparker: Unparker,
    drove: Receiver<bool>,
    may_go: Sender<()>,
}

impl<'scope> Member<'scope> {
    fn new(
        scope: &'scope Scope<'scope, '_>,
        reactor: &Handle,
        team: &'scope Team,
        park: fn(&Parker) -> bool,
    ) -> Member<'scope> {
        let reactor = reactor.clone();
        let (tx, rx) = mpsc::channel();
        let (says, drove) = mpsc::channel();
        let (may_go, go) = mpsc::channel();
        let thread = scope.spawn(move || {
            let parker = Parker::new_in_team(reactor, team);
            tx.send(parker.unparker()).expect("somebody waits for this");
            let _ = says.send(park(&parker));
            let _until_dropped = go.recv();
        });
        Member { thread, unparker: rx.recv().expect("it has begun"), drove, may_go }
    }

    fn id(&self) -> ThreadId {
        self.thread.thread().id()
    }

    /// Ends its sleep, and waits until it has left the role; true if it drove.
    fn wake(&self) -> bool {
        self.unparker.unpark();
        self.drove.recv().expect("it does not panic")
    }

    fn let_go(self) {
        drop(self.may_go);
        self.thread.join().expect("it does not panic");
    }
}

fn park(parker: &Parker) -> bool {
    parker.park_for(None, |_| true).expect("no fault was planned")
}

fn watch_long(parker: &Parker) -> bool {
    parker.watch(LONG, |_| true).expect("no fault was planned")
}

#[test]
fn a_driver_leaves_the_threads_of_its_team_asleep() {
    let (world, team) = (World::by_hand(), Team::default());
    thread::scope(|scope| {
        let driver = Member::new(scope, &world.reactor, &team, park);
        world.until_asleep();
        let other = Member::new(scope, &world.reactor, &team, park);
        world.until_parked(other.id());
        assert!(driver.wake());
        assert!(!other.wake(), "it drove");
        assert!(!world.was_sent(other.id()));
        driver.let_go();
        other.let_go();
    });
}

#[test]
fn a_driver_sends_a_thread_outside_of_its_team_to_drive() {
    let (world, team) = (World::by_hand(), Team::new());
    let object = world.object(1);
    thread::scope(|scope| {
        let driver = Member::new(scope, &world.reactor, &team, park);
        world.until_asleep();
        let outside = scope.spawn(|| world.reactor.block_on(object.ready(Direction::Read)));
        world.until_parked(outside.thread().id());
        let mate = Member::new(scope, &world.reactor, &team, park);
        world.until_parked(mate.id());
        assert!(driver.wake());
        until(|| world.drivers().contains(&outside.thread().id()));
        world.happen(1, Directions::READ);
        outside.join().unwrap().unwrap();
        until(|| world.drivers().contains(&mate.id())); // who left last is of no team
        assert!(mate.wake());
        driver.let_go();
        mate.let_go();
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
        let watcher = Member::new(scope, &world.reactor, &team, watch_long);
        world.until_parked(watcher.id());
        let (stranger, wakes_stranger) = one_that_parks(scope, &world.reactor);
        assert_eq!(world.until_asleep(), stranger.thread().id());
        wakes_stranger.unpark();
        stranger.join().unwrap();
        until(|| world.drivers().contains(&watcher.id()));
        assert!(watcher.wake());
        watcher.let_go();
    });
}

#[test]
fn a_watcher_is_left_asleep_by_who_only_looks_and_not_by_who_waited() {
    let (world, team) = (World::by_hand(), Team::new());
    let object = world.object(1);
    assert!(poll_ready(&object, Direction::Read, Waker::noop()).is_pending()); // to look for
    let of_no_team = Parker::new(&world.reactor);
    thread::scope(|scope| {
        let watcher = Member::new(scope, &world.reactor, &team, watch_long);
        world.until_parked(watcher.id());
        assert!(of_no_team.turn().unwrap());
        assert!(!world.was_sent(watcher.id()));
        of_no_team.unparker().unpark();
        assert!(of_no_team.park_for(None, |_| true).unwrap());
        until(|| world.drivers().contains(&watcher.id()));
        assert!(watcher.wake());
        watcher.let_go();
    });
}

#[test]
fn who_hands_over_and_who_leaves_sends_another_of_the_team_to_drive() {
    let (world, team) = (World::by_hand(), Team::new());
    let parker = Parker::new_in_team(&world.reactor, &team);
    for leaves in [false, true] {
        thread::scope(|scope| {
            let first = Member::new(scope, &world.reactor, &team, park);
            world.until_asleep();
            let second = Member::new(scope, &world.reactor, &team, park);
            world.until_parked(second.id());
            assert!(first.wake());
            assert!(!world.drivers().contains(&second.id()), "it was to be left asleep");
            match leaves {
                true => first.let_go(),
                false => {
                    parker.hand_over();
                    drop(first.may_go);
                }
            }
            until(|| world.drivers().contains(&second.id()));
            assert!(second.wake());
            second.let_go();
        });
    }
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
