//! Queues that are too short for what is asked of them.

use std::task::Waker;

use mini_reactor::{Direction, Handle};
use mini_reactor_uring::{ThreadUring, Uring};

use crate::tools::{Count, begin_to_wait, on, pair, poll_read, say, watch};

/// Both forms, with queues of these sizes.
fn both(submissions: u32, completions: u32) -> [Handle; 2] {
    [
        on(Uring::with_entries(submissions, completions).unwrap()),
        on(ThreadUring::with_entries(submissions, completions).unwrap()),
    ]
}

#[test]
fn waits_that_do_not_fit_in_the_queue_all_begin() {
    let _watch = watch();
    for reactor in both(1, 1024) {
        let pairs: Vec<_> = (0..200).map(|_| pair(&reactor)).collect();
        let (count, waker) = Count::new();
        for (_, there) in &pairs {
            begin_to_wait(there, &waker); // no turn, so none of them goes out
        }
        for (here, _) in &pairs {
            say(here);
        }
        while count.wakes() < pairs.len() {
            reactor.poll_once().unwrap();
        }
    }
}

#[test]
fn thousands_that_become_ready_at_once_all_wake_though_the_completions_do_not_fit() {
    let _watch = watch();
    for reactor in both(2, 2) {
        let pairs: Vec<_> = (0..2000).map(|_| pair(&reactor)).collect();
        let counts: Vec<_> = pairs
            .iter()
            .map(|(_, there)| {
                let (count, waker) = Count::new();
                begin_to_wait(there, &waker);
                count
            })
            .collect();
        reactor.poll_once().unwrap(); // all of them are out
        for (here, _) in &pairs {
            say(here);
        }
        reactor.block_on(async {
            for (_, there) in &pairs {
                there.ready(Direction::Read).await.unwrap();
            }
        });
        assert!(counts.iter().all(|count| count.wakes() == 1), "each once");
        for (_, there) in &pairs {
            assert!(poll_read(there, Waker::noop()).is_ready());
        }
    }
}

#[test]
fn whoever_drives_from_outside_hears_that_there_is_more() {
    for reactor in both(2, 2) {
        let pairs: Vec<_> = (0..20).map(|_| pair(&reactor)).collect();
        let (count, waker) = Count::new();
        for (here, there) in &pairs {
            begin_to_wait(there, &waker);
            say(here);
        }
        reactor.poll_once().unwrap();
        // As a loop does that sleeps as soon as it is told that there is no more.
        while reactor.poll_once().unwrap() {}
        assert_eq!(count.wakes(), pairs.len());
    }
}
