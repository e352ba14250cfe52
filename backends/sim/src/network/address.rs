//! Addresses: each host has one, and a name that is easier to read.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::network::{Host, Network};

/// Where to connect or send to: a host, by name or by address, and a port.
///
/// Everything takes what can be made into one: an address of the standard library, a name and a
/// port, or a [`Host`] and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(Where);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Where {
    Address(SocketAddr),
    Name(String, u16),
}

impl From<SocketAddr> for Target {
    fn from(address: SocketAddr) -> Target {
        Target(Where::Address(address))
    }
}

impl From<(&str, u16)> for Target {
    fn from((name, port): (&str, u16)) -> Target {
        Target(Where::Name(name.to_owned(), port))
    }
}

impl From<(&Host, u16)> for Target {
    fn from((host, port): (&Host, u16)) -> Target {
        Target(Where::Address(SocketAddr::new(host.ip(), port)))
    }
}

/// The address of the host with this number: 10.0.0.1 for the first, and so on.
pub(super) fn ip(host: u16) -> IpAddr {
    let [high, low] = (host + 1).to_be_bytes();
    Ipv4Addr::new(10, 0, high, low).into()
}

impl Network {
    /// The address that is meant, as seen from `from`; `None` if no host has it.
    pub(super) fn resolve(&self, from: u16, target: &Target) -> Option<SocketAddr> {
        match &target.0 {
            Where::Address(address) if address.ip().is_loopback() => {
                Some(SocketAddr::new(ip(from), address.port()))
            }
            Where::Address(address) => self.host_at(*address).map(|_| *address),
            Where::Name(name, port) => {
                self.host_named(name).map(|host| SocketAddr::new(ip(host), *port))
            }
        }
    }

    /// The host with this address.
    pub(super) fn host_at(&self, address: SocketAddr) -> Option<u16> {
        let IpAddr::V4(address) = address.ip() else { return None };
        let [10, 0, high, low] = address.octets() else { return None };
        let host = u16::from_be_bytes([high, low]).checked_sub(1)?;
        self.hosts.get(usize::from(host)).map(|_| host)
    }

    /// An address in words.
    pub(super) fn place(&self, address: SocketAddr) -> String {
        match self.host_at(address) {
            Some(host) => format!("{}:{}", self.hosts[usize::from(host)].name, address.port()),
            None => address.to_string(),
        }
    }
}
