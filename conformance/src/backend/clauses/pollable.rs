//! The object by which somebody else's loop knows when to turn.

use std::future::Future;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use mini_reactor::{BorrowedIo, Direction};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::backend::trial::{Trial, begin_to_wait};
use crate::waking::Count;

fn pollable(trial: &Trial) -> BorrowedIo<'_> {
    trial.backend().pollable().expect("it is pollable, as is claimed")
}

/// Waits for the pollable object to be readable, as somebody else's loop would.
fn readable(trial: &Trial, time: Duration) -> bool {
    let fd = pollable(trial).as_fd().expect("a descriptor");
    let time = Timespec { tv_sec: time.as_secs() as i64, tv_nsec: time.subsec_nanos().into() };
    let mut set = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
    poll(&mut set, Some(&time)).is_ok_and(|ready| ready > 0)
}

pub(crate) fn the_pollable_object_stays_the_same(trial: &Trial) {
    let number = || format!("{:?}", pollable(trial));
    let first = number();
    let (object, there) = trial.pair();
    begin_to_wait(&object, Direction::Read, Waker::noop());
    there.send(b"x");
    trial.settle();
    drop(object);
    assert_eq!(number(), first);
}

pub(crate) fn an_event_makes_the_pollable_object_readable(trial: &Trial) {
    let (object, there) = trial.pair();
    for _ in 0..4 {
        let (count, waker) = Count::new();
        begin_to_wait(&object, Direction::Read, &waker);
        trial.settle();
        begin_to_wait(&object, Direction::Read, &waker);
        count.take();
        there.send(b"x");
        trial.repeat("the event, by turning only when the pollable object is readable", || {
            if readable(trial, Duration::from_millis(20)) {
                trial.turn();
            }
            count.wakes() > 0
        });
        assert_eq!(trial.drain(&object), 1);
    }
}

pub(crate) fn a_notify_makes_the_pollable_object_readable(trial: &Trial) {
    for _ in 0..4 {
        trial.settle();
        trial.backend().notify();
        trial.repeat("the pollable object to be readable after a notify", || {
            readable(trial, Duration::from_millis(20))
        });
        trial.turn();
    }
}

pub(crate) fn the_pollable_object_is_quiet_when_all_is_reported(trial: &Trial) {
    let (object, there) = trial.pair();
    begin_to_wait(&object, Direction::Read, Waker::noop());
    there.send(b"x");
    trial.backend().notify();
    trial.ready("an event", &object, Direction::Read);
    // Nobody reads what was sent: to a foreign loop that must not look like news.
    trial.repeat("the pollable object to be quiet after some turns", || {
        trial.turn();
        !readable(trial, Duration::from_millis(1))
    });
}

pub(crate) fn a_foreign_loop_can_drive(trial: &Trial) {
    let (object, there) = trial.pair();
    let guard = trial.reactor.drive_externally();
    let sender = crate::threads::start("a thread that sends", move || {
        for _ in 0..5 {
            std::thread::sleep(Duration::from_millis(1));
            there.send(b"x");
        }
        there // kept open
    });
    let mut read = 0;
    let mut reading = Box::pin(async {
        while read < 5 {
            let some = object.io(Direction::Read, |end| end.read(&mut [0; 8])).await;
            read += some.expect("reading does not fail");
        }
    });
    let (count, waker) = Count::new();
    let mut cx = Context::from_waker(&waker);
    count.wake_by_ref(); // to begin with
    trial.repeat("five bytes, in a loop that only polls", || {
        if count.take() && reading.as_mut().poll(&mut cx).is_ready() {
            return true;
        }
        if readable(trial, Duration::from_millis(20)) {
            while trial.reactor.poll_once().expect("a turn does not fail") {}
        }
        false
    });
    drop(guard);
    sender.join(trial.patience());
}
