//! What a backend leaves behind: nothing.

use std::fs;
use std::sync::Arc;
use std::task::Waker;

use mini_reactor::Direction;

use crate::backend::endpoint::End;
use crate::backend::trial::{Trial, begin_to_wait};
use crate::waking::Count;

/// Endpoints that are registered again and again: so many connections would use up the system's
/// ports.
struct Used(Vec<(End, End)>);

impl Used {
    fn new(trial: &Trial) -> Used {
        Used((0..8).map(|_| trial.ends()).collect())
    }

    fn next(&mut self, trial: &Trial, round: usize) -> &(End, End) {
        let many = self.0.len();
        let ends = &mut self.0[round % many];
        if round % 500 == 499 {
            *ends = trial.ends();
        }
        ends.0.drain();
        ends
    }
}

pub(crate) fn ten_thousand_registrations_leave_nothing_behind(trial: &Trial) {
    let (count, waker) = Count::new();
    let (mut sources, mut used) = (Vec::new(), Used::new(trial));
    for round in 0..trial.times(10_000) {
        let (here, there) = used.next(trial, round);
        let object = trial.own(here.clone());
        begin_to_wait(&object, Direction::Read, &waker);
        if round % 4 < 2 {
            there.send(b"x");
        }
        if round % 3 == 0 {
            trial.turn();
        }
        if round % 16 < 4 {
            sources.push(Arc::downgrade(object.source()));
        }
    }
    trial.settle();
    let left = sources.iter().filter(|source| source.strong_count() > 0).count();
    assert_eq!(left, 0, "sources that are left, of {}", sources.len());
    assert_eq!(count.kept(1), 0, "wakers that are left");
}

pub(crate) fn a_backend_goes_with_its_last_user(trial: &Trial) {
    for _ in 0..3 {
        let used = trial.another();
        let alive = used.alive();
        let (object, there) = used.pair();
        begin_to_wait(&object, Direction::Read, Waker::noop());
        there.send(b"x");
        used.turn();
        used.backend().notify();
        drop(used);
        assert!(alive(), "a registration needs it");
        drop((object, there));
        assert!(!alive(), "nobody needs it");
    }
}

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

pub(crate) fn registrations_that_come_and_go_leave_no_descriptor(trial: &Trial) {
    trial.in_a_process_of_its_own(|| {
        let (mut before, mut used) = (None, Used::new(trial));
        for round in 0..400 {
            let (here, there) = used.next(trial, round);
            let object = trial.own(here.clone());
            begin_to_wait(&object, Direction::Read, Waker::noop());
            if round % 2 == 0 {
                there.send(b"x");
                assert_eq!(trial.read("an event", &object, &mut [0; 8]), 1);
            }
            drop(object);
            trial.turn();
            if round == 10 {
                before = open_descriptors(); // by now it has what it needs for itself
            }
        }
        assert_eq!(open_descriptors(), before, "open descriptors, after ten objects: {before:?}");
    });
}
