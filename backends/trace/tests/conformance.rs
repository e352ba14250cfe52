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
        claims: [edge, ends, threads, os_descriptors, pollable],
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
        claims: [edge, ends, threads, os_descriptors, pollable],
    }
}

mod counting {
    mini_reactor_conformance::decorator! { decorate: mini_reactor_trace::Trace::new }
}

mod recording {
    mini_reactor_conformance::decorator! { decorate: crate::recording }
}
