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
