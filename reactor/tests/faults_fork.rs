//! What becomes of a program whose C library has no room for the handler that notices forks: it is
//! told so, once, and all else works.
//!
//! `pthread_atfork` is no system call, so here a function of that name takes its place when this
//! program is linked. A process of its own runs the body, for its standard error to be read.
#![cfg(target_os = "linux")]

use std::ffi::c_int;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use mini_reactor::{Deadline, Handle, Reactor, System};

const CHILD: &str = "MINI_REACTOR_FAULTS_FORK_CHILD";

static CALLS: AtomicUsize = AtomicUsize::new(0);

type Handler = Option<extern "C" fn()>;

#[expect(unsafe_code, reason = "takes the place of the C library's function of this name")]
// # Safety of the name: it has POSIX's signature; it registers nothing, and says so.
#[unsafe(no_mangle)]
extern "C" fn pthread_atfork(_prepare: Handler, _parent: Handler, _child: Handler) -> c_int {
    CALLS.fetch_add(1, Relaxed);
    libc::ENOMEM
}

#[test]
fn forks_that_go_unnoticed_are_reported_once_and_the_rest_works() {
    if std::env::var_os(CHILD).is_some() {
        return work();
    }
    let name = "forks_that_go_unnoticed_are_reported_once_and_the_rest_works";
    let this = std::env::current_exe().unwrap();
    let child = Command::new(this)
        .args(["--exact", "--nocapture", "--test-threads=1", name])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success(), "{said}");
    assert_eq!(said.matches("forks of this process will go unnoticed").count(), 1, "{said}");
    assert!(said.contains("Cannot allocate memory"), "{said}");
}

fn work() {
    for _ in 0..2 {
        let reactor = Handle::from(Arc::new(Reactor::new(System::new())));
        let mut nap = Deadline::after_in(Duration::from_millis(1), &reactor);
        reactor.block_on(std::future::poll_fn(|cx| nap.poll(cx)));
    }
    assert_eq!(CALLS.load(Relaxed), 1);
}
