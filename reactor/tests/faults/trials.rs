//! The tests, by name.

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::faults;
use crate::matrix::{CALLS, every_error_at_every_place};
use crate::sentences;

type Test = fn() -> Result<Completion, String>;

macro_rules! sentences {
    ($($name:ident),* $(,)?) => {
        const SENTENCES: &[(&str, Test)] = &[$((stringify!($name), sentences::$name)),*];
    };
}

sentences! {
    a_wake_before_there_is_a_set_is_not_lost,
    the_error_of_a_turn_ends_drive_and_another_thread_drives,
    block_on_panics_with_the_error_of_the_turn_and_the_others_go_on,
    what_a_failed_turn_had_found_is_delivered,
    a_registration_that_failed_holds_nothing_and_works_later,
    what_cannot_be_deregistered_is_given_back_all_the_same,
}

pub(crate) fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1); // descriptors are counted
    faults::keep_panics_quiet();
    let refusal = faults::refusal();
    let mut trials = Vec::new();
    for call in CALLS {
        let name = format!("every_error_of_{call:?}_at_every_place");
        trials.push(trial(&name, &refusal, move || every_error_at_every_place(call)));
    }
    for (name, test) in SENTENCES {
        trials.push(trial(name, &refusal, *test));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(
    name: &str,
    refusal: &Option<String>,
    test: impl FnOnce() -> Result<Completion, String> + Send + 'static,
) -> Trial {
    let refusal = refusal.clone();
    Trial::ignorable_test(name, move || match refusal {
        Some(reason) => Ok(Completion::ignored_with(reason)),
        None => test().map_err(Failed::from),
    })
}
