//! One program on every executor: its text, `program.in`, is compiled once for each, and one line
//! of it differs.
//!
//! Executors of others have other names, so those stand behind a view with ours (`views.rs`): what
//! a program needs that wants to switch to them as well.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "what tests share fails as tests do")]

mod views;

use std::sync::Arc;

use mini_reactor::{Handle, Reactor, System};

/// A test: the program with `$line` in place of the line that makes its executor.
macro_rules! on {
    ($($name:ident: $Executor:ty, $line:expr;)*) => {$(
        mod $name {
            use std::net::{Shutdown, TcpListener, TcpStream};
            use std::time::Duration;

            use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
            use mini_async::{Async, Timer};

            struct Executor;

            impl Executor {
                #[expect(clippy::new_ret_no_self, reason = "it stands in the program's line")]
                fn new() -> $Executor {
                    $line
                }
            }

            include!("program.in");

            #[test]
            fn runs_the_same_program() {
                super::check(program);
            }
        }
    )*};
}

on! {
    single_thread: mini_executor_single_thread::LocalExecutor<'static>,
        mini_executor_single_thread::LocalExecutor::new();
    work_stealing: mini_executor_work_stealing::Executor<'static>,
        mini_executor_work_stealing::Executor::new();
    work_stealing_with_threads_started: mini_executor_work_stealing::Threads,
        mini_executor_work_stealing::StartThreads::new(2).start().unwrap();
    fork_join: mini_executor_fork_join::Executor<'static>,
        Box::leak(Box::new(mini_executor_fork_join::ThreadPool::new())).executor();
    async_executor: crate::views::AsyncExecutor, crate::views::AsyncExecutor::new();
    local_pool: crate::views::LocalPool, crate::views::LocalPool::new();
    tokio: crate::views::Tokio, crate::views::Tokio::new();
}

/// On a reactor of its own, so that nobody else's driver helps.
fn check(program: fn() -> std::io::Result<Vec<String>>) {
    let reactor: Arc<Reactor> = Arc::new(Reactor::new(System::new()));
    let _entered = Handle::from(reactor).enter();
    assert_eq!(program().unwrap(), ["hello Ada", "hello Grace", "hello Edsger"]);
}

#[test]
fn the_guide_shows_this_program() {
    let guide = include_str!("../../../docs/guide/choosing-an-executor.md");
    assert!(guide.contains(include_str!("program.in")));
}
