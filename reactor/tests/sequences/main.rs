//! Random sequences of everything that can be done with a reactor, against a simple model.

mod interpreter;
mod replay;

#[test]
fn every_wait_ends_as_promised_whatever_the_sequence() {
    replay::many(interpreter::run_virtual, 6_000, 400);
}

#[cfg(unix)]
#[test]
fn nobody_sleeps_while_a_socket_is_ready() {
    replay::many(interpreter::run_sockets, 800, 300);
}
