//! `LocalExecutor` keeps what executors promise.

use mini_executor_single_thread::LocalExecutor;

mini_reactor_conformance::executor! {
    executor: LocalExecutor<'static>,
    new: LocalExecutor::new(),
    claims: [local, drives, drains, drop_panics],
}
