//! A load at a steady rate: a message is sent when it is due, whether or not those before it have
//! been answered.
//!
//! The latency is that of the server: from sending to the time at which it says it answered. If
//! this process gets no processor in time, what was due meanwhile is sent at once when it does.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

use super::client::PATIENCE;
use crate::workloads;
use crate::workloads::mixed::{MESSAGE, Stamp, clock};

/// What follows the stamp in each message.
const REST: u8 = b'm';

struct Connection {
    stream: TcpStream,
    message: [u8; MESSAGE],
    received: usize,
}

/// Connections to one server, which take turns.
pub(super) struct Steady {
    epoll: OwnedFd,
    connections: Vec<Connection>,
    /// Whose turn it is.
    next: usize,
    /// Between two messages.
    interval: Duration,
    in_flight: u64,
    heard: Instant,
    latency: Histogram<u64>,
    computed: u64,
}

impl Steady {
    /// Opens `conns` connections, over which `rate` messages will be sent in a second.
    pub(super) fn connect(addr: SocketAddr, conns: usize, rate: u64) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut connections = Vec::with_capacity(conns);
        for index in 0..conns as u64 {
            let stream = TcpStream::connect(addr)?;
            stream.set_nodelay(true)?;
            epoll::add(&epoll, &stream, epoll::EventData::new_u64(index), epoll::EventFlags::IN)?;
            connections.push(Connection { stream, message: [0; MESSAGE], received: 0 });
        }
        Ok(Self {
            epoll,
            connections,
            next: 0,
            interval: Duration::from_secs(1) / u32::try_from(rate).map_err(io::Error::other)?,
            in_flight: 0,
            heard: Instant::now(),
            latency: workloads::new_histogram(),
            computed: 0,
        })
    }

    /// What the server had computed when it sent the last answer.
    pub(super) fn computed(&self) -> u64 {
        self.computed
    }

    /// The latencies, in nanoseconds.
    pub(super) fn latency(&self) -> &Histogram<u64> {
        &self.latency
    }

    /// Forgets the latencies so far.
    pub(super) fn forget_warm_up(&mut self) {
        self.latency.reset();
    }

    /// Sends what is due for `length`, and waits until all is answered.
    pub(super) fn run_for(&mut self, length: Duration) -> io::Result<()> {
        let mut due = Instant::now();
        let end = due + length;
        self.heard = due;
        let mut events = Vec::with_capacity(1024);
        loop {
            let now = Instant::now();
            while due <= now && due < end {
                self.send()?;
                due += self.interval;
            }
            if due >= end && self.in_flight == 0 {
                return Ok(());
            }
            if self.in_flight > 0 && now - self.heard > PATIENCE {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "no response"));
            }
            let wait = if due < end { due - now } else { PATIENCE };
            let wait = Timespec::try_from(wait).map_err(io::Error::other)?;
            match epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&wait)) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in events.drain(..) {
                let index = usize::try_from(event.data.u64()).expect("data holds an index");
                self.receive(index)?;
            }
        }
    }

    fn send(&mut self) -> io::Result<()> {
        let mut message = [REST; MESSAGE];
        Stamp { sent: clock(), ..Stamp::default() }.write(&mut message);
        self.connections[self.next].stream.write_all(&message)?;
        self.next = (self.next + 1) % self.connections.len();
        self.in_flight += 1;
        Ok(())
    }

    /// Reads what is there, of one message at most.
    fn receive(&mut self, index: usize) -> io::Result<()> {
        let Connection { stream, message, received } = &mut self.connections[index];
        match stream.read(&mut message[*received..])? {
            0 => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed")),
            read => *received += read,
        }
        if *received < MESSAGE {
            return Ok(());
        }
        *received = 0;
        let Stamp { sent, answered, computed } = Stamp::read(message);
        let as_sent = message[size_of::<Stamp>()..].iter().all(|byte| *byte == REST);
        let Some(latency) = answered.checked_sub(sent).filter(|_| as_sent && sent > 0) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not the right response"));
        };
        workloads::record(&mut self.latency, Duration::from_nanos(latency));
        self.computed = self.computed.max(computed); // answers of two connections may pass
        self.in_flight -= 1;
        self.heard = Instant::now();
        Ok(())
    }
}
