//! What a decorator has to do, sentence by sentence.

/// Passes the list to another macro.
#[doc(hidden)]
#[macro_export]
macro_rules! __each_decorator_clause {
    ($do:ident $given:tt) => { $crate::$do! { $given
        clauses::register_is_forwarded []
            "`register` reaches the inner backend, once, with the same object and the same source; its result comes back."
        clauses::rearm_is_forwarded []
            "`rearm` reaches the inner backend, once, with the same object, source and directions; its result comes back."
        clauses::deregister_is_forwarded []
            "`deregister` reaches the inner backend, once, with the same object and the same source; its result comes back."
        clauses::turn_is_forwarded []
            "`turn` reaches the inner backend, once, with the same timeout; its result comes back."
        clauses::events_pass_a_turn_unchanged []
            "`turn` neither swallows, nor invents, nor changes an event."
        clauses::events_before_an_error_pass_too []
            "What the inner `turn` had reported when it failed is passed on all the same."
        clauses::a_full_batch_stays_full []
            "`set_full` of the inner `turn` is passed on."
        clauses::notify_is_forwarded []
            "`notify` reaches the inner backend before it returns."
        clauses::now_is_forwarded []
            "`now` is the inner backend's time."
        clauses::pollable_is_forwarded []
            "`pollable` is the inner backend's object, or none if it has none."
        clauses::observe_is_forwarded []
            "`observe` reaches the inner backend with the same observation, and says that there is interest if the inner backend has some."
        clauses::a_turn_that_sleeps_keeps_nobody_out []
            "While one thread sleeps in `turn`, every other method can be called on others."
        clauses::no_source_is_kept []
            "The decorator keeps no source that was deregistered."
        clauses::a_panic_of_the_inner_backend_breaks_nothing []
            "A panic of the inner `turn` passes through, and leaves the decorator as it was."
    } };
}
