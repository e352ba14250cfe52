//! The loop of the load generator.
//!
//! Sockets are blocking; epoll(7) says which has something to read, and a `read` then returns what
//! is there. Requests are far smaller than a socket's buffers, so `write` does not wait for the
//! server.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

use super::{Kind, http};
use crate::workloads;

/// A server that says nothing for so long is broken.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What goes to and fro on a connection.
#[derive(Debug)]
pub(super) struct Exchange {
    request: Vec<u8>,
    response_bytes: usize,
    begins_with: Vec<u8>,
}

impl Exchange {
    /// A message of `size` bytes that comes back as it is.
    pub(super) fn echo(size: usize) -> Self {
        let request: Vec<u8> = (0..size).map(|index| b'a' + (index % 26) as u8).collect();
        Self { begins_with: request.clone(), response_bytes: size, request }
    }

    /// A request for `/`. One is made to learn how long the response is; it is the same every time.
    pub(super) fn http(addr: SocketAddr) -> io::Result<Self> {
        let request = format!("GET / HTTP/1.1\r\nhost: {addr}\r\naccept: */*\r\n\r\n").into_bytes();
        let mut stream = TcpStream::connect(addr)?;
        stream.write_all(&request)?;
        let response_bytes = http::response_bytes(&mut stream)?;
        Ok(Self { request, response_bytes, begins_with: b"HTTP/1.1 200 ".to_vec() })
    }
}

struct Connection {
    stream: TcpStream,
    received: usize,
    asked: Instant,
}

/// Connections to one server, all with at most one request in flight.
pub(super) struct Client {
    addr: SocketAddr,
    exchange: Exchange,
    /// Whether each exchange has a connection of its own.
    reconnects: bool,
    epoll: OwnedFd,
    connections: Vec<Option<Connection>>,
    buffer: Vec<u8>,
    latency: Histogram<u64>,
    completed: u64,
}

impl Client {
    /// Opens `conns` connections, or none yet if each exchange opens its own.
    pub(super) fn connect(
        addr: SocketAddr,
        exchange: Exchange,
        kind: Kind,
        conns: usize,
    ) -> io::Result<Self> {
        let mut client = Self {
            addr,
            reconnects: kind == Kind::Churn,
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            connections: (0..conns).map(|_| None).collect(),
            buffer: vec![0; exchange.response_bytes],
            exchange,
            latency: workloads::new_histogram(),
            completed: 0,
        };
        if !client.reconnects {
            for index in 0..conns {
                client.open(index)?;
            }
        }
        Ok(client)
    }

    /// Exchanges that were completed since the warm-up.
    pub(super) fn completed(&self) -> u64 {
        self.completed
    }

    /// Their latencies, in nanoseconds.
    pub(super) fn latency(&self) -> &Histogram<u64> {
        &self.latency
    }

    /// Forgets what was counted so far.
    pub(super) fn forget_warm_up(&mut self) {
        self.completed = 0;
        self.latency.reset();
    }

    /// Exchanges on all connections for `length`, and until every request has its response.
    pub(super) fn run_for(&mut self, length: Duration) -> io::Result<()> {
        let end = Instant::now() + length;
        for index in 0..self.connections.len() {
            self.ask(index)?;
        }
        let mut in_flight = self.connections.len();
        let patience = Timespec::try_from(PATIENCE).map_err(io::Error::other)?;
        let mut events = Vec::with_capacity(1024);
        while in_flight > 0 {
            match epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&patience)) {
                Ok(0) => return Err(io::Error::new(io::ErrorKind::TimedOut, "no response")),
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in events.drain(..) {
                let index = usize::try_from(event.data.u64()).expect("data holds an index");
                if !self.receive(index)? {
                    continue;
                }
                if self.reconnects {
                    self.connections[index] = None;
                }
                if Instant::now() < end {
                    self.ask(index)?;
                } else {
                    in_flight -= 1;
                }
            }
        }
        Ok(())
    }

    fn open(&mut self, index: usize) -> io::Result<()> {
        let stream = TcpStream::connect(self.addr)?;
        stream.set_nodelay(true)?;
        let data = epoll::EventData::new_u64(index as u64);
        epoll::add(&self.epoll, &stream, data, epoll::EventFlags::IN)?;
        self.connections[index] = Some(Connection { stream, received: 0, asked: Instant::now() });
        Ok(())
    }

    /// Sends a request, on a new connection if that is the workload.
    fn ask(&mut self, index: usize) -> io::Result<()> {
        let asked = Instant::now();
        if self.reconnects {
            self.open(index)?;
        }
        let connection = self.connections[index].as_mut().expect("it was opened");
        connection.asked = asked;
        connection.received = 0;
        connection.stream.write_all(&self.exchange.request)
    }

    /// Reads what is there; `true` if it completes the response.
    fn receive(&mut self, index: usize) -> io::Result<bool> {
        let Some(connection) = &mut self.connections[index] else { return Ok(false) };
        let rest = &mut self.buffer[connection.received..];
        let read = connection.stream.read(rest)?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed"));
        }
        if connection.received == 0 {
            let compared = read.min(self.exchange.begins_with.len());
            if rest[..compared] != self.exchange.begins_with[..compared] {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "not the right response"));
            }
        }
        connection.received += read;
        if connection.received < self.exchange.response_bytes {
            return Ok(false);
        }
        workloads::record(&mut self.latency, connection.asked.elapsed());
        self.completed += 1;
        Ok(true)
    }
}

/// Opens a connection and sends one message to and fro.
pub(super) fn connect_and_echo(addr: SocketAddr, size: usize) -> io::Result<TcpStream> {
    let Exchange { request, .. } = Exchange::echo(size);
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(&request)?;
    let mut response = vec![0; size];
    stream.read_exact(&mut response)?;
    if response != request {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not the message that was sent"));
    }
    Ok(stream)
}
