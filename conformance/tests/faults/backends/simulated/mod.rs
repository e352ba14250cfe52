//! A simulated backend with a fault, and which clause each fails.

mod faulty;

use std::io::ErrorKind;

use mini_reactor_conformance::backend::Suite;

use self::faulty::{Fault, Sim, Stream};

fn suite(one_shot: bool, fault: Fault, test: &str) -> Suite {
    let claims: &[&'static str] =
        if one_shot { &["one_shot", "virtual_time"] } else { &["edge", "virtual_time"] };
    let half_close = |_: &Stream| Err(ErrorKind::Unsupported.into());
    let make = move || Sim::new(one_shot, fault);
    Suite::new(make, |sim: &Sim| Ok(sim.pair()), half_close, claims, module_path!())
        .from_test(test)
        .with_effort(20)
        .with_patience(crate::PATIENCE)
}

#[test]
fn both_kinds_pass_without_a_fault() {
    for one_shot in [false, true] {
        let test = "backends::simulated::both_kinds_pass_without_a_fault";
        assert_eq!(suite(one_shot, Fault::None, test).failures(&[]), []);
    }
}

macro_rules! faults {
    ($($name:ident: $kind:ident $fault:ident fails $clause:ident;)*) => {$(
        #[test]
        fn $name() {
            let test = concat!("backends::simulated::", stringify!($name));
            let suite = suite(stringify!($kind) == "one_shot", Fault::$fault, test);
            crate::fails_only(stringify!($clause), |expected| suite.failures(expected));
        }
    )*};
}

faults! {
    one_that_deregisters_late:
        edge DeregistersLate fails a_deregistered_object_can_be_registered_again;
    one_that_forgets_the_union:
        one_shot ForgetsTheUnion fails a_wait_in_one_direction_leaves_the_other_armed;
    one_that_rearms_the_unknown:
        one_shot RearmsTheUnknown fails rearming_what_is_not_registered_is_not_found;
    one_that_goes_on_after_an_event: one_shot GoesOnAfterAnEvent fails every_event_disarms;
    one_that_reports_one_of_two:
        one_shot ReportsOneOfTwo fails rearm_reports_what_is_ready_already;
    one_that_watches_before_rearm:
        one_shot WatchesBeforeRearm fails nothing_is_watched_before_rearm;
    one_that_relies_on_rearm: edge ReliesOnRearm fails edges_need_no_rearm;
    one_that_watches_one_direction:
        edge WatchesOneDirection fails both_directions_are_watched_from_register_on;
    one_whose_turns_without_time_take_time:
        edge TurnsWithoutTimeTakeTime fails a_turn_without_time_does_not_wait;
    one_that_jumps_too_far: edge JumpsTooFar fails a_turn_makes_a_virtual_clock_jump;
    one_that_forgets_an_event_at_a_notify:
        edge ForgetsEventsAtANotify fails a_notify_and_an_event_are_both_seen;
}
