//! What a backend leaves behind: nothing.

use std::fs;
use std::task::Waker;

use mini_reactor::Direction;

use crate::backend::trial::{Trial, begin_to_wait};

/// The descriptors that this process has open; `None` where the system does not list them.
fn open_descriptors() -> Option<usize> {
    let listed = ["/proc/self/fd", "/dev/fd"].iter().find_map(|folder| fs::read_dir(folder).ok());
    Some(listed?.count())
}

pub(crate) fn the_descriptors_are_closed_with_the_backend(trial: &Trial) {
    trial.in_a_process_of_its_own(|| {
        let Some(before) = open_descriptors() else { return };
        for _ in 0..10 {
            let used = trial.another();
            let (object, there) = used.pair();
            begin_to_wait(&object, Direction::Read, Waker::noop());
            there.send(b"x");
            used.ready("an event", &object, Direction::Read);
            used.backend().notify();
            used.settle();
            drop((object, there, used));
        }
        assert_eq!(open_descriptors(), Some(before), "open descriptors, before: {before}");
    });
}
