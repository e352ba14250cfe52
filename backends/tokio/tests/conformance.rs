//! Without a runtime it keeps what its inner backend keeps, and forwards everything. With one it is
//! no other backend: the runtime's task is one more that calls `Reactor::poll_once`.

#![cfg(unix)]

mod alone {
    use mini_reactor::System;
    use mini_reactor_conformance::{backend, os};
    use std::net::Shutdown;

    backend! {
        backend: mini_reactor_tokio::Tokio::new(System::new()),
        pair: |_| os::tcp_pair(),
        half_close: |end| end.shutdown(Shutdown::Write),
        claims: [edge, ends, threads, any_driver, os_descriptors, pollable],
    }
}

mod around {
    mini_reactor_conformance::decorator! { decorate: mini_reactor_tokio::Tokio::new }
}
