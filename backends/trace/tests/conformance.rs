//! A trace keeps what its backend keeps, and forwards everything; whether it records or not.

#![cfg(unix)]

use mini_reactor::GlobalReactor;
use mini_reactor_trace::Trace;

fn recording<R: GlobalReactor>(inner: R) -> Trace<R> {
    let trace = Trace::new(inner);
    trace.start(100);
    trace
}

mod counts_system {
    use mini_reactor::System;
    use mini_reactor_conformance::{backend, os};
    use std::net::Shutdown;

    backend! {
        backend: mini_reactor_trace::Trace::new(System::new()),
        pair: |_| os::tcp_pair(),
        half_close: |end| end.shutdown(Shutdown::Write),
        claims: [edge, ends, threads, any_driver, os_descriptors, pollable],
    }
}

mod records_system {
    use mini_reactor::System;
    use mini_reactor_conformance::{backend, os};
    use std::net::Shutdown;

    backend! {
        backend: crate::recording(System::new()),
        pair: |_| os::unix_pair(),
        half_close: |end| end.shutdown(Shutdown::Write),
        claims: [edge, ends, threads, any_driver, os_descriptors, pollable],
    }
}

#[cfg(target_os = "linux")]
mod records_uring {
    use mini_reactor_conformance::{backend, os};
    use mini_reactor_uring::Uring;
    use std::net::Shutdown;

    backend! {
        backend: crate::recording(Uring::new().expect("these tests need io_uring")),
        pair: |_| os::tcp_pair(),
        half_close: |end| end.shutdown(Shutdown::Write),
        claims: [one_shot, ends, threads, any_driver, os_descriptors, pollable],
    }
}

mod records_a_simulation {
    use std::io;
    use std::net::Shutdown;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use mini_reactor::{BorrowedIo, Directions, GlobalReactor, Observation, ReadyList, Source};
    use mini_reactor_conformance::backend;
    use mini_reactor_sim::{Faults, Settings, Sim};

    /// The backend of a simulation, which owns it.
    struct Simulated(Sim);

    impl Simulated {
        fn calm() -> Simulated {
            Simulated(Sim::new(Settings::new().faults(Faults::NONE).time_limit(Duration::MAX)))
        }
        fn inner(&self) -> &impl GlobalReactor {
            self.0.reactor().backend()
        }
    }

    impl GlobalReactor for Simulated {
        fn register(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
            self.inner().register(io, source)
        }
        fn rearm(&self, io: BorrowedIo<'_>, of: &Arc<Source>, to: Directions) -> io::Result<()> {
            self.inner().rearm(io, of, to)
        }
        fn deregister(&self, io: BorrowedIo<'_>, source: &Arc<Source>) -> io::Result<()> {
            self.inner().deregister(io, source)
        }
        fn turn(&self, timeout: Option<Duration>, ready: &mut ReadyList) -> io::Result<()> {
            self.inner().turn(timeout, ready)
        }
        fn notify(&self) {
            self.inner().notify();
        }
        fn now(&self) -> Instant {
            self.inner().now()
        }
        fn observe(&self, observation: Observation<'_>) -> bool {
            self.inner().observe(observation)
        }
    }

    backend! {
        backend: crate::recording(Simulated::calm()),
        pair: |trace| Ok(trace.inner().0.pair()),
        half_close: |end| end.shutdown(Shutdown::Write),
        claims: [edge, ends, virtual_time],
    }
}

mod counting {
    mini_reactor_conformance::decorator! { decorate: mini_reactor_trace::Trace::new }
}

mod recording {
    mini_reactor_conformance::decorator! { decorate: crate::recording }
}
