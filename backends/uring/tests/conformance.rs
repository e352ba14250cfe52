//! The contract of a backend, clause by clause: on one ring for all threads, and on a thread's own.
#![cfg(target_os = "linux")]

mod shared {
    use std::net::Shutdown;

    use mini_reactor_conformance::{backend, os};
    use mini_reactor_uring::Uring;

    backend! {
        backend: Uring::new().expect("these tests need io_uring"),
        pair: |_| os::tcp_pair(),
        half_close: |end| end.shutdown(Shutdown::Write),
        claims: [one_shot, ends, threads, any_driver, os_descriptors, pollable],
    }
}

mod shared_with_the_shortest_queues {
    use std::net::Shutdown;

    use mini_reactor_conformance::{backend, os};
    use mini_reactor_uring::Uring;

    backend! {
        backend: Uring::with_entries(1, 1).expect("these tests need io_uring"),
        pair: |_| os::tcp_pair(),
        half_close: |end| end.shutdown(Shutdown::Write),
        claims: [one_shot, ends, threads, any_driver, os_descriptors, pollable],
    }
}

mod one_thread {
    use std::net::Shutdown;

    use mini_reactor_conformance::{backend, os};
    use mini_reactor_uring::ThreadUring;

    backend! {
        backend: ThreadUring::new().expect("these tests need io_uring"),
        pair: |_| os::tcp_pair(),
        half_close: |end| end.shutdown(Shutdown::Write),
        claims: [one_shot, ends, threads, os_descriptors],
    }
}
