//! What every simulated object is to its program: a number that is closed when it is dropped.

use std::fmt;
use std::io;
use std::sync::Arc;

use mini_reactor::{BorrowedIo, Direction};

use crate::world::{Shared, World};

/// An open object.
pub(super) struct Open {
    shared: Arc<Shared>,
    id: u32,
    number: u32,
}

impl Open {
    pub(super) fn new(shared: &Arc<Shared>, number: u32) -> Open {
        let id = shared.lock().id;
        Open { shared: Arc::clone(shared), id, number }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Does something with the object.
    pub(super) fn with<R>(&self, op: impl FnOnce(&mut World, u32) -> R) -> R {
        self.shared.with(|world| op(world, self.number))
    }

    /// The object as the reactor knows it. The number of the simulation is in it, so that one of
    /// another simulation is not taken for it.
    pub(super) fn as_io(&self) -> BorrowedIo<'_> {
        BorrowedIo::virtual_object(u64::from(self.id) << 32 | u64::from(self.number))
    }

    pub(super) fn is_ready(&self, direction: Direction) -> Option<bool> {
        Some(self.shared.lock().readiness(self.number).0.contains(direction))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.with(World::close);
    }
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.shared.lock().network.name(self.number);
        write!(f, "#{} {name}", self.number)
    }
}

/// An address of an object that may have none.
pub(super) fn known<T>(address: Option<T>) -> io::Result<T> {
    address.ok_or_else(|| io::ErrorKind::NotConnected.into())
}
