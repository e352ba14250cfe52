//! A hand-written loop on epoll(7): what the kernel asks for the same work, with no runtime
//! between.
//!
//! Level-triggered, one `read` and one `write` per message and never a `read` that only finds out
//! that nothing is left, connections in a slab indexed by the event's data. With several workers
//! each thread runs such a loop and all accept from the same socket. It has no tasks, so it does
//! only what can be done without.

use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use rustix::net::{SocketFlags, accept_with, sockopt};

use crate::child::{Mode, Phase, Sample};
use crate::params::Params;
use crate::workloads::{self, Shape, Workload};

/// The event data of the listening socket; connections count from 0.
const LISTENER: u64 = u64::MAX;

/// Says which workloads need tasks or HTTP.
pub(super) fn lacks(workload: &Workload) -> Option<&'static str> {
    match workload.name {
        "echo" | "churn" | "idle" | "idle-sleep" => None,
        "http" => Some("raw-epoll speaks no HTTP"),
        _ if workload.forks => Some("it has no fork and join"),
        _ => Some("raw-epoll is a loop over sockets: it has no tasks, channels or timers"),
    }
}

/// Serves echoes for ever.
pub(super) fn serve(
    workload: &'static Workload,
    params: &Params,
    listener: TcpListener,
) -> io::Result<()> {
    assert!(matches!(workload.shape, Shape::Server(_)), "{} has no server", workload.name);
    let buffer = workloads::server::buffer_bytes(params);
    let mut others = Vec::new();
    for _ in 1..params.number("workers") {
        let listener = listener.try_clone()?;
        others.push(thread::spawn(move || echo_loop(&listener, buffer)));
    }
    echo_loop(&listener, buffer)
}

/// Sleeps, which is the one thing without a socket that a loop on epoll can do.
pub(super) fn run(workload: &'static Workload, params: &Params, mode: Mode) -> io::Result<Sample> {
    assert_eq!(workload.name, "idle-sleep", "the others are refused by `lacks`");
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let each = Duration::from_micros(params.number("micros"));
    let timeout = Timespec::try_from(each).map_err(io::Error::other)?;
    let mut events = Vec::with_capacity(1);
    for _ in 0..workloads::sleeps::WARM_UP {
        epoll::wait(&epoll, spare_capacity(&mut events), Some(&timeout))?;
    }
    let mut late = workloads::new_histogram();
    let phase = Phase::begin(mode)?;
    for _ in 0..params.number("n") {
        let due = Instant::now() + each;
        epoll::wait(&epoll, spare_capacity(&mut events), Some(&timeout))?;
        workloads::record(&mut late, Instant::now().saturating_duration_since(due));
    }
    phase.end(params.number("n"), Some(&late))
}

/// One connection.
struct Connection {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

fn echo_loop(listener: &TcpListener, buffer: usize) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, listener, epoll::EventData::new_u64(LISTENER), epoll::EventFlags::IN)?;
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut free: Vec<usize> = Vec::new();
    let mut events = Vec::with_capacity(1024);
    loop {
        match epoll::wait(&epoll, spare_capacity(&mut events), None) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        for event in events.drain(..) {
            let data = event.data.u64();
            if data == LISTENER {
                accept_one(&epoll, listener, &mut connections, &mut free, buffer)?;
                continue;
            }
            let index = usize::try_from(data).expect("data holds an index");
            let alive = connections[index].as_mut().is_some_and(echo_once);
            if !alive && connections[index].take().is_some() {
                free.push(index); // dropping the socket closed it, which took it out of the set
            }
        }
    }
}

fn accept_one(
    epoll: &OwnedFd,
    listener: &TcpListener,
    connections: &mut Vec<Option<Connection>>,
    free: &mut Vec<usize>,
    buffer: usize,
) -> io::Result<()> {
    let socket = match accept_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
        Ok(socket) => socket,
        Err(Errno::AGAIN | Errno::CONNABORTED | Errno::INTR) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    sockopt::set_tcp_nodelay(&socket, true)?;
    let index = free.pop().unwrap_or_else(|| {
        connections.push(None);
        connections.len() - 1
    });
    epoll::add(epoll, &socket, epoll::EventData::new_u64(index as u64), epoll::EventFlags::IN)?;
    connections[index] = Some(Connection { socket, buffer: vec![0; buffer] });
    Ok(())
}

/// Reads once and writes it back; `false` when the connection is over.
///
/// Messages of these workloads are far smaller than a socket's send buffer and a client has one in
/// flight, so a write that would block cannot happen; if it did, the connection would be closed.
fn echo_once(connection: &mut Connection) -> bool {
    let Connection { socket, buffer } = connection;
    let read = match rustix::io::read(&*socket, &mut buffer[..]) {
        Ok(0) => return false,
        Ok(read) => read,
        Err(Errno::AGAIN | Errno::INTR) => return true,
        Err(_) => return false,
    };
    let mut rest = &buffer[..read];
    while !rest.is_empty() {
        match rustix::io::write(&*socket, rest) {
            Ok(written) => rest = &rest[written..],
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
    true
}
