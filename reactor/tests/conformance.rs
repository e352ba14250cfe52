//! `System` keeps the contract of a backend, whichever way it polls; and the decorator that the
//! trait's documentation shows forwards everything.

#![cfg(any(unix, windows))]

/// Epoll, directly.
#[cfg(all(
    target_os = "linux",
    not(any(mini_reactor_poller = "edge", mini_reactor_poller = "oneshot"))
))]
mod epoll {
    mod tcp {
        use mini_reactor::System;
        use mini_reactor_conformance::{backend, os};
        use std::net::Shutdown;

        backend! {
            backend: System::new(),
            pair: |_| os::tcp_pair(),
            half_close: |end| end.shutdown(Shutdown::Write),
            claims: [edge, ends, threads, any_driver, os_descriptors, pollable],
        }
    }

    mod unix {
        use mini_reactor::System;
        use mini_reactor_conformance::{backend, os};
        use std::net::Shutdown;

        backend! {
            backend: System::new(),
            pair: |_| os::unix_pair(),
            half_close: |end| end.shutdown(Shutdown::Write),
            claims: [edge, ends, threads, any_driver, os_descriptors, pollable],
        }
    }
}

/// The `polling` crate, edge-triggered.
#[cfg(mini_reactor_poller = "edge")]
mod polling_edge {
    use mini_reactor::System;
    use mini_reactor_conformance::{backend, os};
    use std::net::Shutdown;

    backend! {
        backend: System::new(),
        pair: |_| os::tcp_pair(),
        half_close: |end| end.shutdown(Shutdown::Write),
        claims: [edge, threads, any_driver, os_descriptors],
    }
}

/// The `polling` crate, one-shot: what other systems have.
#[cfg(all(
    not(mini_reactor_poller = "edge"),
    any(mini_reactor_poller = "oneshot", not(target_os = "linux"))
))]
mod polling_one_shot {
    use mini_reactor::System;
    use mini_reactor_conformance::{backend, os};
    use std::net::Shutdown;

    #[cfg(unix)]
    backend! {
        backend: System::new(),
        pair: |_| os::tcp_pair(),
        half_close: |end| end.shutdown(Shutdown::Write),
        claims: [one_shot, threads, any_driver, os_descriptors],
    }
    #[cfg(not(unix))]
    backend! {
        backend: System::new(),
        pair: |_| os::tcp_pair(),
        half_close: |end| end.shutdown(Shutdown::Write),
        claims: [one_shot, threads, any_driver],
    }
}

mod counting {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::time::{Duration, Instant};

    use mini_reactor::{BorrowedIo, Directions, GlobalReactor, Observation, ReadyList, Source};

    /// As in the documentation of `GlobalReactor`.
    struct Counting<R> {
        inner: R,
        turns: AtomicUsize,
    }

    impl<R: GlobalReactor> GlobalReactor for Counting<R> {
        fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
            self.inner.register(io, source)
        }
        fn rearm(
            &self,
            io: BorrowedIo<'_>,
            source: &Arc<Source>,
            wanted: Directions,
        ) -> io::Result<()> {
            self.inner.rearm(io, source, wanted)
        }
        fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
            self.inner.deregister(io, source)
        }
        fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
            self.turns.fetch_add(1, Relaxed);
            self.inner.turn(timeout, ready)
        }
        fn notify(&self) {
            self.inner.notify()
        }
        fn now(&self) -> Instant {
            self.inner.now()
        }
        fn pollable(&self) -> Option<BorrowedIo<'_>> {
            self.inner.pollable()
        }
        fn observe(&self, observation: Observation<'_>) -> bool {
            self.inner.observe(observation)
        }
    }

    mini_reactor_conformance::decorator! {
        decorate: |inner| Counting { inner, turns: AtomicUsize::new(0) },
    }
}

/// The pointers for which the trait is implemented.
mod pointers {
    mod boxed {
        mini_reactor_conformance::decorator! { decorate: Box::new }
    }
    mod shared {
        mini_reactor_conformance::decorator! { decorate: std::sync::Arc::new }
    }
    mod borrowed {
        mini_reactor_conformance::decorator! {
            decorate: |inner| {
                let inner: &'static mini_reactor_conformance::decorator::Spy =
                    Box::leak(Box::new(inner));
                inner
            }
        }
    }
    mod lazy {
        mini_reactor_conformance::decorator! {
            decorate: |inner| std::sync::LazyLock::new(move || inner)
        }
    }
}
