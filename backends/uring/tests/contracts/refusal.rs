//! Where there is no io_uring: a seccomp filter on one thread says what the kernel would.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::thread;

use mini_reactor::Direction;
use mini_reactor_uring::{ThreadUring, Uring, this_thread};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

use crate::tools::{on, pair, say};

/// Runs `body` on a thread to which `calls` fail with `errno`.
fn refused<T: Send>(calls: &[i64], errno: i32, body: impl FnOnce() -> T + Send) -> T {
    let rules: BTreeMap<_, _> = calls.iter().map(|call| (*call, Vec::new())).collect();
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(errno.unsigned_abs()),
        std::env::consts::ARCH.try_into().expect("a processor that the filter knows"),
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    thread::scope(|scope| {
        let filtered = || {
            apply_filter(&program).expect("this kernel has seccomp filters");
            body()
        };
        scope.spawn(filtered).join().unwrap()
    })
}

#[test]
fn a_refusal_is_unsupported_and_says_why() {
    for (calls, errno, words) in [
        (&[libc::SYS_io_uring_setup][..], libc::EPERM, "forbidden"),
        (&[libc::SYS_io_uring_setup], libc::EACCES, "forbidden"),
        (&[libc::SYS_io_uring_setup], libc::ENOSYS, "there is no io_uring"),
        (&[libc::SYS_io_uring_setup], libc::EINVAL, "too old"),
        (&[libc::SYS_io_uring_enter], libc::EPERM, "forbidden"),
        (&[libc::SYS_io_uring_enter], libc::ENOSYS, "there is no io_uring"),
    ] {
        refused(calls, errno, || {
            let errors = [
                Uring::new().unwrap_err(),
                ThreadUring::new().unwrap_err(),
                this_thread().unwrap_err(),
            ];
            for error in errors {
                assert_eq!(error.kind(), ErrorKind::Unsupported, "{calls:?} {errno}");
                assert!(error.to_string().contains(words), "{calls:?} {errno}: {error}");
            }
        });
    }
}

#[test]
fn what_is_no_refusal_is_what_the_system_says() {
    refused(&[libc::SYS_io_uring_setup], libc::EMFILE, || {
        assert_eq!(Uring::new().unwrap_err().raw_os_error(), Some(libc::EMFILE));
    });
}

#[test]
fn or_system_says_what_happened_and_goes_on() {
    refused(&[libc::SYS_io_uring_setup], libc::EPERM, || {
        let chosen = Uring::or_system();
        assert_eq!(chosen.refusal().unwrap().kind(), ErrorKind::Unsupported);
        let said = chosen.to_string();
        assert!(said.starts_with("the system's default") && said.contains("forbidden"), "{said}");
        let reactor = on(chosen);
        let (here, there) = pair(&reactor);
        say(&here);
        reactor.block_on(there.ready(Direction::Read)).unwrap();
    });
    let chosen = Uring::or_system();
    assert!(chosen.refusal().is_none());
    assert_eq!(chosen.to_string(), "io_uring");
}
