//! A program that chose this backend.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use mini_reactor::{Deadline, Direction, Registration};
use poll_backend::PollBackend;

mini_reactor::global_reactor! {
    static REACTOR: std::sync::LazyLock<PollBackend> =
        std::sync::LazyLock::new(PollBackend::default);
}

#[test]
fn a_program_reads_and_sleeps_on_poll() {
    let (mut here, there) = UnixStream::pair().unwrap();
    there.set_nonblocking(true).unwrap();
    let there = Registration::new(there);
    let sender = std::thread::spawn(move || here.write_all(b"hello").unwrap());
    let mut bytes = [0; 8];
    let length = mini_reactor::block_on(async {
        let mut nap = Deadline::after(Duration::from_millis(1));
        std::future::poll_fn(|cx| nap.poll(cx)).await;
        there.io(Direction::Read, |mut io| io.read(&mut bytes)).await.unwrap()
    });
    assert_eq!(bytes[..length], *b"hello");
    sender.join().unwrap();
}
