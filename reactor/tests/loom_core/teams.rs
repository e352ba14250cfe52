//! Threads that need not hand over to each other: `parker.rs` and `driving.rs`, what they say of
//! teams.
//!
//! In each of these a driver of a team leaves for a job, and then there is an event that somebody
//! must be driving to see.

use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::pin;
use std::sync::Arc;
use std::task::Context;

use loom::thread::{self, JoinHandle};

use crate::handle::Handle;
use crate::io_object::{Direction::Read, Directions};
use crate::parker::{Parker, Team};
use crate::world::{NEAR, Pipe, Queue, check, world};

/// A thread of the team that works until it has a job, and then does `leave`.
fn worker(
    team: &Arc<Team>,
    queue: &Arc<Queue>,
    handle: &Handle,
    leave: fn(Parker),
) -> JoinHandle<()> {
    let (team, queue, handle) = (Arc::clone(team), Arc::clone(queue), handle.clone());
    thread::spawn(move || {
        let parker = Parker::new_in_team(&handle, &team);
        queue.work_on(&parker).expect("no turn fails");
        leave(parker);
    })
}

/// Runs a future on a thread of the team, which sleeps by `park`.
fn block_on<T>(parker: &Parker, future: impl Future<Output = T>, park: impl Fn(&Parker)) -> T {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(parker.waker());
    loop {
        match future.as_mut().poll(&mut cx) {
            std::task::Poll::Ready(output) => return output,
            std::task::Poll::Pending => park(parker),
        }
    }
}

/// Never comes back for the role, and tells nobody.
fn stay_away(parker: Parker) {
    let _kept = ManuallyDrop::new(parker);
}

#[test]
fn a_thread_outside_of_the_team_is_sent_to_drive() {
    check(2, || {
        let (reactor, handle) = world();
        let pipe = Pipe::registered(&handle);
        let (team, queue) = (Arc::new(Team::new()), Arc::new(Queue::default()));
        let worker = worker(&team, &queue, &handle, stay_away);
        let sleeper = thread::spawn({
            let (pipe, handle) = (Arc::clone(&pipe), handle.clone());
            move || handle.block_on(pipe.ready(Read)).unwrap()
        });
        queue.push();
        worker.join().unwrap();
        reactor.backend().post(pipe.source(), Directions::READ);
        sleeper.join().unwrap();
    });
}

/// The worker leaves by `leave`; another of the team sleeps without limit.
fn another_of_the_team_drives(leave: fn(Parker)) {
    check(2, move || {
        let (reactor, handle) = world();
        let pipe = Pipe::registered(&handle);
        let (team, queue) = (Arc::new(Team::new()), Arc::new(Queue::default()));
        let worker = worker(&team, &queue, &handle, leave);
        let sleeper = thread::spawn({
            let (pipe, handle) = (Arc::clone(&pipe), handle.clone());
            move || {
                let parker = Parker::new_in_team(&handle, &team);
                let park = |parker: &Parker| parker.park(|| true).expect("it does not fail");
                block_on(&parker, pipe.ready(Read), park).expect("it does not fail");
            }
        });
        queue.push();
        worker.join().expect("it does not fail");
        reactor.backend().post(pipe.source(), Directions::READ);
        sleeper.join().expect("it does not fail");
    });
}

#[test]
fn a_thread_that_leaves_its_team_sends_another_to_drive() {
    another_of_the_team_drives(drop);
}

#[test]
fn a_thread_that_hands_over_sends_another_of_its_team_to_drive() {
    another_of_the_team_drives(|parker| {
        parker.hand_over();
        stay_away(parker);
    });
}

#[test]
fn a_watcher_takes_the_role_that_nobody_came_back_for() {
    check(2, || {
        let (reactor, handle) = world();
        let pipe = Pipe::registered(&handle);
        let (team, queue) = (Arc::new(Team::new()), Arc::new(Queue::default()));
        let worker = worker(&team, &queue, &handle, stay_away);
        queue.push();
        reactor.backend().post(pipe.source(), Directions::READ);
        let parker = Parker::new_in_team(&handle, &team);
        let watch_then_park = |parker: &Parker| {
            parker.watch(NEAR, |_| true).unwrap();
            parker.park_for(Some(NEAR), |_| true).unwrap();
        };
        block_on(&parker, pipe.ready(Read), watch_then_park).unwrap();
        worker.join().unwrap();
    });
}
