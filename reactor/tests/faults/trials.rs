//! The tests, by name.

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::calls::Call;
use crate::faults;
use crate::matrix::{CALLS, every_error_at_every_place, is_made, never_made};
use crate::sentences;

type Test = fn() -> Result<(), String>;

macro_rules! sentences {
    ($($name:ident),* $(,)?) => {
        const SENTENCES: &[(&str, Test)] = &[$((stringify!($name), sentences::$name)),*];
    };
}

sentences! {
    a_wake_before_there_is_a_set_is_not_lost,
    the_error_of_a_turn_ends_drive_and_another_thread_drives,
    block_on_panics_with_the_error_of_the_turn_and_the_others_go_on,
    what_came_before_a_turn_that_failed_is_delivered,
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
        let (name, test): (String, fn(Call) -> _) = match is_made(call) {
            true => (format!("every_error_of_{call:?}_at_every_place"), every_error_at_every_place),
            false => (format!("{call:?}_is_never_made"), never_made),
        };
        trials.push(trial(&name, &refusal, move || test(call)));
    }
    for (name, test) in SENTENCES {
        trials.push(trial(name, &refusal, *test));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(
    name: &str,
    refusal: &Option<String>,
    test: impl FnOnce() -> Result<(), String> + Send + 'static,
) -> Trial {
    let refusal = refusal.clone();
    Trial::ignorable_test(name, move || match refusal {
        Some(reason) => Ok(Completion::ignored_with(reason)),
        None => test().map(|()| Completion::Completed).map_err(Failed::from),
    })
}
