//! Driven from outside: by somebody else's loop, which sleeps where it likes.

use std::io::{Read, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mini_reactor::{Deadline, Direction, Directions, Handle, Registration};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::lab::Call;
use crate::tools::{Count, one_that_parks, poll_ready, system, until};
use crate::world::World;

fn insert(reactor: &Handle, after: Duration, waker: &Waker) -> Deadline {
    let mut timer = Deadline::after_in(after, reactor);
    assert!(timer.poll(&mut Context::from_waker(waker)).is_pending());
    timer
}

#[test]
fn while_the_guard_lives_each_earlier_deadline_notifies() {
    let world = World::by_hand();
    let seconds = |seconds| insert(&world.reactor, Duration::from_secs(seconds), Waker::noop());
    let _ten = seconds(10);
    assert_eq!(world.calls(), [], "nobody drives");
    let outer = world.reactor.drive_externally();
    let inner = world.reactor.drive_externally();
    let nine = seconds(9);
    assert_eq!(world.notifies(), 1);
    let _later = seconds(20);
    drop(nine);
    assert_eq!(world.notifies(), 1, "nothing became earlier");
    drop(outer);
    assert_eq!(world.notifies(), 2, "what this loop may have been told of, the other has not seen");
    let _eight = seconds(8);
    assert_eq!(world.notifies(), 3, "the other guard lives");
    drop(inner);
    let _seven = seconds(7);
    assert_eq!(world.notifies(), 3);
}

#[test]
fn poll_once_says_whether_its_batch_was_full() {
    let world = World::edge();
    assert!(!world.reactor.poll_once().unwrap());
    world.fill();
    assert!(world.reactor.poll_once().unwrap());
    assert!(!world.reactor.poll_once().unwrap());
}

#[test]
fn poll_once_does_not_wait() {
    let world = World::by_hand();
    let _timer = insert(&world.reactor, Duration::from_secs(1), Waker::noop());
    world.calls();
    world.turn();
    assert_eq!(world.calls(), [Call::Turn(Some(Duration::ZERO))]);
}

#[test]
fn poll_once_does_nothing_while_a_thread_drives() {
    let world = World::by_hand();
    thread::scope(|scope| {
        let (driver, unparker) = one_that_parks(scope, &world.reactor);
        world.until_asleep();
        world.calls();
        assert!(!world.reactor.poll_once().unwrap());
        assert_eq!(world.calls(), []);
        unparker.unpark();
        driver.join().unwrap();
    });
}

/// How often `notify` is called when a driver leaves, beside its own wake. Before that, `meanwhile`
/// happens, which wakes it for so many turns in vain.
fn notifies_when_a_driver_leaves(world: &World, turns: usize, meanwhile: impl FnOnce()) -> usize {
    thread::scope(|scope| {
        let (driver, unparker) = one_that_parks(scope, &world.reactor);
        world.until_asleep();
        let before = world.drivers().len();
        meanwhile();
        until(|| world.drivers().len() == before + turns);
        world.until_asleep();
        world.calls();
        unparker.unpark();
        driver.join().expect("it does not panic");
        world.notifies() - 1
    })
}

#[test]
fn a_driver_that_leaves_tells_a_foreign_loop_what_it_missed() {
    let world = World::by_hand();
    let _later = insert(&world.reactor, Duration::from_secs(9), Waker::noop());
    let earlier = || drop(insert(&world.reactor, Duration::from_secs(1), Waker::noop()));
    let in_vain = || assert!(!world.reactor.poll_once().unwrap());
    assert_eq!(notifies_when_a_driver_leaves(&world, 1, earlier), 0, "there is no loop");
    let _external = world.reactor.drive_externally();
    assert_eq!(notifies_when_a_driver_leaves(&world, 0, || {}), 0, "it has missed nothing");
    assert_eq!(notifies_when_a_driver_leaves(&world, 1, earlier), 1, "the driver was told");
    assert_eq!(notifies_when_a_driver_leaves(&world, 0, in_vain), 1);
    assert_eq!(notifies_when_a_driver_leaves(&world, 0, || {}), 0, "once is enough");
    earlier();
    world.turn();
    assert_eq!(notifies_when_a_driver_leaves(&world, 0, || {}), 0, "the loop has seen it");
}

#[test]
fn a_thread_that_parks_while_a_foreign_loop_polls_misses_nothing() {
    let world = World::by_hand();
    let object = world.object(1);
    let (count, waker) = Count::new();
    assert!(poll_ready(&object, Direction::Read, &waker).is_pending());
    thread::scope(|scope| {
        let other = scope.spawn(|| world.reactor.block_on(object.ready(Direction::Read)));
        world.happen(1, Directions::READ);
        while count.wakes() == 0 {
            world.turn();
        }
        other.join().unwrap().unwrap();
    });
}

/// Whether the descriptor becomes readable within `timeout`.
fn readable(fd: BorrowedFd<'_>, timeout: Duration) -> bool {
    let mut set = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
    let timeout = Timespec::try_from(timeout).expect("short");
    poll(&mut set, Some(&timeout)).expect("poll") == 1
}

/// Runs `loops` where `System` has a pollable object, which is where it does not use `polling`.
fn with_pollable(loops: impl FnOnce(&Handle, BorrowedFd<'_>)) {
    let reactor = system();
    match reactor.backend().pollable() {
        Some(pollable) => loops(&reactor, pollable.as_fd().expect("a descriptor")),
        None if cfg!(any(
            not(target_os = "linux"),
            mini_reactor_poller = "edge",
            mini_reactor_poller = "oneshot"
        )) => {}
        None => panic!("the direct path has one"),
    }
}

#[test]
fn a_loop_of_poll_2_drives_by_the_pollable_object_and_the_next_deadline() {
    with_pollable(|reactor, pollable| {
        let _external = reactor.drive_externally();
        let (mut here, there) = UnixStream::pair().unwrap();
        there.set_nonblocking(true).unwrap();
        let there = Registration::new_in(there, reactor);
        let (data, on_data) = Count::new();
        let (time, on_time) = Count::new();
        assert!(poll_ready(&there, Direction::Read, &on_data).is_pending());
        let mut timer = insert(reactor, Duration::from_millis(20), &on_time);
        let writer = thread::spawn(move || {
            here.write_all(b"x").unwrap();
            here
        });
        while data.wakes() == 0 || time.wakes() == 0 {
            let next =
                reactor.next_deadline().map(|at| at.saturating_duration_since(Instant::now()));
            readable(pollable, next.unwrap_or(Duration::from_secs(10)));
            reactor.poll_once().unwrap();
        }
        assert!(timer.poll(&mut Context::from_waker(Waker::noop())).is_ready());
        let mut byte = [0];
        let result = reactor.block_on(there.io(Direction::Read, |mut io| io.read(&mut byte)));
        assert_eq!((result.unwrap(), byte), (1, *b"x"));
        drop(writer.join().unwrap());
        // All has been reported: the loop may sleep.
        while reactor.poll_once().unwrap() {}
        assert!(!readable(pollable, Duration::ZERO));
    });
}

#[test]
fn an_earlier_timer_makes_the_pollable_object_readable() {
    with_pollable(|reactor, pollable| {
        let _external = reactor.drive_externally();
        assert!(!readable(pollable, Duration::ZERO));
        let timer = insert(reactor, Duration::from_secs(3600), Waker::noop());
        assert!(readable(pollable, Duration::ZERO));
        assert!(!reactor.poll_once().unwrap());
        assert!(!readable(pollable, Duration::ZERO), "one notify, one round");
        drop(timer);
        assert!(!readable(pollable, Duration::ZERO));
    });
}

#[cfg(target_os = "linux")]
#[test]
fn the_pollable_object_may_be_in_another_epoll_edge_triggered() {
    use rustix::event::epoll;
    with_pollable(|reactor, pollable| {
        let _external = reactor.drive_externally();
        let outer = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&outer, pollable, epoll::EventData::new_u64(7), flags).unwrap();
        let events = |wait: bool| {
            let mut events = Vec::with_capacity(8);
            let timeout = Timespec { tv_sec: if wait { 10 } else { 0 }, tv_nsec: 0 };
            epoll::wait(&outer, rustix::buffer::spare_capacity(&mut events), Some(&timeout))
                .unwrap();
            events.len()
        };
        let (mut here, there) = UnixStream::pair().unwrap();
        there.set_nonblocking(true).unwrap();
        let there = Registration::new_in(there, reactor);
        let (count, waker) = Count::new();
        assert!(poll_ready(&there, Direction::Read, &waker).is_pending());
        while events(false) > 0 {
            reactor.poll_once().unwrap(); // writable, from the beginning
        }
        for round in 1..=3 {
            here.write_all(b"x").unwrap();
            assert_eq!(events(true), 1);
            reactor.poll_once().unwrap();
            assert_eq!(count.wakes(), round);
            assert_eq!(there.get_ref().read(&mut [0; 8]).unwrap(), 1);
            let retry = |mut io: &UnixStream| io.read(&mut [0; 8]);
            let cx = &mut Context::from_waker(&waker);
            assert!(there.poll_io(Direction::Read, cx, retry).is_pending());
            assert_eq!(events(false), 0);
        }
    });
}
