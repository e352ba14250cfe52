//! What may be counted: threads.

use std::time::Duration;

use mini_executor_fork_join::ThreadPool;

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").expect("Linux has it").count()
}

/// Other tests start threads meanwhile, so the name tells which are whose.
#[test]
fn a_pool_starts_no_thread_unasked() {
    // In a process of its own, which this test starts again.
    if std::env::var_os("COUNT_THREADS").is_none() {
        let name = "counts::a_pool_starts_no_thread_unasked";
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--test-threads=1"])
            .env("COUNT_THREADS", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        return;
    }
    let before = threads();
    let pool = ThreadPool::new();
    pool.join(|| 1, || 2);
    pool.scope(|scope| scope.spawn(|_| {}));
    pool.block_on(pool.spawn_future(async {
        mini_async::Timer::after(Duration::from_millis(1)).await;
    }));
    assert_eq!(threads(), before);
}
