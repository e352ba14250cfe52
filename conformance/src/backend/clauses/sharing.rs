//! Several threads: one drives, and the others register, wait and deregister meanwhile.

use std::thread;
use std::time::Duration;

use mini_reactor::Direction;

use crate::backend::trial::Trial;

pub(crate) fn an_object_is_watched_that_is_registered_during_a_turn(trial: &Trial) {
    let driver = trial.driven_elsewhere();
    for round in 0..6 {
        if round % 2 == 0 {
            thread::sleep(Duration::from_millis(2)); // so that the driver sleeps, most likely
        }
        let (object, there) = trial.pair();
        if round < 4 {
            there.send(b"x");
        }
        let what = "an event of an object that was registered while another thread drives";
        let direction = if round < 4 { Direction::Read } else { Direction::Write };
        trial.wait(what, object.ready(direction)).expect("waiting does not fail");
    }
    driver.stop();
}
