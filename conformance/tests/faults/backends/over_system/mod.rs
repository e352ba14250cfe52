//! `System` with a fault, and which clause each fails.

mod faulty;

use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use mini_reactor_conformance::backend::Suite;
use mini_reactor_conformance::os;

use self::faulty::{Fault, Faulty};

fn suite(fault: Fault, claims: &[&'static str], test: &str) -> Suite {
    let half_close = |end: &UnixStream| end.shutdown(Shutdown::Write);
    let make = move || Faulty::new(fault);
    Suite::new(make, |_| os::unix_pair(), half_close, claims, module_path!())
        .from_test(test)
        .with_effort(5)
        .with_patience(crate::PATIENCE)
}

const ALL: &[&str] =
    &["edge", "ends", "half_close", "threads", "any_driver", "os_descriptors", "pollable"];

/// All but `ends`.
const NO_ENDS: &[&str] =
    &["edge", "half_close", "threads", "any_driver", "os_descriptors", "pollable"];

#[test]
fn a_backend_without_a_fault_passes() {
    let test = "backends::over_system::a_backend_without_a_fault_passes";
    assert_eq!(suite(Fault::None, ALL, test).failures(&[]), []);
}

macro_rules! faults {
    ($($name:ident: $fault:ident $(claims $claims:ident)? fails $clause:ident;)*) => {$(
        #[test]
        fn $name() {
            let test = concat!("backends::over_system::", stringify!($name));
            let claims = [ALL, $($claims)?];
            let suite = suite(Fault::$fault, claims.last().unwrap(), test);
            crate::fails_only(stringify!($clause), |expected| suite.failures(expected));
        }
    )*};
}

faults! {
    one_that_drops_events_beyond_a_hundred:
        DropsEventsBeyondAHundred fails many_objects_that_become_ready_at_once_are_all_reported;
    one_that_repeats_an_event_for_ever:
        RepeatsAnEventForEver fails what_was_reported_is_not_reported_for_ever;
    one_that_keeps_a_stale_key:
        KeepsAStaleKey fails a_new_object_in_an_old_ones_place_gets_its_own_events;
    one_that_loses_the_first_notify:
        LosesTheFirstNotify fails a_notify_before_the_first_use_is_kept;
    one_that_drops_the_closed_bit: DropsTheClosedBit claims NO_ENDS
        fails the_end_that_comes_with_data_is_seen_after_it;
    one_that_takes_a_half_close_for_a_hang_up:
        TakesAHalfCloseForAHangUp fails the_end_of_reading_is_reported_as_such;
    one_that_takes_a_hang_up_for_a_half_close:
        TakesAHangUpForAHalfClose fails the_end_of_both_directions_is_reported_as_such;
    one_that_ignores_long_timeouts:
        IgnoresLongTimeouts fails a_turn_ends_when_its_timeout_has_passed;
    one_that_rounds_timeouts_down:
        RoundsTimeoutsDown fails a_turn_does_not_end_before_its_timeout;
    one_that_overflows_timeouts: OverflowsTimeouts fails a_timeout_beyond_all_time_is_no_error;
    one_that_keeps_the_source_of_a_refused_deregister: KeepsTheSourceOfARefusedDeregister
        fails a_refused_deregister_lets_go_of_the_source_too;
    one_that_takes_an_object_twice:
        TakesAnObjectTwice fails the_same_object_twice_is_already_exists;
    one_that_takes_virtual_objects:
        TakesVirtualObjects fails what_cannot_be_watched_is_unsupported;
    one_that_deregisters_the_unknown:
        DeregistersTheUnknown fails what_is_not_registered_is_not_found;
    one_whose_clock_goes_back: ClockGoesBack fails the_clock_never_goes_back;
    one_whose_clock_is_behind_elsewhere:
        ClockIsBehindElsewhere fails the_clock_never_goes_back_between_threads;
    one_whose_notify_blocks: NotifyBlocksWhenFull fails notify_never_blocks;
    one_whose_notifications_stay: NotificationsStay fails notifies_are_used_up;
    one_whose_pollable_changes: PollableChanges fails the_pollable_object_stays_the_same;
    one_whose_pollable_stays_readable:
        PollableStaysReadable fails the_pollable_object_is_quiet_when_all_is_reported;
    one_that_refuses_files: RefusesFiles fails a_regular_file_is_always_ready;
    one_that_leaks_a_descriptor_per_object: LeaksADescriptorPerObject
        fails registrations_that_come_and_go_leave_no_descriptor;
    one_that_leaks_a_descriptor_of_its_own:
        LeaksADescriptorOfItsOwn fails the_descriptors_are_closed_with_the_backend;
    one_that_gives_up_when_interrupted:
        GivesUpWhenInterrupted fails a_process_that_was_stopped_goes_on;
    one_that_panics_without_descriptors:
        PanicsWithoutDescriptors fails without_descriptors_errors_are_errors;
    one_that_never_tells_of_room: DropsWriteReadinessAlone fails room_makes_an_object_writable;
}
