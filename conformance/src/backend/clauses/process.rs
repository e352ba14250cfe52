//! What the whole process has or is told: no descriptors to spare, and to stop and go on.

use std::fs::File;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use mini_reactor::{Direction, ReadyList};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};

use crate::backend::trial::{Trial, begin_to_wait, poll_ready};

/// Takes every descriptor that is left.
fn take_all() -> Vec<File> {
    let limit = getrlimit(Resource::Nofile);
    let few = Rlimit { current: Some(128), maximum: limit.maximum };
    setrlimit(Resource::Nofile, few).expect("a limit may be lowered");
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

pub(crate) fn without_descriptors_errors_are_errors(trial: &Trial) {
    trial.in_a_process_of_its_own(|| {
        let (here, there) = trial.ends();
        let used = trial.another();
        let (object, peer) = used.pair();
        begin_to_wait(&object, Direction::Read, Waker::noop());
        used.settle();
        let (late, late_peer) = used.ends();
        let late = used.own(late);
        let mut taken = take_all();

        // A backend that was never used: it may need some for itself.
        let first = trial.own(here);
        trial.backend().notify();
        let tried = poll_ready(&first, Direction::Read, Waker::noop());
        let turned = trial.backend().turn(Some(Duration::ZERO), &mut ReadyList::new());
        let _ = trial.backend().pollable();
        // And one that has all that it needs.
        peer.send(b"x");
        used.ready("an event, without a descriptor to spare", &object, Direction::Read);
        let late_tried = poll_ready(&late, Direction::Read, Waker::noop());

        taken.clear();
        for (tried, what) in [(tried, "a backend's first"), (late_tried, "another")] {
            if let Poll::Ready(result) = tried {
                assert!(result.is_err(), "{what} object is ready for no reason");
            }
        }
        drop(turned); // an error or not
        there.send(b"y");
        trial.ready("an event, when there are descriptors again", &first, Direction::Read);
        late_peer.send(b"z");
        used.ready("an event, when there are descriptors again", &late, Direction::Read);
    });
}

/// How long the process is stopped and made to go on, again and again.
const DISTURBANCE: Duration = Duration::from_millis(120);

pub(crate) fn a_process_that_was_stopped_goes_on(trial: &Trial) {
    let body = || {
        trial.drive_beside(|trial| {
            let (object, there) = trial.pair();
            let begin = Instant::now();
            let mut echoes = 0;
            while begin.elapsed() < DISTURBANCE || echoes < 3 {
                let mut cx = Context::from_waker(Waker::noop());
                let _ = object.poll_ready(Direction::Read, &mut cx);
                // The driver sleeps meanwhile, and is interrupted.
                std::thread::sleep(Duration::from_millis(10));
                there.send(b"x");
                let reading = object.io(Direction::Read, |end| end.read(&mut [0; 8]));
                let read = trial.wait("data, in a process that is stopped now and then", reading);
                assert_eq!(read.expect("reading does not fail"), 1);
                echoes += 1;
            }
        });
    };
    trial.in_a_disturbed_process(body, |child| {
        let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return };
        // Such a wait may end when the process goes on, though no signal was handled: on Linux
        // that is so for epoll, whose user had better expect `EINTR`.
        for signal in [Signal::STOP, Signal::CONT] {
            let _ = kill_process(pid, signal); // it may just have ended
            std::thread::sleep(Duration::from_millis(2));
        }
    });
}
