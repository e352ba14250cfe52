//! The contract of a backend, clause by clause.
#![cfg(unix)]

use std::net::Shutdown;

use mini_reactor_conformance::{backend, os};
use mini_reactor_mio::Mio;

backend! {
    backend: Mio::new(),
    pair: |_| os::tcp_pair(),
    half_close: |end| end.shutdown(Shutdown::Write),
    claims: [edge, ends, threads, any_driver, os_descriptors, pollable],
}
