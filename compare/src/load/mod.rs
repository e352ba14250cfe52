//! The load generator: a process that keeps a server busy and measures it from outside.
//!
//! It is one hand-written loop on epoll(7) for every column, ours and peers, so that what is
//! compared is the server. It is closed-loop: each connection has one request in flight, so
//! latencies are those of a system that is never overloaded, and none can be omitted; [`steady`] is
//! the exception, and says why. It reads the server's CPU clock itself, at the two instants when no
//! request is in flight.

mod client;
mod http;
mod steady;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen as listen_on, socket_with};
use serde::{Deserialize, Serialize};

use crate::child::{self, Mode, Sample};
use crate::proc::{self, CpuClock};
use crate::workloads;
use client::{Client, Exchange, PATIENCE};
use steady::Steady;

/// What the load generator does with connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Sends a message, waits for it to come back, again.
    Echo,
    /// The same with HTTP requests.
    Http,
    /// A new connection for each message.
    Churn,
    /// One message per connection, then silence.
    Idle,
    /// Messages at a steady rate, to a server that computes as well.
    Mixed,
}

/// What a load generator is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LoadOrder {
    /// What to do.
    pub(crate) kind: Kind,
    /// The server.
    pub(crate) addr: SocketAddr,
    /// The server's process, to be measured.
    pub(crate) server: u32,
    /// Connections at a time.
    pub(crate) conns: usize,
    /// Bytes of a message.
    pub(crate) size: usize,
    /// Messages a second; only for [`Kind::Mixed`].
    pub(crate) rate: u64,
    /// Length of the measured phase; unused by [`Kind::Idle`], which ends when all are connected.
    pub(crate) ms: u64,
    /// What the pass is for.
    pub(crate) mode: Mode,
}

/// How long a server may go on with what it does after its last response, before it is looked at.
const SETTLE: Duration = Duration::from_millis(20);

/// A listening socket on a port that the system chooses, with a queue long enough for any workload.
pub(crate) fn listen() -> io::Result<TcpListener> {
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))?;
    listen_on(&socket, 4096)?;
    Ok(socket.into())
}

/// A measured phase and the connections it leaves open: the caller holds them while others look at
/// the server.
pub(crate) struct Loaded {
    /// What was measured.
    pub(crate) sample: Sample,
    _open: Open,
}

/// Connections, in whatever has them.
#[expect(dead_code, reason = "they are held until they are dropped, and not looked at")]
enum Open {
    Client(Client),
    Steady(Steady),
    Streams(Vec<TcpStream>),
}

/// Runs one phase against a server.
///
/// # Errors
///
/// A server that refuses, closes or answers with something else than it should.
pub(crate) fn run(order: &LoadOrder) -> io::Result<Loaded> {
    let exchange = match order.kind {
        Kind::Idle => return idle(order),
        Kind::Mixed => return mixed(order),
        Kind::Http => Exchange::http(order.addr)?,
        _ => Exchange::echo(order.size),
    };
    let length = Duration::from_millis(order.ms);
    let mut client = Client::connect(order.addr, exchange, order.kind, order.conns)?;
    client.run_for(length / 4)?;
    let phase = ServerPhase::begin(order)?;
    client.forget_warm_up();
    client.run_for(length)?;
    let mut sample = phase.end(client.completed())?;
    sample.p50_ns = Some(client.latency().value_at_quantile(0.5));
    sample.p99_ns = Some(client.latency().value_at_quantile(0.99));
    Ok(Loaded { sample, _open: Open::Client(client) })
}

/// Messages at a steady rate. An operation is what the server computes; the latencies are those of
/// the messages.
fn mixed(order: &LoadOrder) -> io::Result<Loaded> {
    let length = Duration::from_millis(order.ms);
    let mut steady = Steady::connect(order.addr, order.conns, order.rate)?;
    steady.run_for(length / 4)?;
    let phase = ServerPhase::begin(order)?;
    let computed = steady.computed();
    steady.forget_warm_up();
    let began = Instant::now();
    // At least once; and on a machine that had no time for the computing, until it had.
    while began.elapsed() < length || began.elapsed() < PATIENCE && steady.computed() == computed {
        steady.run_for(length)?;
    }
    let mut sample = phase.end(steady.computed() - computed)?;
    sample.p50_ns = Some(steady.latency().value_at_quantile(0.5));
    sample.p99_ns = Some(steady.latency().value_at_quantile(0.99));
    Ok(Loaded { sample, _open: Open::Steady(steady) })
}

/// Opens connections that stay. One more is opened before, so that what a server makes once is not
/// counted.
fn idle(order: &LoadOrder) -> io::Result<Loaded> {
    let mut streams = vec![client::connect_and_echo(order.addr, order.size)?];
    thread::sleep(SETTLE);
    let phase = ServerPhase::begin(order)?;
    for _ in 0..order.conns {
        streams.push(client::connect_and_echo(order.addr, order.size)?);
    }
    thread::sleep(SETTLE);
    let sample = phase.end(order.conns as u64)?;
    Ok(Loaded { sample, _open: Open::Streams(streams) })
}

/// The measured phase of a server, seen from the load generator.
struct ServerPhase {
    server: u32,
    clock: CpuClock,
    cpu: Duration,
    began: Instant,
}

impl ServerPhase {
    fn begin(order: &LoadOrder) -> io::Result<Self> {
        if order.mode != Mode::Time {
            child::edge()?;
        }
        let clock = CpuClock::of(order.server)?;
        Ok(Self { server: order.server, clock, cpu: clock.now()?, began: Instant::now() })
    }

    fn end(self, ops: u64) -> io::Result<Sample> {
        let cpu = self.clock.now()?.saturating_sub(self.cpu);
        let wall = self.began.elapsed();
        Ok(Sample {
            ops,
            wall_ns: workloads::nanos(wall),
            cpu_ns: workloads::nanos(cpu),
            rss_bytes: proc::rss_bytes(self.server)?,
            threads: proc::thread_ids(self.server)?.len() as u64 - 1,
            ..Sample::default()
        })
    }
}
