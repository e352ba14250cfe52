//! The whole suite. A clause that needs what is not claimed shows as ignored.

use std::net::Shutdown;

use mini_reactor_conformance::{backend, os};
use poll_backend::PollBackend;

backend! {
    backend: PollBackend::default(),
    pair: |_| os::tcp_pair(),
    half_close: |end| end.shutdown(Shutdown::Write),
    claims: [one_shot, threads, any_driver, os_descriptors],
}
