//! The checks: a file for each part of the contract, a function for each sentence of `list.rs`.

mod arming;
#[cfg(unix)]
mod descriptors;
mod ending;
mod leaving;
mod notifying;
#[cfg(unix)]
mod pollable;
#[cfg(unix)]
mod process;
mod readiness;
mod registering;
mod sequences;
mod sharing;
mod stale;
mod timing;
mod turning;
mod waking;

use super::trial::Trial;
use crate::clause::Clause;

/// Every clause about backends.
pub(super) static CLAUSES: &[Clause<Trial>] = crate::__each_backend_clause! { __table [Trial] };

/// Where there is no Unix, what needs `os_descriptors` or `pollable` cannot be claimed.
#[cfg(not(unix))]
macro_rules! absent {
    ($($module:ident { $($name:ident)* })*) => {$(
        mod $module {
            $(pub(crate) fn $name(_: &super::Trial) {
                panic!("this needs the descriptors of a Unix system");
            })*
        }
    )*};
}

#[cfg(not(unix))]
absent! {
    descriptors {
        a_regular_file_is_always_ready a_listener_becomes_readable a_connect_ends_a_wait_to_write
        a_pipe_is_watched_from_both_ends a_pipe_without_a_reader_wakes_its_writer
        a_datagram_makes_a_socket_readable urgent_data_counts_as_readable
        one_object_in_two_sets_gives_events_to_both
    }
    pollable {
        the_pollable_object_stays_the_same an_event_makes_the_pollable_object_readable
        a_notify_makes_the_pollable_object_readable
        the_pollable_object_is_quiet_when_all_is_reported a_foreign_loop_can_drive
    }
    process { without_descriptors_errors_are_errors a_process_that_was_stopped_goes_on }
}
