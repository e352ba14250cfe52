//! `Executor` keeps what executors promise.

use mini_executor_work_stealing::Executor;

mini_reactor_conformance::executor! {
    executor: Executor<'static>,
    new: Executor::new(),
    claims: [threads, drives, drains, drop_panics],
}
