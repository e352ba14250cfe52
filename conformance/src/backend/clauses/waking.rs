//! Wakers: when they are called, what they may do, and that none is kept.

use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

use mini_reactor::{Direction, Registration};

use crate::backend::endpoint::End;
use crate::backend::trial::{Trial, begin_to_wait};
use crate::threads::panic_quietly;
use crate::waking::{Count, waker};

pub(crate) fn no_waker_is_called_inside_a_turn(trial: &Trial) {
    let (count, counting) = Count::new();
    let called = Arc::new(Mutex::new((0, 0))); // at the beginning of a turn, and inside of turns
    let (counted, inside) = (Arc::clone(&count), Arc::clone(&called));
    trial.probe().around_turns(move |when| {
        let mut seen = inside.lock().expect("nobody panics under it");
        match when {
            "before" => seen.0 = counted.wakes(),
            _ => seen.1 += counted.wakes() - seen.0,
        }
    });
    for _ in 0..4 {
        let (object, there) = trial.pair();
        begin_to_wait(&object, Direction::Read, &counting);
        begin_to_wait(&object, Direction::Write, &counting);
        there.send(b"x");
        let before = count.wakes();
        trial.until("a wake-up", || count.wakes() > before);
        drop(there);
        trial.settle();
    }
    assert_eq!(called.lock().expect("nobody panics under it").1, 0, "wakers called inside turns");
}

pub(crate) fn no_waker_is_kept_after_its_registration(trial: &Trial) {
    let (count, waker) = Count::new();
    for round in 0..4 {
        let (object, there) = trial.pair();
        begin_to_wait(&object, Direction::Read, &waker);
        if round % 2 == 0 {
            there.send(b"x");
        }
        drop(object);
    }
    assert_eq!(count.kept(1), 0, "wakers that are kept");
}

pub(crate) fn a_waker_may_use_the_reactor(trial: &Trial) {
    let (object, there) = trial.pair();
    let (other, _keep) = trial.ends();
    let reactor = trial.reactor.clone();
    let notify = trial.notify_from_anywhere();
    let mine = Mutex::new(Some(trial.own(other)));
    let (count, counting) = Count::new();
    let registers = waker(move || {
        notify();
        if let Some(other) = mine.lock().expect("nobody panics under it").take() {
            begin_to_wait(&other, Direction::Read, &counting); // registers
            drop(other); // deregisters, and wakes
        }
        let _ = reactor.poll_once(); // does nothing: this thread drives
    });
    begin_to_wait(&object, Direction::Read, &registers);
    there.send(b"x");
    trial.until("a wake-up that registers, deregisters and notifies", || count.wakes() > 0);
    assert_eq!(trial.drain(&object), 1);
    begin_to_wait(&object, Direction::Read, Waker::noop());
}

pub(crate) fn a_waker_that_panics_keeps_nobody_from_waking(trial: &Trial) {
    let objects = [trial.pair(), trial.pair(), trial.pair()];
    for _ in 0..3 {
        let (count, counting) = Count::new();
        let panicking = waker(|| panic_quietly("a waker that panics, as a clause demands"));
        for ((object, there), waker) in objects.iter().zip([&counting, &panicking, &counting]) {
            begin_to_wait(object, Direction::Read, waker);
            there.send(b"x");
        }
        trial.until("two wake-ups beside a waker that panics", || count.wakes() >= 2);
        for (object, _) in &objects {
            let read = trial.read("what was sent", object, &mut [0; 8]);
            assert_eq!(read, 1);
        }
    }
}

pub(crate) fn a_waker_may_use_the_reactor_when_it_is_dropped(trial: &Trial) {
    /// A waker that owns a registration, and an event of which comes when it is dropped.
    struct Owns(Mutex<Option<Registration<End>>>, Arc<Count>);
    impl Wake for Owns {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Owns {
        fn drop(&mut self) {
            drop(self.0.lock().expect("nobody panics under it").take());
            self.1.wake_by_ref();
        }
    }
    let (count, counting) = Count::new();
    for round in 0..4 {
        let ((object, there), (other, _keep)) = (trial.pair(), trial.pair());
        begin_to_wait(&other, Direction::Read, &counting);
        let owns = Arc::new(Owns(Mutex::new(Some(other)), Arc::clone(&count)));
        begin_to_wait(&object, Direction::Read, &Waker::from(owns));
        count.take();
        match round % 2 {
            0 => drop(object), // wakes and drops it
            _ => there.send(b"x"),
        }
        trial.until("a waker that deregisters when it is dropped", || count.wakes() >= 2);
    }
}
