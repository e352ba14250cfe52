//! What Unix has beside connected streams: files, listeners, connecting, pipes, datagrams, urgent
//! data, and one object in two sets.

use std::fs::File;
use std::future::Future;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::task::Waker;

use mini_reactor::{AsIo, Direction, Registration};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType};

use crate::backend::trial::Trial;

fn own<T: AsIo>(trial: &Trial, io: T) -> Registration<T> {
    Registration::new_in(io, &trial.reactor)
}

fn wait<T: AsIo>(trial: &Trial, what: &str, object: &Registration<T>, direction: Direction) {
    trial.complete(what, object.ready(direction)).expect("waiting does not fail");
}

/// Begins to wait for something that is not there.
fn begin<T: AsIo>(object: &Registration<T>, direction: Direction) {
    let mut cx = std::task::Context::from_waker(Waker::noop());
    assert!(object.poll_ready(direction, &mut cx).is_pending(), "it is ready for no reason");
}

pub(crate) fn a_regular_file_is_always_ready(trial: &Trial) {
    let program = std::env::current_exe().expect("a test has a program");
    let paths = [program.as_path(), std::path::Path::new("/dev/null")];
    for path in paths {
        let file = own(trial, File::open(path).expect("it can be read"));
        for _ in 0..3 {
            wait(trial, "a file, which is always ready", &file, Direction::Read);
            wait(trial, "a file, which is always ready", &file, Direction::Write);
        }
        let (io, source) = (file.get_ref().as_io(), file.source());
        trial.backend().deregister(io, source).expect("it was registered");
    }
}

fn listener() -> TcpListener {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.set_nonblocking(true).expect("it is open");
    listener
}

pub(crate) fn a_listener_becomes_readable(trial: &Trial) {
    let listener = own(trial, listener());
    let address = listener.get_ref().local_addr().expect("it is bound");
    for _ in 0..3 {
        begin(&listener, Direction::Read);
        let there = TcpStream::connect(address).expect("somebody listens");
        let accepting = listener.io(Direction::Read, |listener| listener.accept());
        let accepted = trial.complete("a connection to accept", accepting);
        assert_eq!(
            accepted.expect("accepting does not fail").1,
            there.local_addr().expect("bound")
        );
    }
}

/// A socket that has begun to connect.
fn connecting(to: std::net::SocketAddr) -> TcpStream {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None);
    let stream = TcpStream::from(socket.expect("a socket"));
    stream.set_nonblocking(true).expect("it is open");
    match rustix::net::connect(&stream, &to) {
        Ok(()) | Err(rustix::io::Errno::INPROGRESS | rustix::io::Errno::CONNREFUSED) => stream,
        Err(error) => panic!("connecting does not begin: {error}"),
    }
}

pub(crate) fn a_connect_ends_a_wait_to_write(trial: &Trial) {
    let listener = listener();
    let to = listener.local_addr().expect("it is bound");
    let stream = own(trial, connecting(to));
    wait(trial, "a connect that succeeds", &stream, Direction::Write);
    assert!(stream.get_ref().take_error().expect("it is open").is_none(), "somebody listens");
    stream.get_ref().peer_addr().expect("it is connected");
    drop(listener);
    let stream = own(trial, connecting(to));
    wait(trial, "a connect that is refused", &stream, Direction::Write);
    assert!(stream.get_ref().peer_addr().is_err(), "nobody listens any more");
}

fn pipe() -> (File, File) {
    let (reader, writer) = rustix::pipe::pipe().expect("a pipe can be made");
    let ends = [reader, writer].map(|end| {
        rustix::io::ioctl_fionbio(&end, true).expect("it is open");
        File::from(end)
    });
    ends.into()
}

pub(crate) fn a_pipe_is_watched_from_both_ends(trial: &Trial) {
    let (reader, writer) = pipe();
    let (reader, writer) = (own(trial, reader), own(trial, writer));
    begin(&reader, Direction::Read);
    wait(trial, "room in a pipe", &writer, Direction::Write);
    writer.get_ref().write_all(b"x").expect("there is room");
    let reading = reader.io(Direction::Read, |mut pipe| pipe.read(&mut [0; 8]));
    assert_eq!(trial.complete("data in a pipe", reading).expect("reading does not fail"), 1);
    begin(&reader, Direction::Read);
    drop(writer);
    let reading = reader.io(Direction::Read, |mut pipe| pipe.read(&mut [0; 8]));
    let read = trial.complete("the end of a pipe whose writer has gone", reading);
    assert_eq!(read.expect("reading does not fail"), 0);
}

pub(crate) fn a_pipe_without_a_reader_wakes_its_writer(trial: &Trial) {
    let (reader, writer) = pipe();
    let writer = own(trial, writer);
    let block = [0; 4_096];
    while writer.get_ref().write(&block).is_ok() {}
    let mut writing = Box::pin(writer.io(Direction::Write, |mut pipe| pipe.write(&block)));
    let mut cx = std::task::Context::from_waker(Waker::noop());
    assert!(writing.as_mut().poll(&mut cx).is_pending(), "the pipe is full");
    trial.settle();
    assert!(writing.as_mut().poll(&mut cx).is_pending(), "the pipe is full");
    drop(reader);
    let written = trial.complete("the error of a pipe whose reader has gone", writing);
    let kind = written.map_err(|error| error.kind());
    assert_eq!(kind, Err(std::io::ErrorKind::BrokenPipe));
}

pub(crate) fn a_datagram_makes_a_socket_readable(trial: &Trial) {
    let here = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let there = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    here.set_nonblocking(true).expect("it is open");
    let to = here.local_addr().expect("it is bound");
    let here = own(trial, here);
    for length in [0, 1, 100] {
        begin(&here, Direction::Read);
        there.send_to(&[7; 100][..length], to).expect("a datagram can be sent");
        let receiving = here.io(Direction::Read, |socket| socket.recv(&mut [0; 128]));
        let received = trial.complete("a datagram", receiving);
        assert_eq!(received.expect("receiving does not fail"), length);
    }
}

pub(crate) fn urgent_data_counts_as_readable(trial: &Trial) {
    let (here, there) = crate::os::tcp_pair().expect("a pair of sockets");
    let here = own(trial, here);
    begin(&here, Direction::Read);
    trial.settle();
    begin(&here, Direction::Read);
    let sent = rustix::net::send(&there, b"!", SendFlags::OOB).expect("there is room");
    assert_eq!(sent, 1);
    let receiving = here.io(Direction::Read, |socket| {
        let mut byte = [0];
        let received = rustix::net::recv(socket, &mut byte, RecvFlags::OOB);
        match received {
            // Not there yet, in the system's words for urgent data.
            Err(rustix::io::Errno::INVAL) => Err(std::io::ErrorKind::WouldBlock.into()),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(byte),
        }
    });
    let received = trial.complete("urgent data", receiving).expect("receiving does not fail");
    assert_eq!(received, *b"!");
    (&there).write_all(b"abc").expect("there is room");
    let reading = here.io(Direction::Read, |mut socket| socket.read(&mut [0; 8]));
    assert_eq!(trial.complete("what came after it", reading).expect("reading does not fail"), 3);
}

pub(crate) fn one_object_in_two_sets_gives_events_to_both(trial: &Trial) {
    let other = trial.another();
    let (here, there) = crate::os::tcp_pair().expect("a pair of sockets");
    let same = OwnedFd::from(here.try_clone().expect("it is open"));
    let (first, second) = (own(trial, here), own(&other, same));
    for _ in 0..2 {
        begin(&first, Direction::Read);
        begin(&second, Direction::Read);
        (&there).write_all(b"x").expect("there is room");
        wait(trial, "an event in the first set", &first, Direction::Read);
        wait(&other, "an event in the second set", &second, Direction::Read);
        assert_eq!(first.get_ref().read(&mut [0; 8]).expect("it was sent"), 1);
    }
    drop(first);
    (&there).write_all(b"x").expect("there is room");
    wait(&other, "an event in the set that is left", &second, Direction::Read);
    assert!(second.get_ref().as_fd().try_clone_to_owned().is_ok(), "it is open");
}
