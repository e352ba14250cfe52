//! The contract of a backend, sentence by sentence: where the check is, what has to be claimed for
//! it to apply, and what has to be true.

/// Passes the list to another macro.
#[doc(hidden)]
#[macro_export]
macro_rules! __each_backend_clause {
    ($do:ident $given:tt) => { $crate::$do! { $given
        registering::the_same_object_twice_is_already_exists []
            "Registering an object that is registered already is `AlreadyExists`; the first registration goes on."
        registering::a_deregistered_object_can_be_registered_again []
            "An object that was deregistered can be registered again."
        registering::what_is_not_registered_is_not_found []
            "Deregistering an object that is not registered is `NotFound`, before it ever was and after it was deregistered."
        registering::rearming_what_is_not_registered_is_not_found [one_shot]
            "Rearming an object that is not registered is `NotFound`, before it ever was and after it was deregistered."
        registering::what_cannot_be_watched_is_unsupported []
            "Registering an object of a kind that the backend cannot watch is `Unsupported`."
        registering::deregistering_lets_go_of_the_source []
            "`deregister` lets go of the source, also while an event is under way."
        registering::a_refused_deregister_lets_go_of_the_source_too []
            "`deregister` lets go of the source even if it fails."

        readiness::a_new_object_is_writable_and_not_readable []
            "A new connection is reported as writable; its first data is an event, which moves the tick."
        readiness::what_became_ready_before_the_wait_is_reported []
            "What became ready before the object was registered or rearmed is reported all the same."
        readiness::data_makes_an_object_readable []
            "An object that waits to be read becomes ready when data arrives, as often as it does."
        readiness::room_makes_an_object_writable []
            "An object that had no room to write becomes ready when there is some again."
        readiness::what_a_read_leaves_is_there_for_the_next []
            "What a read leaves is read by the next one, without a new event."
        readiness::every_waiter_of_a_direction_wakes []
            "All who wait in a direction wake when it becomes ready."
        readiness::a_waiter_that_goes_away_leaves_the_others []
            "A waiter that goes away is not woken, and those who stay are."

        arming::edges_need_no_rearm [edge]
            "An edge-triggered backend goes on watching after an event: events say so, and the next one comes without `rearm`."
        arming::both_directions_are_watched_from_register_on [edge]
            "An edge-triggered backend watches both directions from `register` on."
        arming::nothing_is_watched_before_rearm [one_shot]
            "A one-shot backend reports nothing of an object that was registered and never rearmed."
        arming::every_event_disarms [one_shot]
            "After an event a one-shot backend reports nothing more of the object until it is rearmed; the event says so."
        arming::rearm_reports_what_is_ready_already [one_shot]
            "`rearm` asks for an event in each direction of `wanted`, also where it is ready already."
        arming::a_wait_in_one_direction_leaves_the_other_armed []
            "Who waits in one direction is woken though somebody begins to wait in the other: the union is watched."
        arming::an_event_in_one_direction_leaves_the_other_waiting []
            "Who waits in one direction is woken by its own event, after any number of events in the other."

        ending::the_end_that_comes_with_data_is_seen_after_it []
            "Data and the end of the stream that come together are both seen: no short read uses up the end."
        ending::the_end_of_the_stream_wakes_a_reader []
            "A reader wakes when the peer is gone, and the end stays."
        ending::a_hang_up_wakes_a_writer []
            "A writer that waits for room wakes when the peer is gone."
        ending::an_abrupt_end_wakes_both_directions []
            "A reader and a writer both wake when the peer goes without having read what it was sent."
        ending::the_end_of_reading_is_reported_as_such [ends half_close]
            "A peer that will send no more ends reading, and not writing: `push_closed` says so."
        ending::the_end_of_both_directions_is_reported_as_such [ends]
            "A connection that was reset or hung up ends both directions: `push_closed` says so."
        ending::a_half_close_ends_reading_only [half_close]
            "After the peer's half-close reads find the end, and writing goes on."
        ending::a_half_close_of_our_own_keeps_reading [half_close]
            "Who has said that nothing more will be written still reads."

        stale::a_new_object_in_an_old_ones_place_gets_its_own_events []
            "An object gets its events though it has the number of one that was closed, with events under way."
        stale::many_objects_that_become_ready_at_once_are_all_reported []
            "However many objects become ready at once, all are reported, if need be over several turns."
        stale::what_was_reported_is_not_reported_for_ever []
            "What was reported and not acted upon is not reported again at each turn."

        turning::a_turn_does_not_end_before_its_timeout []
            "A turn never returns early for time alone: where nothing happens, its timeout has passed by the backend's clock."
        turning::a_turn_ends_when_its_timeout_has_passed []
            "A turn waits at most its timeout."
        turning::a_turn_without_time_does_not_wait []
            "A turn whose timeout is zero does not wait."
        turning::a_turn_without_time_reports_what_is_ready []
            "A turn whose timeout is zero reports what is ready."
        turning::a_timeout_beyond_all_time_is_no_error []
            "A timeout of any length can be waited for, up to `Duration::MAX`."
        turning::a_turn_without_a_timeout_waits_for_an_event [threads]
            "A turn without a timeout waits until something is ready, and reports that."

        notifying::a_notify_before_the_turn_ends_it []
            "`notify` makes the next turn return at once if none is under way."
        notifying::a_notify_before_the_first_use_is_kept []
            "`notify` makes the next turn return at once even if it is the first call of all."
        notifying::a_notify_during_the_turn_ends_it [threads]
            "`notify` makes the turn return that another thread is in."
        notifying::notifies_are_used_up []
            "A notification ends one turn, and not every turn from then on."
        notifying::notify_never_blocks []
            "`notify` neither blocks nor fails, however often it is called between two turns."
        notifying::a_notify_and_an_event_are_both_seen []
            "An event is reported though a notification comes with it."
        notifying::no_notify_of_many_threads_is_lost [threads]
            "Of many threads that notify, each ends a turn that begins or goes on after its call."

        timing::the_clock_never_goes_back []
            "The clock never goes back."
        timing::the_clock_never_goes_back_between_threads [threads]
            "The clock never goes back, from one thread to another neither."
        timing::timers_fire_in_order_and_never_early []
            "Timers on the backend's clock fire in order, and none before its time."
        timing::an_earlier_timer_ends_another_threads_turn_in_time [threads]
            "A timer that is set while another thread sleeps until a later one fires in its own time."
        timing::a_virtual_clock_stands_still_between_turns [virtual_time]
            "A virtual clock stands still between turns."
        timing::a_turn_makes_a_virtual_clock_jump [virtual_time]
            "A turn that has nothing to report makes a virtual clock jump to the end of its timeout, without waiting."

        waking::no_waker_is_called_inside_a_turn []
            "`turn` calls no waker."
        waking::a_waker_may_use_the_reactor []
            "The backend holds no lock while wakers run: they may notify, register and deregister."
        waking::a_waker_may_use_the_reactor_when_it_is_dropped []
            "The backend holds no lock while wakers are dropped: what they own may deregister."
        waking::a_waker_that_panics_keeps_nobody_from_waking []
            "A waker that panics keeps no other from being called, in its turn and in later ones."
        waking::no_waker_is_kept_after_its_registration []
            "When its registration is dropped, no waker of it is kept."

        sharing::an_object_is_watched_that_is_registered_during_a_turn [threads]
            "An object that is registered while another thread sleeps in a turn is watched by that turn."
        sharing::a_direction_is_watched_that_is_waited_for_during_a_turn [threads]
            "A direction that is rearmed while another thread sleeps in a turn is watched by that turn."
        sharing::each_of_several_block_ons_gets_its_events [threads any_driver]
            "Of several threads in `block_on`, each gets its events, whoever drives."
        sharing::another_thread_drives_while_one_computes [threads any_driver]
            "A thread that got its event hands over, and the others get theirs while it computes."
        sharing::two_threads_use_both_directions_of_one_object [threads]
            "Two threads may use the two directions of one object at the same time."
        sharing::deregistering_races_with_turns [threads]
            "Objects may be deregistered while a turn reports them, and others get their events meanwhile."

        leaving::ten_thousand_registrations_leave_nothing_behind []
            "After ten thousand registrations that came and went, no source and no waker of them is left."
        leaving::a_backend_goes_with_its_last_user []
            "A backend is dropped with the last registration and the last handle of its reactor."
        leaving::the_descriptors_are_closed_with_the_backend [os_descriptors]
            "The backend's own descriptors are closed with it."
        leaving::registrations_that_come_and_go_leave_no_descriptor [os_descriptors]
            "A registration that comes and goes leaves no descriptor open."

        descriptors::a_regular_file_is_always_ready [os_descriptors]
            "A regular file is no error: it is always ready, in both directions."
        descriptors::a_listener_becomes_readable [os_descriptors]
            "A listener is readable when there is somebody to accept."
        descriptors::a_connect_ends_a_wait_to_write [os_descriptors]
            "A socket that connects is writable when that has succeeded, and when it was refused."
        descriptors::a_pipe_is_watched_from_both_ends [os_descriptors]
            "The reader of a pipe wakes for data, and when the last writer is gone."
        descriptors::a_pipe_without_a_reader_wakes_its_writer [os_descriptors]
            "The writer of a full pipe wakes when the last reader is gone."
        descriptors::a_datagram_makes_a_socket_readable [os_descriptors]
            "A datagram is an event, an empty one too."
        descriptors::urgent_data_counts_as_readable [os_descriptors]
            "Priority data counts as readable."
        descriptors::one_object_in_two_sets_gives_events_to_both [os_descriptors]
            "An object that two backends watch by a descriptor each gives its events to both."

        process::without_descriptors_errors_are_errors [os_descriptors]
            "Without a descriptor to spare, calls fail or succeed, none panics, and all is well when there are some again."
        process::a_process_that_was_stopped_goes_on [threads os_descriptors]
            "Turns that a signal interrupts lose nothing."

        pollable::the_pollable_object_stays_the_same [pollable]
            "`pollable` is the same object each time."
        pollable::an_event_makes_the_pollable_object_readable [pollable]
            "The pollable object is readable when a turn has an event to report."
        pollable::a_notify_makes_the_pollable_object_readable [pollable]
            "The pollable object is readable after a `notify`."
        pollable::the_pollable_object_is_quiet_when_all_is_reported [pollable]
            "The pollable object is not readable when all is reported."
        pollable::a_foreign_loop_can_drive [pollable]
            "A loop that only polls the pollable object drives the reactor."

        sequences::random_sequences_agree_with_a_model []
            "Whatever is done in whatever order: who waits for something that is there wakes, and no byte is lost."
    } };
}
