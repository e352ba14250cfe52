//! `notify`: before, during and after a turn, often, and from anywhere.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::backend::trial::Trial;
use crate::threads;

pub(crate) fn a_notify_before_the_turn_ends_it(trial: &Trial) {
    trial.note("a turn of a backend that was never used but notified");
    trial.backend().notify();
    trial.bare_turn(None);
    for _ in 0..3 {
        trial.settle();
        trial.backend().notify();
        trial.note("a turn that was notified before it began");
        trial.bare_turn(None);
    }
}

pub(crate) fn a_notify_during_the_turn_ends_it(trial: &Trial) {
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
