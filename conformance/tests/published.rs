//! The published `async-executor`, whose names our executors have, keeps what the suite says of
//! executors, as far as it claims to.

mod executor {
    use async_executor::Executor;

    mini_reactor_conformance::executor! {
        executor: Executor<'static>,
        new: Executor::new(),
        claims: [threads],
    }
}

mod local_executor {
    use async_executor::LocalExecutor;

    mini_reactor_conformance::executor! {
        executor: LocalExecutor<'static>,
        new: LocalExecutor::new(),
        claims: [local],
    }
}

#[test]
fn what_is_not_claimed_is_ignored_and_what_is_claimed_is_not() {
    let program = std::env::current_exe().expect("a test has a program");
    let listed = std::process::Command::new(program).args(["--ignored", "--list"]).output();
    let listed = String::from_utf8(listed.expect("this program runs").stdout).expect("names");
    let ignored = |name: &str| listed.lines().any(|line| line == format!("{name}: test"));
    for suite in ["executor", "local_executor"] {
        assert!(ignored(&format!("{suite}::block_on_drives_the_reactor")), "{listed}");
        assert!(!ignored(&format!("{suite}::spawn_many_spawns_each")), "{listed}");
    }
    assert!(ignored("executor::a_future_never_leaves_its_thread"), "{listed}");
    assert!(!ignored("local_executor::a_future_never_leaves_its_thread"), "{listed}");
    assert!(ignored("local_executor::threads_run_tasks_side_by_side"), "{listed}");
    assert!(!ignored("executor::threads_run_tasks_side_by_side"), "{listed}");
}
