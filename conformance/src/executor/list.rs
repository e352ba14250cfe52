//! What an executor has to do, sentence by sentence: where the check is, what has to be claimed for
//! it to apply, and what has to be true.

/// Passes the list to another macro.
#[doc(hidden)]
#[macro_export]
macro_rules! __each_executor_clause {
    ($do:ident $given:tt) => { $crate::$do! { $given
        running::a_new_executor_has_no_tasks []
            "A new executor is empty, and has nothing to tick."
        running::a_task_is_polled_when_its_turn_comes []
            "A task is polled by whoever runs the executor, and not by whoever spawns it."
        running::run_runs_tasks_until_its_future_is_ready []
            "`run` polls its future and the tasks, and returns the future's output."
        running::threads_run_tasks_side_by_side [threads]
            "Any number of threads may run one executor, and each runs a task at the same time."

        ending::a_dropped_task_is_never_polled_again []
            "Dropping a `Task` cancels it: its future is never polled again, and is dropped."
        ending::a_panic_resurfaces_where_the_task_is_awaited []
            "A task that panics takes nobody along; the panic resurfaces where the task is awaited."
        ending::dropping_the_executor_drops_its_tasks []
            "Dropping the executor drops every future that is left, before that returns."

        waking::a_wake_from_another_thread_reaches_a_sleeping_run []
            "A task that another thread wakes is polled, though whoever runs the executor sleeps."
        waking::block_on_drives_the_reactor [drives]
            "`block_on` drives the reactor: timers and I/O make progress in it."
    } };
}
