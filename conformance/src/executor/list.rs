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
        running::an_executor_whose_tasks_wait_is_not_empty []
            "An executor is empty when it has no unfinished tasks, and not before."
        running::a_tick_polls_one_task []
            "`tick` and `try_tick` poll one task each, whichever thread or queue it is in."
        running::a_tick_waits_for_a_task []
            "`tick` waits until there is a task to be polled, and is told when there is."
        running::run_runs_tasks_until_its_future_is_ready []
            "`run` polls its future and the tasks, and returns the future's output."
        running::what_is_left_when_run_returns_is_run_later []
            "`run` leaves unfinished tasks to whoever runs the executor next."
        running::spawn_many_spawns_each []
            "`spawn_many` spawns a task for each future, in their order."
        running::a_task_may_spawn_tasks [local]
            "A task may spawn others and await them."
        running::several_runs_share_the_tasks []
            "Several `run`s of one executor may be under way on one thread, and each runs any task."
        running::a_run_that_goes_away_passes_its_duty_on []
            "A `run` or `tick` that was told of a task and is dropped instead passes that on."
        running::executors_nest []
            "One executor may be run inside another."
        running::a_task_may_block_on_its_own_executor [local]
            "A task may contain a `run` of the executor that polls it."

        ending::a_dropped_task_is_never_polled_again []
            "Dropping a `Task` cancels it: its future is never polled again."
        ending::a_dropped_task_drops_its_future []
            "Dropping a `Task` cancels it: its future is dropped, once, by the executor."
        ending::cancelling_says_what_had_come_of_it []
            "`Task::cancel` gives the output of a task that had finished, and `None` of any other."
        ending::a_detached_task_goes_on []
            "`Task::detach` lets the task go on by itself."
        ending::a_future_is_dropped_before_its_output_is_seen []
            "A task's future is dropped before its output is seen."
        ending::a_panic_resurfaces_where_the_task_is_awaited []
            "The panic of a task resurfaces where the task is awaited."
        ending::a_panic_takes_nobody_along []
            "A task that panics, detached or not, takes neither the executor nor another task along."
        ending::a_panic_of_the_future_of_run_leaves_the_executor_whole []
            "The panic of `run`'s own future passes through, and leaves executor and tasks whole."
        ending::a_future_that_panics_when_dropped_takes_nobody_along [drop_panics]
            "A future that panics while it is dropped keeps no other from running or from being dropped."

        closing::dropping_the_executor_drops_its_tasks []
            "Dropping the executor drops every future that is left, once, before that returns."
        closing::a_task_of_a_dropped_executor_is_cancelled []
            "The unfinished tasks of an executor that is gone are cancelled; finished ones keep their output."
        closing::wakers_outlive_the_executor []
            "Wakers may be called and dropped, anywhere, when the executor is gone."
        closing::destructors_may_wake_and_cancel_while_the_executor_is_dropped []
            "What is dropped with the executor may wake and cancel other tasks."
        closing::an_executor_may_be_dropped_while_others_wake []
            "The executor may be dropped while other threads wake its tasks."
        closing::an_executor_that_is_dropped_while_others_wake_leaves_nothing [drains]
            "Dropping the executor waits for wakes that are under way, so that no future is left."
        closing::a_future_never_leaves_its_thread [local]
            "A future is polled and dropped on the executor's thread only, whoever wakes or cancels it."

        waking::a_wake_from_another_thread_reaches_a_sleeping_run []
            "A task that another thread wakes is polled, though whoever runs the executor sleeps."
        waking::a_wake_while_nobody_runs_is_kept []
            "A task that is woken while nobody runs the executor is polled when somebody does."
        waking::a_wake_during_a_poll_leads_to_another []
            "A task that is woken while it is polled is polled again."
        waking::wakes_before_a_poll_are_one []
            "However often a task is woken before it is polled, it is polled once."
        waking::a_storm_of_wakes_loses_none []
            "Of many wakes from many threads, none is lost."
        waking::a_task_may_be_awaited_on_another_thread []
            "A `Task` may be awaited and cancelled on another thread."
        waking::block_on_drives_the_reactor [drives]
            "`block_on` drives the reactor: timers and I/O make progress in it."
        waking::a_wake_from_another_thread_ends_the_sleep_of_block_on [drives]
            "`block_on` wakes when another thread wakes a task, or its future."

        fairness::a_task_that_yields_starves_no_other []
            "A task that yields for ever starves no other."
        fairness::tasks_that_wake_each_other_starve_no_third []
            "Two tasks that wake each other for ever starve no third."
        fairness::tasks_that_yield_get_like_shares []
            "Of tasks that yield, none gets more than eight polls for another's one."
        fairness::tasks_do_not_starve_the_future_of_run []
            "Tasks that yield for ever do not starve the future of `run`."
        fairness::block_on_runs_its_future_and_the_tasks [drives]
            "`block_on` polls its future and the tasks."
        fairness::busy_tasks_do_not_starve_the_reactor [drives]
            "Tasks that yield for ever do not keep `block_on` from looking for events and timers."

        threads::threads_run_tasks_side_by_side [threads]
            "Any number of threads may run one executor, and each runs a task at the same time."
        threads::sleeping_threads_are_woken_for_work [threads]
            "Threads that sleep are woken for tasks, as many of them as there are tasks."
        threads::a_task_is_polled_by_one_thread_at_a_time [threads]
            "A task is polled by one thread at a time."
        threads::a_thread_that_leaves_leaves_its_tasks_to_others [threads]
            "A thread that stops running the executor takes no task along: `try_tick` finds them all."
        threads::what_waits_behind_a_long_poll_is_run_by_others [threads]
            "Tasks that wait behind a long poll are run by other threads, all but one at the most."
        threads::threads_may_all_spawn_and_run [threads]
            "Threads may all spawn, run, await and detach at the same time."
        threads::a_shared_task_may_spawn_tasks [threads]
            "A task may spawn others and await them."

        sequences::random_sequences_agree_with_a_model []
            "Whatever is done in whatever order: who is woken is polled, who ended is not, and every future is dropped once."
    } };
}
