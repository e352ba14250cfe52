//! The contract of a backend, sentence by sentence: where the check is, what has to be claimed for
//! it to apply, and what has to be true.

/// Passes the list to another macro.
#[doc(hidden)]
#[macro_export]
macro_rules! __each_backend_clause {
    ($do:ident $given:tt) => { $crate::$do! { $given
        registering::the_same_object_twice_is_already_exists []
            "Registering an object that is registered already is `AlreadyExists`; the first registration goes on."
        registering::what_is_not_registered_is_not_found []
            "Deregistering an object that is not registered is `NotFound`, before it ever was and after it was deregistered."
        registering::deregistering_lets_go_of_the_source []
            "`deregister` lets go of the source."

        readiness::what_became_ready_before_the_wait_is_reported []
            "What became ready before the object was registered or rearmed is reported all the same."
        readiness::data_makes_an_object_readable []
            "An object that waits to be read becomes ready when data arrives, as often as it does."
        readiness::room_makes_an_object_writable []
            "An object that had no room to write becomes ready when there is some again."

        arming::edges_need_no_rearm [edge]
            "An edge-triggered backend goes on watching after an event: events say so, and the next one comes without `rearm`."
        arming::nothing_is_watched_before_rearm [one_shot]
            "A one-shot backend reports nothing of an object that was registered and never rearmed."

        turning::a_turn_does_not_end_before_its_timeout []
            "A turn never returns early for time alone: where nothing happens, its timeout has passed by the backend's clock."
        turning::a_turn_without_a_timeout_waits_for_an_event [threads]
            "A turn without a timeout waits until something is ready, and reports that."

        notifying::a_notify_before_the_turn_ends_it []
            "`notify` makes the next turn return at once if none is under way."
        notifying::a_notify_during_the_turn_ends_it [threads]
            "`notify` makes the turn return that another thread is in."

        sharing::an_object_is_watched_that_is_registered_during_a_turn [threads]
            "An object that is registered while another thread sleeps in a turn is watched by that turn."

        ending::the_end_is_reported_together_with_the_data_before_it []
            "Data and the end of the stream that arrive together are both seen: the end is sticky, and no short read uses it up."
        ending::a_half_close_ends_reading_only [half_close]
            "A peer that will send no more ends reading, once and for all, and not writing."
        ending::a_half_close_of_our_own_keeps_reading [half_close]
            "Who has said that nothing more will be written still reads."

        waking::no_waker_is_called_inside_a_turn []
            "`turn` calls no waker."
        waking::a_waker_may_use_the_reactor []
            "The backend holds no lock while wakers run: they may notify, register and deregister."
        waking::no_waker_is_kept_after_its_registration []
            "When its registration is dropped, no waker of it is kept."

        leaving::the_descriptors_are_closed_with_the_backend [os_descriptors]
            "The backend's own descriptors are closed with it."
    } };
}
