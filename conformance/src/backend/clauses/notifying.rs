//! `notify`: before, during and after a turn, often, and from anywhere.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use mini_reactor::{Direction, ReadyList};

use crate::backend::trial::{Trial, begin_to_wait};
use crate::threads;

pub(crate) fn a_notify_before_the_turn_ends_it(trial: &Trial) {
    for _ in 0..3 {
        trial.settle();
        trial.backend().notify();
        trial.note("a turn that was notified before it began");
        trial.bare_turn(None);
    }
}

pub(crate) fn a_notify_before_the_first_use_is_kept(trial: &Trial) {
    trial.backend().notify();
    trial.note("the first turn of all, notified before it began");
    trial.bare_turn(None);
}

pub(crate) fn a_notify_during_the_turn_ends_it(trial: &Trial) {
    trial.settle();
    let (about_to_turn, turns) = mpsc::channel();
    let notify = trial.notify_from_anywhere();
    let notifier = threads::start("a thread that notifies", move || {
        while let Ok(round) = turns.recv() {
            // Long enough that the turn has begun, most likely; and now and then just as it does.
            thread::sleep(Duration::from_micros(if round % 4 == 0 { 3_000 } else { round }));
            notify();
        }
    });
    trial.note("a turn that another thread has ended by `notify`");
    for round in 0..32 {
        about_to_turn.send(round).expect("it lives");
        trial.bare_turn(None);
    }
    drop(about_to_turn);
    notifier.join(trial.patience());
}

pub(crate) fn notifies_are_used_up(trial: &Trial) {
    for notifies in [1, 2, 20] {
        trial.settle();
        (0..notifies).for_each(|_| trial.backend().notify());
        // Each of them may end a turn, and each turn may be excused once; but some day one waits.
        let waits = (0..2 * notifies + 4).any(|_| {
            let timeout = Duration::from_millis(2);
            let begin = trial.backend().now();
            match trial.backend().turn(Some(timeout), &mut ReadyList::new()) {
                Ok(()) => trial.backend().now().saturating_duration_since(begin) >= timeout,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
                    false
                }
            }
        });
        assert!(waits, "after {notifies} notifies, {} turns ended early", 2 * notifies + 4);
    }
}

pub(crate) fn notify_never_blocks(trial: &Trial) {
    trial.settle();
    trial.note("70,000 calls of `notify`, and no turn between them");
    (0..70_000).for_each(|_| trial.backend().notify());
    trial.note("a turn after 70,000 notifies");
    trial.bare_turn(None);
}

pub(crate) fn a_notify_and_an_event_are_both_seen(trial: &Trial) {
    let (object, there) = trial.pair();
    for _ in 0..4 {
        begin_to_wait(&object, Direction::Read, Waker::noop());
        trial.reported(&object);
        there.send(b"x");
        trial.backend().notify();
        let mut reported = 0;
        trial.until("an event that was reported together with a notification", || {
            reported += trial.reported(&object).len();
            reported > 0
        });
        assert_eq!(trial.drain(&object), 1);
    }
}

pub(crate) fn no_notify_of_many_threads_is_lost(trial: &Trial) {
    const THREADS: usize = 4;
    trial.settle();
    let rounds = trial.times(250);
    let flags: Vec<_> = (0..THREADS).map(|_| Arc::new(AtomicBool::new(false))).collect();
    let patience = trial.patience();
    let threads: Vec<_> = flags
        .iter()
        .map(|flag| {
            let (flag, notify) = (Arc::clone(flag), trial.notify_from_anywhere());
            threads::start("a thread that notifies", move || {
                for _ in 0..rounds {
                    // Release: pairs with the swap below; the turn that this ends sees it.
                    flag.store(true, Ordering::Release);
                    notify();
                    let begin = std::time::Instant::now();
                    while flag.load(Ordering::Relaxed) && begin.elapsed() < patience {
                        thread::yield_now();
                    }
                }
            })
        })
        .collect();
    trial.note("a turn that one of four threads ends by `notify`");
    let mut seen = 0;
    while seen < THREADS * rounds {
        trial.bare_turn(None);
        // AcqRel: pairs with the Release of the thread's store.
        seen += flags.iter().filter(|flag| flag.swap(false, Ordering::AcqRel)).count();
    }
    threads.into_iter().for_each(|thread| thread.join(patience));
}
