//! Hosts: a name, an address, and ports.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::network::link::Link;
use crate::network::object::Open;
use crate::network::{Datagram, Listener, Network, Stream, Target, address};
use crate::world::{Shared, World};

/// A simulated machine: what its programs open their sockets on.
///
/// Made by [`Sim::host`](crate::Sim::host).
///
/// # Examples
///
/// ```
/// use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
/// use mini_async::Async;
/// use mini_reactor_sim::{Settings, Sim};
///
/// let sim = Sim::new(Settings::new());
/// let (server, client) = (sim.host("server"), sim.host("client"));
/// sim.block_on(async {
///     let listener = Async::new(server.listen(80)?)?;
///     let mut stream = Async::new(client.connect(("server", 80))?)?;
///     let (peer, address) = listener.read_with(|listener| listener.accept()).await?;
///     assert_eq!(address.ip(), client.ip());
///     Async::new(peer)?.write_all(b"hello").await?;
///     let mut text = String::new();
///     stream.read_to_string(&mut text).await?;
///     assert_eq!(text, "hello");
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct Host {
    pub(super) shared: Arc<Shared>,
    pub(super) host: u16,
    name: Arc<str>,
}

#[derive(Debug)]
pub(super) struct HostState {
    pub(super) name: Arc<str>,
    /// Objects by their ports: listeners, and datagram sockets.
    pub(super) listening: BTreeMap<u16, u32>,
    pub(super) receiving: BTreeMap<u16, u32>,
    next_port: u16,
}

/// The first of the ports that are given to whoever asks for none.
const FIRST_FREE_PORT: u16 = 49152;

impl Host {
    pub(crate) fn named(shared: &Arc<Shared>, name: &str) -> Host {
        let mut world = shared.lock();
        let host = world.host(name);
        let name = Arc::clone(&world.network.hosts[usize::from(host)].name);
        Host { shared: Arc::clone(shared), host, name }
    }

    /// The way to another host of the simulation `shared`.
    pub(crate) fn link_to(&self, other: &Host, shared: &Arc<Shared>) -> Link {
        for host in [self, other] {
            assert!(Arc::ptr_eq(&host.shared, shared), "{host:?} is of another simulation");
        }
        Link { from: self.host, to: other.host }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address: 10.0.0.1 for the first host of the simulation, and so on.
    pub fn ip(&self) -> IpAddr {
        address::ip(self.host)
    }

    /// Listens for connections at `port`; at one that is free, if it is 0.
    ///
    /// # Errors
    ///
    /// - `AddrInUse`: another listener has that port.
    /// - `EMFILE`, if [`NoDescriptors`](crate::Fault::NoDescriptors) strikes.
    pub fn listen(&self, port: u16) -> io::Result<Listener> {
        let number = self.shared.with(|world| world.listen(self.host, port))?;
        Ok(Listener(Open::new(&self.shared, number)))
    }

    /// Begins to connect to a listener. The connection may be used at once: reads and writes would
    /// block until it stands, and tell the error if it cannot be made
    /// ([`Stream::established`] waits for just that).
    ///
    /// # Errors
    ///
    /// - `NotFound`: there is no such host.
    /// - `EMFILE`, if [`NoDescriptors`](crate::Fault::NoDescriptors) strikes.
    ///
    /// Of the stream, later: `ConnectionRefused` if nobody listens there, `TimedOut` if nobody
    /// answers for 127 seconds.
    pub fn connect(&self, to: impl Into<Target>) -> io::Result<Stream> {
        let to = to.into();
        let number = self.shared.with(|world| world.connect(self.host, &to))?;
        Ok(Stream(Open::new(&self.shared, number)))
    }

    /// A socket for datagrams, at `port`; at one that is free, if it is 0.
    ///
    /// # Errors
    ///
    /// - `AddrInUse`: another socket for datagrams has that port.
    /// - `EMFILE`, if [`NoDescriptors`](crate::Fault::NoDescriptors) strikes.
    pub fn datagram(&self, port: u16) -> io::Result<Datagram> {
        let number = self.shared.with(|world| world.bind_datagram(self.host, port))?;
        Ok(Datagram(Open::new(&self.shared, number)))
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("name", &self.name).field("ip", &self.ip()).finish()
    }
}

impl Network {
    pub(super) fn host_named(&self, name: &str) -> Option<u16> {
        self.hosts.iter().position(|host| *host.name == *name).map(|host| host as u16)
    }
}

impl World {
    /// The host with this name, which may be new.
    fn host(&mut self, name: &str) -> u16 {
        self.network.host_named(name).unwrap_or_else(|| {
            let name: Arc<str> = name.into();
            self.trace.name_host(&name);
            self.network.hosts.push(HostState {
                name,
                listening: BTreeMap::new(),
                receiving: BTreeMap::new(),
                next_port: FIRST_FREE_PORT,
            });
            let host = u16::try_from(self.network.hosts.len() - 1).unwrap_or(u16::MAX);
            assert!(host < u16::MAX, "there are more hosts than addresses");
            host
        })
    }

    /// The address for `port` of a host; for a port that `is_taken` does not say to be taken, if it
    /// is 0.
    pub(super) fn bind(
        &mut self,
        host: u16,
        port: u16,
        is_taken: impl Fn(&HostState, u16) -> bool,
    ) -> io::Result<SocketAddr> {
        let state = &mut self.network.hosts[usize::from(host)];
        if port != 0 && is_taken(state, port) {
            return Err(ErrorKind::AddrInUse.into());
        }
        let mut chosen = port;
        for _ in FIRST_FREE_PORT..u16::MAX {
            if chosen != 0 {
                break;
            }
            let next = state.next_port;
            state.next_port = next.checked_add(1).unwrap_or(FIRST_FREE_PORT);
            chosen = if is_taken(state, next) { 0 } else { next };
        }
        match chosen {
            0 => Err(ErrorKind::AddrInUse.into()),
            port => Ok(SocketAddr::new(address::ip(host), port)),
        }
    }
}
